"""A job's environment: the wheels of its hashed lock, installed once per lock into a cache of this machine.

Only wheels: building from source would run a stranger's code here, outside the seal.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from runner.client.packages import digest


class NotBuilt(Exception):
    """Why an environment could not be built, in one line."""


def cache() -> Path:
    """Where environments of this interpreter and machine are kept, by lock digest."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}-{sys.platform}-{platform.machine()}"
    return base / "cloister" / "environments" / tag


def build(lock: Path, say: Callable[[str], None]) -> str:
    """Make sure the environment of a lock file is in the cache; the lock's digest. Raises NotBuilt."""
    identity = digest(lock.read_bytes())
    target = cache() / identity.removeprefix("sha256:")
    if target.is_dir():
        return identity
    say(f"building the environment of {lock} (once per lock file; a minute or so)")
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="building-", dir=target.parent))
    try:
        _install(lock, made)
        made.chmod(0o755)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # else another run has just built the same
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return identity


def _install(lock: Path, target: Path) -> None:
    pip = [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    pip += ["--require-hashes", "--only-binary=:all:", "--root-user-action=ignore"]
    command = [*pip, "--target", str(target), "--requirement", str(lock)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        reasons = [line for line in errors.splitlines() if line.startswith("ERROR")] or errors.splitlines()
        reason = reasons[0].removeprefix("ERROR: ") if reasons else "pip said nothing"
        raise NotBuilt(
            f"{lock}: cannot be installed: {reason}; a package index must be reachable the first time"
        )
