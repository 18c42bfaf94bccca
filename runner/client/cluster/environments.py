"""Environments as the platform takes them: the wheels of a lock, unpacked, as one content-addressed archive."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from pathlib import Path

from runner.client import libraries, packages

# What the runner's image is: an environment is unpacked for its Python and no other.
PLATFORM = ("linux", "x86_64", (3, 11))
LARGEST = 1 << 30  # bytes of an environment's files


def archive(lock: Path, say: Callable[[str], None]) -> tuple[str, bytes]:
    """Digest of the lock, and the archive of its environment. Raises NotBuilt or DeclarationErrors."""
    here = (sys.platform, platform.machine(), sys.version_info[:2])
    if here != PLATFORM:
        system, machine, version = PLATFORM
        raise libraries.NotBuilt(
            f"{lock}: environments for the platform are built on {system} {machine} with Python "
            f"{version[0]}.{version[1]}; let your CI submit, or submit from such a machine"
        )
    identity = libraries.build(lock, say)
    made = libraries.cache() / identity.removeprefix("sha256:")
    kept = made.with_suffix(".tar.gz")
    if not kept.exists():
        say(f"packing the environment of {lock} (once per lock file)")
        packed = packages.pack(made, LARGEST)
        partial = made.with_suffix(".partial")
        partial.write_bytes(packed)
        partial.rename(kept)
    return identity, kept.read_bytes()
