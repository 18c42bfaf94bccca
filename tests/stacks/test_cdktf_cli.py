"""The gate under the real cdktf command line, as published: a proven tree synthesizes, an open one stops it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import npm
from tests.stacks.trees import ROOT

CLI = Path(__file__).parent / "cli"
# An app like `python -m stacks`, of a company whose foundation also has a NAT.
_OPEN_APP = """
import pathlib, sys
import stacks.foundation
from stacks import app, cdk

closed = stacks.foundation.build_foundation

def build_open_foundation(stack):
    closed(stack)
    cdk.google.ComputeRouter(
        stack.scope, "router", name="router", region=stack.region, network="projects/%s/global/networks/%s"
        % (stack.project, stack.platform.name))
    cdk.google.ComputeRouterNat(
        stack.scope, "nat", name="way-out", router="router", region=stack.region,
        nat_ip_allocate_option="AUTO_ONLY", source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES")

stacks.foundation.build_foundation = build_open_foundation
sys.exit(app.main(pathlib.Path.cwd()))
"""


@pytest.fixture(scope="module")
def node() -> dict[str, str]:
    """The environment of the command line."""
    return {
        **npm.environment(),
        "PYTHONPATH": str(ROOT),
        "CI": "1",
        "CHECKPOINT_DISABLE": "1",  # no question to its maker about newer versions
    }


@pytest.fixture(scope="module")
def cdktf() -> Path:
    """The pinned command line."""
    return npm.installed(CLI) / "cdktf-cli" / "bundle" / "bin" / "cdktf"


def _synth(cdktf: Path, node: dict[str, str], home: Path, app: str) -> subprocess.CompletedProcess[str]:
    for name in ("boundary.yaml", "platform.yaml", "cdktf.json"):
        shutil.copy(ROOT / name, home)
    shutil.copytree(ROOT / "teams", home / "teams")
    command = ["nice", "node", str(cdktf), "synth", "--app", app]
    return subprocess.run(command, cwd=home, env=node, capture_output=True, text=True, timeout=300)


@pytest.mark.engine
@pytest.mark.slow
def test_a_proven_tree_synthesizes(cdktf: Path, node: dict[str, str], tmp_path: Path) -> None:
    done = _synth(cdktf, node, tmp_path, f"{sys.executable} -m stacks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Generated Terraform code" in done.stdout
    written = json.loads((tmp_path / "cdktf.out" / "manifest.json").read_text())["stacks"]
    assert set(written) == {"foundation", "cluster", "guardrails", "team-fakespot", "team-translations"}


@pytest.mark.engine
@pytest.mark.slow
def test_an_open_tree_stops_it_with_our_sentence(cdktf: Path, node: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "open_app.py").write_text(_OPEN_APP)
    done = _synth(cdktf, node, tmp_path, f"{sys.executable} open_app.py")
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "non-zero exit code 1" in said
    assert any("NET-06" in line and "way-out" in line for line in said.splitlines()), said
    assert "nothing is deployed" in said


def test_the_published_app_is_the_one_the_gate_stands_in() -> None:
    """cdktf.json runs `python -m stacks`, which always ends with the gate."""
    assert json.loads((ROOT / "cdktf.json").read_text())["app"].endswith("python -m stacks")
