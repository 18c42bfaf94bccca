"""A version's files: kept once by content, fetched and checked byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from runner.image import checksums, paths, transfer
from runner.image.exits import Exit, Failure
from runner.image.media import PIECE, Media
from runner.image.models import places
from runner.image.models.registry import Document
from runner.image.store import Object, Store
from runner.image.workspace import disk


def keep(media: Media, bucket: str, name: str, folder: Path, files: Sequence[Document]) -> None:
    """Upload the files of `folder`; one that the model has already is not sent again."""
    transfer.run_all([partial(_keep, media, bucket, name, folder, item) for item in files])


def _keep(media: Media, bucket: str, name: str, folder: Path, item: Document) -> None:
    put(media, folder / item["path"], bucket, places.content(name, item["sha256"]))


def put(media: Media, path: Path, bucket: str, object_name: str) -> Object:
    """Create an object from a file of ours."""
    with path.open("rb") as file:
        crc = 0
        while piece := file.read(PIECE):
            crc = checksums.extend(crc, piece)
        return media.upload(bucket, object_name, file, path.stat().st_size, crc)


def fetch(store: Store, media: Media, bucket: str, version: Document, folder: Path) -> None:
    """Download a version's files below `folder`. Raises Failure INPUT where one is missing or is another."""
    transfer.run_all(
        [partial(_fetch, store, media, bucket, version, folder, item) for item in version["files"]]
    )


def _fetch(store: Store, media: Media, bucket: str, version: Document, folder: Path, item: Document) -> None:
    what = f"{item['path']} of version {version['number']} of {version['model']}"
    source = store.find(bucket, places.content(version["model"], item["sha256"]))
    if source is None:
        raise Failure(Exit.INPUT, f"{what} is missing", "Publish its run again")
    if download(media, source, folder, item["path"]) != item["sha256"]:
        raise Failure(Exit.INPUT, f"{what} is not the one that was published", "Publish its run again")


def check(version: Document, folder: Path) -> None:
    """Read a version's files below `folder` again. Raises Failure INPUT where one is another than was published."""
    with paths.Beneath(folder) as top:
        for item in version["files"]:
            try:
                with open(top.open(paths.safe_parts(item["path"]), os.O_RDONLY), "rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                found = ""
            if found != item["sha256"]:
                raise Failure(
                    Exit.INPUT,
                    f"{item['path']} of version {version['number']} of {version['model']} was changed here",
                    "Lay the version out again",
                )


def download(media: Media, source: Object, folder: Path, path: str) -> str:
    """Write one object to a new file below `folder`; the SHA-256 of what arrived, in hex."""
    found = hashlib.sha256()
    with disk(f"write {path}"), paths.Beneath(folder) as top:
        fd = top.open(paths.safe_parts(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with open(fd, "wb") as file:

        def take(offset: int, piece: bytes) -> None:
            found.update(piece)
            with disk(f"write {path}"):
                file.write(piece)

        media.download(source, 0, source.size, take)
    return found.hexdigest()
