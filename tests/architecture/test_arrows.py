"""The arrows between packages: who may import whom (design section 2), and the order of the proof's layers."""

from __future__ import annotations

import sys

import pytest

from .imports import PACKAGES, Import, every_import, imports_of, within

LAYERS = ("snapshot", "expressions", "facts", "graph", "channels", "verdicts", "report")
ENGINES = ("cdktf", "constructs", "cdktf_cdktf_provider_google", "cdktf_cdktf_provider_kubernetes", "jsii")
ENGINES += ("cdktn", "cdktn_provider_google", "cdktn_provider_kubernetes")
# google-cloud-storage, and what it brings: credentials, its checksums, the errors its calls raise, authorities.
STORAGE = (
    "google.cloud.storage",
    "google.cloud.exceptions",
    "google.auth",
    "google.api_core",
    "google.resumable_media",
    "google_crc32c",
    "requests.exceptions",
    "certifi",
)
CANARY = (
    "runner.canary",
    "runner.watch.api",
    "runner.watch.teams",
    "runner.image.log",
    "runner.image.seal",
    "runner.image.command.user",
    "runner.image.exits",
    "runner.image.trust",
)
HTTP = ("uvicorn", "h11")  # h11: what uvicorn reads HTTP with


def ours(imported: str) -> bool:
    return any(within(imported, package) for package in PACKAGES)


def engine(imported: str) -> bool:
    return any(within(imported, package) for package in ENGINES)


def broken(arrow: Import) -> str | None:
    """The rule an import breaks, or None."""
    importer, imported = arrow.importer, arrow.imported
    if engine(imported) and importer != "stacks.cdk":
        return "stacks/cdk.py is the one place that imports an engine"
    if within(importer, "runner.image"):
        allowed = (
            within(imported, "runner.image")
            or imported.partition(".")[0] in sys.stdlib_module_names
            or any(within(imported, package) for package in STORAGE)
        )
        return None if allowed else "runner/image/ imports the standard library and google-cloud-storage only"
    if within(importer, "runner.watch"):
        allowed = (
            within(imported, "runner.watch")
            or imported == "runner.image.log.Log"
            or imported.partition(".")[0] in sys.stdlib_module_names
        )
        return None if allowed else "runner/watch/ imports the standard library and the runner's log only"
    if within(importer, "runner.canary"):
        allowed = (
            any(within(imported, package) for package in CANARY)
            or imported.partition(".")[0] in sys.stdlib_module_names
        )
        return (
            None
            if allowed
            else "runner/canary/ imports the standard library, the runner's seal and the watch's API only"
        )
    if within(importer, "runner.serving"):
        allowed = (
            any(within(imported, package) for package in ("runner.serving", "runner.image", *HTTP))
            or imported.partition(".")[0] in sys.stdlib_module_names
        )
        return (
            None if allowed else "runner/serving/ imports runner.image, the standard library and uvicorn only"
        )
    if not ours(imported):
        return None
    if within(importer, "cloister.declarations"):
        return (
            None if within(imported, "cloister.declarations") else "declarations import nothing else of ours"
        )
    if within(importer, "cloister"):
        return (
            None
            if within(imported, "cloister")
            else "the front door loads other packages when they are called"
        )
    if within(imported, "audit"):
        return (
            None
            if within(importer, "audit")
            else "nothing imports audit/; the command line loads it when it is called"
        )
    if within(imported, "cloister") and not within(imported, "cloister.declarations"):
        return "of cloister/, only the declarations may be imported"
    if within(imported, "cloister.declarations"):
        return None
    if within(importer, "audit"):
        return None if within(imported, "policies") else "audit/ imports policies and declarations only"
    if within(importer, "stacks"):
        gate = importer == "stacks.gate" and within(imported, "policies")
        return None if within(imported, "stacks") or gate else "stacks import policies only at the gate"
    if within(importer, "policies"):
        return (
            _layers(importer, imported)
            if within(imported, "policies")
            else "policies import no other package"
        )
    return None if within(imported, "runner") else "the runner imports no stacks and no policies"


def _layer(module: str) -> int | None:
    parts = module.split(".")
    return LAYERS.index(parts[1]) if len(parts) > 1 and parts[1] in LAYERS else None


def _layers(importer: str, imported: str) -> str | None:
    mine, theirs = _layer(importer), _layer(imported)
    if mine is None:
        return None
    if theirs is None:
        # The modules beside the layers tie all of them together.
        return (
            None
            if within(imported, "policies.data") or imported == "policies"
            else "a layer imports only layers"
        )
    return "a layer is ignorant of those after it" if theirs > mine else None


def test_every_arrow_points_the_right_way() -> None:
    wrong = [f"{arrow}: {rule}" for arrow in every_import() if (rule := broken(arrow))]
    assert not wrong, "\n".join(wrong)


def test_every_package_was_read() -> None:
    read = {arrow.importer.partition(".")[0] for arrow in every_import()}
    assert read == set(PACKAGES)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cloister.declarations.load", "from policies.check import check_paths"),
        ("cloister.declarations.load", "from cloister import main"),
        ("cloister.declarations.load", "from ..main import cli"),
        ("cloister.main", "def f():\n    import policies.command"),
        ("stacks.team.bucket", "import policies"),
        ("stacks.team.bucket", "from cdktf import TerraformStack"),
        ("stacks.app", "from cloister.main import cli"),
        ("policies.facts.build", "import cdktf"),
        ("policies.facts.build", "from stacks import app"),
        ("policies.facts.build", "from policies.channels import net"),
        ("policies.snapshot.read", "from policies.check import check_paths"),
        ("policies.graph.walk", "from ..verdicts import decide"),
        ("policies.facts.build", "import importlib\nimportlib.import_module('policies.report.sarif')"),
        (
            "policies.facts.build",
            "from importlib import import_module\nimport_module(f'policies.channels.{x}')",
        ),
        ("runner.image.main", "import requests"),
        ("runner.image.main", "from cloister.declarations import names"),
        ("runner.watch.judge", "from runner.image.store import Store"),
        ("runner.watch.api", "import kubernetes"),
        ("runner.canary.buckets", "from google.cloud import storage"),
        ("runner.canary.buckets", "from runner.image.store import Store"),
        ("runner.client.submit", "from stacks import app"),
        ("audit.gather", "from runner.client import jobs"),
        ("policies.check", "from audit.gather import gather"),
    ],
)
def test_a_wrong_arrow_is_seen(module: str, source: str) -> None:
    assert any(broken(arrow) for arrow in imports_of(module, source, package=False))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cloister.team", "from cloister.declarations import load"),
        ("stacks.gate", "from policies.check import check_paths"),
        ("stacks.cdk", "import cdktf"),
        ("audit.gather", "from policies.snapshot.model import InputError"),
        ("policies.check", "from policies.report import model"),
        ("policies.verdicts.decide", "from policies.graph import walk"),
        ("policies.facts.build", "from cloister.declarations import Boundary"),
        ("runner.image.main", "from google.cloud import storage"),
        ("runner.client.submit", "from cloister.declarations import load_job"),
    ],
)
def test_a_right_arrow_passes(module: str, source: str) -> None:
    assert not [broken(arrow) for arrow in imports_of(module, source, package=False) if broken(arrow)]
