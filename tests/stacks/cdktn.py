"""The packages of the engine cdktn, which requirements.lock does not have: fetched once for a checkout, by a lock of their own."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stacks.trees import ROOT

LOCK = Path(__file__).with_name("cdktn.lock")
_PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
# What they stand on is cdktf's too, and there already.
_OPTIONS = ("--no-deps", "--retries", "1", "--timeout", "15")


def fetched() -> Path:
    """The folder that holds them, for PYTHONPATH; where no index answers the test is skipped."""
    folder = ROOT / ".cloister" / f"cdktn-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "cdktn.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            command = [*_PIP, *_OPTIONS, "--target", str(part), "-r", str(LOCK)]
            done = subprocess.run(command, capture_output=True, text=True)
            assert "DO NOT MATCH THE HASHES" not in done.stderr, done.stderr
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1]
                pytest.skip(f"no package index here has cdktn, connect to one: {said}")
            part.rename(folder)
    return folder
