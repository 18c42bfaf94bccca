"""Packages of npm that tests run, each from a lock file with digests, installed once under .cloister/."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """The environment in which the virtual environment's own Node comes first; a skip where there is none."""
    binaries = Path(sys.executable).parent
    if not (binaries / "node").exists():
        pytest.skip("no Node in the virtual environment: make setup")
    return {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}


def installed(lock: Path) -> Path:
    """The node_modules/ of the package whose `package-lock.json` lies in `lock`, for each state of that file."""
    content = (lock / "package-lock.json").read_bytes()
    home = ROOT / ".cloister" / lock.name / hashlib.sha256(content).hexdigest()[:12]
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(lock / name, home)
            command = ["nice", "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=home, env=environment(), capture_output=True, text=True)
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["npm failed"])[-1]
                where = lock.relative_to(ROOT)
                pytest.skip(f"the npm registry does not answer ({reason}): npm ci in {where}")
            (home / "complete").touch()
    return home / "node_modules"
