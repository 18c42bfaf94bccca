"""Code packages and environments: archives named by their SHA-256, checked before a byte of them is unpacked."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

from runner.image import layout, paths
from runner.image.exits import Exit, Failure
from runner.image.media import Media
from runner.image.store import Store
from runner.image.workspace import disk

MEMBER_LIMIT = 200_000
COPY = 1 << 20


def fetch(
    store: Store, media: Media, bucket: str, folder: str, digest: str, into: Path, *, writable: bool
) -> None:
    """Download the archive `digest` and unpack it into the directory `into`. Raises Failure."""
    name = layout.package(folder, digest)
    source = store.find(bucket, name)
    if source is None:
        raise Failure(
            Exit.INPUT, f"gs://{bucket}/{name} is not there", "Submit the job again, which uploads it"
        )
    found = hashlib.sha256()
    with tempfile.TemporaryFile(dir=into.parent) as file:

        def take(offset: int, piece: bytes) -> None:
            found.update(piece)
            with disk(f"unpack {name}"):
                file.write(piece)

        media.download(source, 0, source.size, take)
        if "sha256:" + found.hexdigest() != digest:
            raise Failure(Exit.INPUT, f"{source.url} is not what its name says", "Submit the job again")
        file.seek(0)
        unpack(file, into, name, writable=writable)


def unpack(file: BinaryIO, into: Path, name: str, *, writable: bool) -> None:
    """Write the regular files and directories of a tar archive below `into`; refuse every other member."""
    try:
        with tarfile.open(fileobj=file, mode="r:gz") as archive, paths.Beneath(into) as top:
            for count, member in enumerate(archive):
                if count >= MEMBER_LIMIT:
                    raise Failure(Exit.BAD_JOB, f"{name} has over {MEMBER_LIMIT} members", "Package less")
                _member(archive, member, top, name, writable)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise Failure(
            Exit.BAD_JOB, f"{name} is not a readable archive: {error}", "Submit the job again"
        ) from None


def _member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, top: paths.Beneath, name: str, writable: bool
) -> None:
    try:
        parts = paths.safe_parts(member.name.removeprefix("./").removesuffix("/"))
    except paths.UnsafeName as error:
        raise Failure(Exit.BAD_JOB, f"{name}: {error}", "Rename the file") from None
    with disk(f"unpack {'/'.join(parts)}"):
        if member.isdir():
            with top.directory(parts, create=True):
                return
        content = archive.extractfile(member) if member.isreg() else None
        if content is None:
            raise Failure(
                Exit.BAD_JOB, f"{name}: {member.name!r} is not a plain file", "Package plain files only"
            )
        mode = (0o755 if member.mode & 0o100 else 0o644) & (0o777 if writable else 0o555)
        fd = top.open(parts, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(fd, "wb") as target:
            while piece := content.read(COPY):
                target.write(piece)
