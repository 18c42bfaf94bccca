"""Synthesized trees for tests: each is made once, by whichever test process comes first."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PROGRAM = """
import pathlib, sys
from cloister.declarations import load
from stacks.app import synthesize
synthesize(load(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), print)
"""


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
