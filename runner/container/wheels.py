"""The runner's wheels: downloaded by hash for the image's Python, whatever Python and machine this is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")
METAFLOW_LOCK = Path(__file__).with_name("metaflow.lock")
# Newest first, as far as Debian's C library goes: a wheel of any of these runs on it.
_MANYLINUX = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux2014")


class NotDownloaded(Exception):
    """Why the wheels cannot be had, in one line."""


def download(lock: Path, folder: Path, machine: str) -> None:
    """Fill `folder` with the wheels of a lock, for `machine` as platform.machine() says it."""
    command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp"]
    command += ["--python-version=3.11", "--abi=cp311", "--abi=abi3", "--abi=none"]
    command += [f"--platform={system}_{machine}" for system in _MANYLINUX] + ["--platform=any"]
    command += ["--dest", str(folder), "--requirement", str(lock)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotDownloaded(f"{lock}: {(reasons or ['pip said nothing'])[0].removeprefix('ERROR: ')}")
