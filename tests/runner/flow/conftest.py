"""The example's environment, with the real Metaflow in it, built once per machine."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from cloister.declarations import load
from runner.client import libraries
from stacks.team.metaflow import metaflow_config

# Without this project's own libraries: those of an environment must do.
PYTHON = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "translations"


@pytest.fixture(scope="session")
def environment() -> Path:
    """The directory of the example's libraries."""
    cache = libraries.cache()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".building").open("w") as lock:  # both test processes want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            identity = libraries.build(EXAMPLE / "requirements.lock", print)
        except libraries.NotBuilt as error:
            pytest.skip(f"no Metaflow here: {error}")
    return cache / identity.removeprefix("sha256:")


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The example with a team on the network, and a flow whose lock has what fanning out needs."""
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "teams", tmp_path / "teams")
    team = tmp_path / "teams/translations.yaml"
    team.write_text(team.read_text().replace("network: sealed", "network: project"))
    folder = tmp_path / "flow"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".metaflow"))
    shutil.copy(ROOT / "runner/container/metaflow.lock", folder / "requirements.lock")
    return tmp_path


def synthesized(company: Path) -> str:
    """What the team's stack writes, where it writes it."""
    declarations = load(company)
    team = declarations.teams["translations"]
    config = metaflow_config(declarations.boundary.project, team, declarations.platform.images)
    stack = company / "cdktf.out/stacks/team-translations/cdk.tf.json"
    stack.parent.mkdir(parents=True)
    block = {"metadata": {"name": "metaflow"}, "data": {"config.json": config}}
    stack.write_text(json.dumps({"resource": {"kubernetes_config_map_v1": {"metaflow": block}}}))
    return config
