"""Publishing: what the command wrote goes up under the attempt's own prefix, checked, links refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from runner.image import checksums, paths, transfer
from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.image.media import PIECE, Media
from runner.image.store import Object
from runner.image.workspace import Workspace


@dataclass(frozen=True)
class Found:
    """A file to publish: components below the working directory, and where it goes."""

    parts: tuple[str, ...]
    bucket: str
    name: str
    size: int


def collect(workspace: Workspace, folders: Sequence[tuple[str, str]], prefix: str, owner: int) -> list[Found]:
    """The files of each (folder below the working directory, bucket). Raises Failure for anything else in there.

    A symbolic link could name any file the runner can read, and so could a hard link to a file of another
    owner; a pipe or a device has no end. `owner` is the command's user.
    """
    found: list[Found] = []
    with paths.Beneath(workspace.job) as top:
        for folder, bucket in folders:
            start = tuple(folder.split("/"))
            try:
                with top.directory(start) as fd:
                    entries = list(paths.walk(fd, start))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _refused(folder, error.strerror or "cannot be read") from None
            for entry in entries:
                path = "/".join(entry.parts)
                if entry.kind == "directory":
                    continue
                if entry.kind != "file":
                    raise _refused(
                        path, "is a symbolic link" if entry.kind == "link" else "is not a regular file"
                    )
                if entry.uid != owner:
                    raise _refused(path, "belongs to another user")
                try:
                    path.encode()
                except UnicodeEncodeError:
                    raise _refused(repr(path), "has a name that is not UTF-8") from None
                if len((prefix + path).encode()) > 1024 or "\r" in path or "\n" in path:
                    # Cloud Storage's own rules for object names
                    raise _refused(repr(path), "cannot be an object's name: over 1024 bytes, or a line break")
                found.append(Found(entry.parts, bucket, prefix + path, entry.size))
    return found


def _refused(path: str, why: str) -> Failure:
    return Failure(Exit.BAD_JOB, f"output {path} {why}", "Write plain files to the output directories")


def publish(media: Media, workspace: Workspace, found: Sequence[Found], log: Log, phase: str) -> list[Object]:
    """Upload the files and return their objects, in the same order. Raises Failure."""
    progress = transfer.Progress(log, phase, len(found), sum(item.size for item in found))
    with paths.Beneath(workspace.job) as top:
        return transfer.run_all([partial(_upload, media, top, item, progress) for item in found])


def _upload(media: Media, top: paths.Beneath, item: Found, progress: transfer.Progress) -> Object:
    path = "/".join(item.parts)
    try:
        fd = top.open(item.parts, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _refused(path, error.strerror or "cannot be read") from None
    with open(fd, "rb", buffering=0) as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, "is not a regular file")
        crc = 0
        while piece := file.read(PIECE):
            crc = checksums.extend(crc, piece)
        made = media.upload(item.bucket, item.name, file, status.st_size, crc)
    progress.add(made.size, files=1)
    return made
