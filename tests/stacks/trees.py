"""Synthesized trees for tests: each is made once, by whichever test process comes first."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_PROGRAM = """
import pathlib, sys
from cloister.declarations import load
from stacks.app import synthesize
synthesize(load(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), print)
"""
# What fakespot declares where its models serve.
SERVICES = [
    {
        "name": "reviews",
        "model": "reviews",
        "callers": [
            {"namespace": "shop", "why": "product pages", "owner": "shop@acme.example", "until": "2099-03-31"}
        ],
    },
    {"name": "reviews-next", "model": "reviews", "stage": "staging", "autoscaling": {"min": 1, "max": 3}},
]


def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of one test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def with_services(home: Path, boundary: Path) -> Path:
    """The example's declarations in `home`, with services of fakespot's, under a boundary."""
    if not (home / "teams").exists():
        home.mkdir(parents=True)
        for file in (ROOT / "platform.yaml", boundary):
            shutil.copy(file, home)
        shutil.copytree(ROOT / "teams", home / "teams")
        file = home / "teams" / "fakespot.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "services": SERVICES}))
    return home


def synthesized(root: Path, out: Path, engine: str = "cdktf") -> Path:
    """`out`, with the stacks of the declarations under `root` as an engine writes them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "manifest.json").exists():
            command = ["nice", sys.executable, "-c", _PROGRAM, str(root), str(out)]
            environment = {**os.environ, "CLOISTER_ENGINE": engine}
            subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    return out


def stacks(tree: Path) -> dict[str, dict[str, Any]]:
    """Every stack's JSON by name, in the order of their names."""
    files = sorted((tree / "stacks").glob("*/cdk.tf.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}


def resources(stack: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, name and arguments of each resource of a stack."""
    for type_, instances in stack["resource"].items():
        for name, arguments in instances.items():
            yield type_, name, {key: value for key, value in arguments.items() if key != "//"}
