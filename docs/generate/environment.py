"""An environment of its own for a heavy tool, from a hashed lock, made again when the lock has changed."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path


def installed(lock: Path, home: Path) -> Path:
    """The programs (`bin/`) of what `lock` names, installed into the virtual environment `home`.

    Raises ``subprocess.CalledProcessError`` where pip cannot install them.
    """
    done = home / ".installed"
    if not (done.exists() and done.read_bytes() == lock.read_bytes()):
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
        done.write_bytes(lock.read_bytes())
    return home / "bin"
