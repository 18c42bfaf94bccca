"""Staging in: the declared inputs, pinned to generations, checked, in parallel, into the workspace."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from functools import partial

from runner.image import checksums, paths, transfer
from runner.image.arriving import Arriving, fetch
from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.layout import RunLayout
from runner.image.log import Log
from runner.image.media import PIECE, Media
from runner.image.spec import Input
from runner.image.store import Object, Store
from runner.image.workspace import Workspace, disk, free_bytes, full

LARGE = 64 << 20  # bytes: from here on an object arrives in ranges
CORRUPT_TRIES = 3


@dataclass(frozen=True)
class Staged:
    """One object and the file it becomes, as components below the working directory."""

    source: Object
    parts: tuple[str, ...]


def pin(
    store: Store, config: Config, layout: RunLayout, inputs: tuple[Input, ...]
) -> tuple[list[Object], str]:
    """The generations this run reads, and the SHA-256 of their list.

    The first attempt lists and records them; every later attempt and shard reads the record, so that a retry
    runs on the same bytes whatever was uploaded meanwhile.
    """
    bucket = config.buckets["artifacts"]
    recorded = store.read(bucket, layout.inputs)
    if recorded is None:
        listed = [found for item in inputs for found in _list(store, config, item)]
        recorded = json.dumps({"version": 1, "objects": [asdict(o) for o in listed]}).encode()
        if not store.create(bucket, layout.inputs, recorded):
            recorded = store.read(bucket, layout.inputs) or b""
    try:
        objects = [Object(**value) for value in json.loads(recorded)["objects"]]
    except (ValueError, KeyError, TypeError):
        raise Failure(
            Exit.INPUT, f"gs://{bucket}/{layout.inputs} is not a list of inputs", "Submit anew"
        ) from None
    return objects, "sha256:" + hashlib.sha256(recorded).hexdigest()


def _list(store: Store, config: Config, item: Input) -> list[Object]:
    bucket = config.buckets[item.kind]
    if item.prefix and not item.prefix.endswith("/"):
        found = store.find(bucket, item.prefix)
        objects = [found] if found is not None else []
    else:
        objects = [o for o in store.list(bucket, item.prefix) if not o.name.endswith("/")]
    if not objects:
        place = f"gs://{bucket}/{item.prefix}"
        raise Failure(
            Exit.INPUT,
            f"no object at {place}",
            "Upload it, or correct `inputs` in job.yaml (a folder ends in /)",
        )
    return objects


def placed(config: Config, inputs: tuple[Input, ...], objects: list[Object]) -> list[Staged]:
    """The file of every object. Raises Failure INPUT for names no file can have, or two for one file."""
    staged: dict[tuple[str, ...], Staged] = {}
    for item in inputs:
        bucket = config.buckets[item.kind]
        folder = item.prefix[: item.prefix.rfind("/") + 1]
        whole = item.prefix and not item.prefix.endswith("/")
        for source in objects:
            if source.bucket != bucket or not source.name.startswith(item.prefix):
                continue
            if whole and source.name != item.prefix:
                continue
            try:
                parts = (*item.to.split("/"), *paths.safe_parts(source.name[len(folder) :]))
            except paths.UnsafeName as error:
                raise Failure(Exit.INPUT, f"{source.url}: {error}", "Rename the object") from None
            before = staged.setdefault(parts, Staged(source, parts))
            if before.source != source:
                names = f"{before.source.url} and {source.url}"
                raise Failure(Exit.INPUT, f"{names} would be one file", "Stage them to different directories")
    for parts in staged:
        for length in range(1, len(parts)):
            if parts[:length] in staged:
                clash = f"{staged[parts[:length]].source.url} is a file where {staged[parts].source.url} needs a folder"
                raise Failure(Exit.INPUT, clash, "Rename one of them")
    return list(staged.values())


def already_there(workspace: Workspace, staged: list[Staged]) -> frozenset[tuple[str, ...]]:
    """Files of an attempt that was killed here which hold the right bytes. Nothing else of it is trusted."""
    if not workspace.job.is_dir():
        return frozenset()
    with paths.Beneath(workspace.job) as top:
        checks = [partial(_verified, top, item) for item in staged]
        return frozenset(
            item.parts for item, good in zip(staged, transfer.run_all(checks), strict=True) if good
        )


def _verified(top: paths.Beneath, item: Staged) -> bool:
    try:
        fd = top.open(item.parts, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.fstat(fd).st_size == item.source.size and _matches(fd, item.source, None)
    finally:
        os.close(fd)


def stage(
    media: Media, workspace: Workspace, staged: list[Staged], log: Log, phase: str = "stage-in"
) -> None:
    """Download everything that is not there yet, checked. Raises Failure."""
    size = sum(item.source.size for item in staged)
    if size > free_bytes(workspace.job) + workspace.arrived():
        raise full(f"stage {size} bytes of input")
    progress = transfer.Progress(log, phase, len(staged), size)
    with paths.Beneath(workspace.job) as top, paths.Beneath(workspace.arriving) as aside:
        small = [partial(_fetch, media, top, item, progress) for item in staged if item.source.size < LARGE]
        transfer.run_all(small)
        for item in staged:
            if item.source.size >= LARGE:
                _fetch_large(media, top, aside, item, progress)


def _fetch(media: Media, top: paths.Beneath, item: Staged, progress: transfer.Progress) -> None:
    fd = _place(top, item)
    try:
        for _ in range(CORRUPT_TRIES):
            crc = fetch(media, item.source, (0, item.source.size), fd, progress)
            if _matches(fd, item.source, crc):
                progress.add(0, files=1)
                return
            progress.add(-item.source.size)
        raise _corrupt(item.source)
    finally:
        os.close(fd)


def _fetch_large(
    media: Media, top: paths.Beneath, aside: paths.Beneath, item: Staged, progress: transfer.Progress
) -> None:
    os.close(_place(top, item))
    arriving = Arriving(aside.fd, item.source)
    try:
        for _ in range(CORRUPT_TRIES):
            crc = arriving.download(media, progress)
            if _matches(arriving.fd, item.source, crc):
                with top.directory(item.parts[:-1]) as folder, disk(f"write {'/'.join(item.parts)}"):
                    arriving.move(folder, item.parts[-1])
                progress.add(0, files=1)
                return
            arriving.forget()
            progress.add(-item.source.size)
        raise _corrupt(item.source)
    finally:
        arriving.close()


def _place(top: paths.Beneath, item: Staged) -> int:
    """A descriptor of the new file an object becomes."""
    with disk(f"write {'/'.join(item.parts)}"):
        return top.open(item.parts, os.O_RDWR | os.O_CREAT | os.O_EXCL)


def _corrupt(source: Object) -> Failure:
    return Failure(
        Exit.INPUT, f"{source.url} arrived corrupt {CORRUPT_TRIES} times", "Upload the object again"
    )


def _matches(fd: int, source: Object, crc: int | None) -> bool:
    """Whether the file holds the object's bytes: by CRC32C (`crc` where it is known already), else by MD5."""
    if not source.crc32c and not source.md5:
        return False
    digest = hashlib.md5(usedforsecurity=False)
    if crc is None or not source.crc32c:
        crc, offset = 0, 0
        while piece := os.pread(fd, PIECE, offset):
            crc = checksums.extend(crc, piece)
            if not source.crc32c:
                digest.update(piece)
            offset += len(piece)
    if source.crc32c:
        return checksums.encode(crc) == source.crc32c
    return base64.b64encode(digest.digest()).decode() == source.md5
