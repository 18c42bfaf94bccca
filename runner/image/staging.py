"""Staging in: the declared inputs, pinned to generations, checked, in parallel, into the workspace."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from runner.image import checksums, paths, transfer
from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.layout import RunLayout
from runner.image.log import Log
from runner.image.media import PIECE, Media
from runner.image.spec import Input
from runner.image.store import Object, Store
from runner.image.workspace import Workspace, disk, free_bytes, full

LARGE = 64 << 20  # from here on an object arrives in ranges, several at a time
RANGE = 32 << 20
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
    if size > free_bytes(workspace.job):
        raise full(f"stage {size} bytes of input")
    progress = transfer.Progress(log, phase, len(staged), size)
    with paths.Beneath(workspace.job) as top:
        small = [partial(_fetch, media, top, item, progress) for item in staged if item.source.size < LARGE]
        transfer.run_all(small)
        for item in staged:
            if item.source.size >= LARGE:
                _fetch(media, top, item, progress)


def _fetch(media: Media, top: paths.Beneath, item: Staged, progress: transfer.Progress) -> None:
    source = item.source
    with disk(f"write {'/'.join(item.parts)}"):
        fd = top.open(item.parts, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        for _ in range(CORRUPT_TRIES):
            crc = _ranges(media, source, fd, progress)
            if _matches(fd, source, crc):
                progress.add(0, files=1)
                return
            progress.add(-source.size)
        raise Failure(
            Exit.INPUT, f"{source.url} arrived corrupt {CORRUPT_TRIES} times", "Upload the object again"
        )
    finally:
        os.close(fd)


def _ranges(media: Media, source: Object, fd: int, progress: transfer.Progress) -> int:
    """Download all bytes, large objects in parallel ranges; the CRC32C of what arrived."""

    def part(start: int, end: int) -> int:
        crc = 0

        def take(offset: int, piece: bytes) -> None:
            nonlocal crc
            crc = checksums.extend(crc, piece)
            with disk(f"write {source.size} bytes of input"):
                written = 0
                while written < len(piece):
                    written += os.pwrite(fd, memoryview(piece)[written:], offset + written)
            progress.add(len(piece))

        media.download(source, start, end, take)
        return crc

    if source.size < LARGE:
        return part(0, source.size)
    spans = [(start, min(start + RANGE, source.size)) for start in range(0, source.size, RANGE)]
    tasks: list[Callable[[], int]] = [partial(part, start, end) for start, end in spans]
    whole = 0
    for (start, end), crc in zip(spans, transfer.run_all(tasks, transfer.RANGE_WORKERS), strict=True):
        whole = checksums.combine(whole, crc, end - start)
    return whole


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
