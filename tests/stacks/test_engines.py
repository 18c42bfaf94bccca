"""Both engines write the same resources; the differences that remain are listed here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.cdktn import LOCK, fetched
from tests.stacks.trees import ROOT, resources, stacks, synthesized

# Blocks that cdktn's newer providers write as lists of one.
_LISTS_OF_ONE = {("kubernetes_namespace_v1", "metadata"), ("kubernetes_role_v1", "metadata")}


@pytest.fixture(scope="module")
def cdktn_tree(organization: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(fetched())]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", found)
        return synthesized(organization, tmp_path_factory.mktemp("cdktn") / "cdktf.out", engine="cdktn")


def test_the_lock_has_the_versions_of_the_extra() -> None:
    locked = set(re.findall(r"^(\S+==\S+)", LOCK.read_text(), re.MULTILINE))
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["cdktn"]
    assert locked == set(extra)


def _everything(tree: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = {}
    for name, stack in stacks(tree).items():
        for type_, id_, arguments in resources(stack):
            for key, value in arguments.items():
                if (type_, key) in _LISTS_OF_ONE and isinstance(value, list):
                    (arguments[key],) = value
            found[name, type_, id_] = arguments
    return found


@pytest.mark.engine
def test_cdktn_writes_what_cdktf_writes(organization_tree: Path, cdktn_tree: Path) -> None:
    """Of the company inside an organisation, whose tree holds all that the example's does, and the perimeter."""
    expected = _everything(organization_tree)
    assert "perimeter" in {name for name, _, _ in expected}
    assert _everything(cdktn_tree) == expected


@pytest.mark.engine
def test_an_engine_nobody_knows_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import stacks.cdk"],
        env={**os.environ, "CLOISTER_ENGINE": "pulumi"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert done.stderr.strip() == "CLOISTER_ENGINE is 'pulumi': expected cdktf or cdktn"


@pytest.mark.engine
def test_only_the_modules_in_use_are_imported() -> None:
    """Importing a provider's bindings whole takes 15 s; the app must never do it."""
    program = (
        "import json, sys; from stacks import cdk; cdk.google.StorageBucket;"
        "print(json.dumps([m for m in sys.modules if m.startswith('cdktf_cdktf_provider_google.') and 'private' not in m]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert loaded == {"cdktf_cdktf_provider_google._jsii", "cdktf_cdktf_provider_google.storage_bucket"}


# Writes, at the end of each Node process, which modules of a provider's bindings it has loaded.
_COUNT = """
process.on("exit", () => {
  const loaded = Object.keys(require.cache).filter((file) => file.includes("provider-google"));
  if (loaded.length) require("fs").writeFileSync(process.env.LOADED, JSON.stringify(loaded));
});
"""


@pytest.mark.engine
def test_node_loads_only_the_modules_in_use(tmp_path: Path) -> None:
    """The bindings' index requires all of them, which takes seconds; what it exports must still be all of them."""
    (tmp_path / "with a space").mkdir()
    counter = tmp_path / "with a space" / "count.cjs"
    counter.write_text(_COUNT)
    program = (
        "from stacks import cdk; stack = cdk.TerraformStack(cdk.App(), 's');"
        "print(cdk.google.StorageBucket(stack, 'b', name='n', location='l').name_input)"
    )
    environment = {
        **os.environ,
        "NODE_OPTIONS": f'--require "{counter}"',
        "LOADED": str(tmp_path / "loaded"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "n\n"
    loaded = {path.rpartition("/lib/")[2] for path in json.loads((tmp_path / "loaded").read_text())}
    assert loaded == {"index.js", "storage-bucket/index.js"}
