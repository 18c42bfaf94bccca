"""Let other users reach this checkout and its interpreter where they lie in root's home.

In a mount namespace of the process's own, an unreadable directory on the way is covered by an empty one through
which only the needed directories show. Nothing outside the process changes.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from runner.image.seal import kernel

NEEDED = (Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), Path(__file__).resolve().parents[2])


def _blocked(path: Path) -> Path | None:
    """The first directory on the way to `path` that others may not enter."""
    for directory in reversed((path, *path.parents)):
        if not os.stat(directory).st_mode & stat.S_IXOTH:
            return directory
    return None


def open_up() -> None:
    """Call as root in a process that becomes, or starts, another user."""
    blocked = {path: found for path in NEEDED if (found := _blocked(path)) is not None}
    if not blocked:
        return
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    held = {path: os.open(path, os.O_PATH) for path in blocked}
    for directory in set(blocked.values()):
        kernel.mount("tmpfs", str(directory), "tmpfs", 0, "mode=0755")
    for path, fd in held.items():
        path.mkdir(parents=True, exist_ok=True)
        kernel.mount(f"/proc/self/fd/{fd}", str(path), "", kernel.MS_BIND | kernel.MS_REC)
        os.close(fd)
