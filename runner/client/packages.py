"""Code packages: a directory as a content-addressed archive, the same bytes for the same files."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import shown
from runner.image.paths import UnsafeName, safe_parts

LARGEST = 256 << 20  # bytes of code; data belongs into the data bucket
LEFT_OUT = frozenset(
    {"__pycache__", ".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints"}
)


def digest(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def pack(folder: Path, largest: int = LARGEST) -> bytes:
    """The archive of a directory's files, without caches and version control. Raises DeclarationErrors."""
    found, mistakes = [], []
    for name, path in files(folder):
        where = f"{folder.as_posix()}/{name}"
        try:
            safe_parts(name)
        except UnsafeName as error:
            mistakes.append(Mistake(where, 1, f"cannot be packaged: {error}; rename it"))
            continue
        if path.is_symlink():
            target = shown(os.readlink(path))
            mistakes.append(Mistake(where, 1, f"found a link to {target}, expected a file; copy it here"))
        elif not path.is_file():
            mistakes.append(Mistake(where, 1, "found what is no regular file, expected one; remove it"))
        else:
            found.append((name, path))
    size = sum(path.stat().st_size for _, path in found)
    if size > largest:
        mistakes.append(
            Mistake(
                str(folder),
                1,
                f"found {size:,} bytes, expected at most {largest:,}; stage data as inputs",
            )
        )
    if mistakes:
        raise DeclarationErrors(mistakes)
    return _archive(found)


def files(folder: Path, parts: tuple[str, ...] = ()) -> Iterator[tuple[str, Path]]:
    """Name and place of everything that belongs to a package, in order of name; whether it may is `pack`'s to say."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in LEFT_OUT:
            continue
        here = (*parts, entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from files(Path(entry.path), here)
        else:
            yield "/".join(here), Path(entry.path)


def _archive(found: list[tuple[str, Path]]) -> bytes:
    """Names in order, no times, no owners: the digest depends on names, contents and the executable bit only."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, path in found:
            info = tarfile.TarInfo(name)
            content = path.read_bytes()
            info.size = len(content)
            info.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
