"""The gate under the real cdktf command line, as published: a proven tree synthesizes, an open one stops it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    """The environment in which the virtual environment's own Node comes first."""
    binaries = Path(sys.executable).parent
    if not (binaries / "node").exists():
        pytest.skip("no Node in the virtual environment: make setup")
    return {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CI": "1",
        "CHECKPOINT_DISABLE": "1",  # no question to its maker about newer versions
    }


@pytest.fixture(scope="module")
def cdktf(node: dict[str, str]) -> Path:
    """The pinned command line, installed once for each state of its lock file."""
    lock = (CLI / "package-lock.json").read_bytes()
    home = ROOT / ".cloister" / "cdktf-cli" / hashlib.sha256(lock).hexdigest()[:12]
    program = home / "node_modules" / "cdktf-cli" / "bundle" / "bin" / "cdktf"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(CLI / name, home)
            command = ["nice", "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=home, env=node, capture_output=True, text=True)
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["npm failed"])[-1]
                pytest.skip(
                    f"the npm registry does not give cdktf-cli ({reason}): npm ci in tests/stacks/cli"
                )
            (home / "complete").touch()
    return program


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
