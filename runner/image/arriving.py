"""Large objects arrive in ranges, several at a time, and go on where an attempt that was killed here left off.

Until it is whole an object lies beside the working directory, with a list of the ranges that arrived and their
CRC32C. The list is only a hint: each range is read and checked again, and the whole object afterwards.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import partial

from runner.image import checksums, transfer
from runner.image.media import PIECE, Media
from runner.image.store import Object
from runner.image.workspace import disk

RANGE = 32 << 20  # bytes
Span = tuple[int, int]


class Arriving:
    """One object on its way. `folder` is a descriptor of the directory that holds it until it is whole."""

    def __init__(self, folder: int, source: Object) -> None:
        self._folder, self.source = folder, source
        self.name = hashlib.sha256(source.url.encode()).hexdigest()
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with disk(f"write {source.size} bytes of input"):
            self.fd = os.open(self.name, flags, 0o644, dir_fd=folder)
            self._list = os.open(f"{self.name}.ranges", flags | os.O_APPEND, 0o600, dir_fd=folder)

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._list)

    def forget(self) -> None:
        """Begin again: what arrived was not the object."""
        os.ftruncate(self._list, 0)

    def download(self, media: Media, progress: transfer.Progress) -> int:
        """Fetch the ranges that are not there yet; the CRC32C of the whole. Raises Failure."""
        size = self.source.size
        spans = [(start, min(start + RANGE, size)) for start in range(0, size, RANGE)]
        there = {span: crc for span, crc in self._listed().items() if self._crc(span) == crc}
        progress.add(sum(end - start for start, end in there))
        missing = [span for span in spans if span not in there]
        tasks: list[Callable[[], int]] = [partial(self._fetch, media, span, progress) for span in missing]
        there |= dict(zip(missing, transfer.run_all(tasks, transfer.RANGE_WORKERS), strict=True))
        whole = 0
        for start, end in spans:
            whole = checksums.combine(whole, there[start, end], end - start)
        return whole

    def move(self, into: int, name: str) -> None:
        """Give the whole object its place, over the empty file that holds it."""
        os.rename(self.name, name, src_dir_fd=self._folder, dst_dir_fd=into)
        os.unlink(f"{self.name}.ranges", dir_fd=self._folder)

    def _fetch(self, media: Media, span: Span, progress: transfer.Progress) -> int:
        crc = fetch(media, self.source, span, self.fd, progress)
        with disk("note what has arrived"):
            os.write(self._list, b"%d %d %d\n" % (*span, crc))
        return crc

    def _listed(self) -> dict[Span, int]:
        found: dict[Span, int] = {}
        for line in os.pread(self._list, 1 << 20, 0).decode(errors="replace").splitlines():
            words = line.split()
            if len(words) == 3 and all(word.isdecimal() for word in words):
                start, end, crc = map(int, words)
                found[start, end] = crc
        return found

    def _crc(self, span: Span) -> int | None:
        """The checksum of a range as it lies here; None for one that is no range of this object, or cut short."""
        position, end = span
        if position % RANGE or end != min(position + RANGE, self.source.size):
            return None
        crc = 0
        while position < end:
            piece = os.pread(self.fd, min(PIECE, end - position), position)
            if not piece:
                return None
            crc = checksums.extend(crc, piece)
            position += len(piece)
        return crc


def fetch(media: Media, source: Object, span: Span, fd: int, progress: transfer.Progress) -> int:
    """Download the bytes of `span` to their place in a file; their CRC32C. Raises Failure."""
    crc = 0

    def take(offset: int, piece: bytes) -> None:
        nonlocal crc
        crc = checksums.extend(crc, piece)
        with disk(f"write {source.size} bytes of input"):
            written = 0
            while written < len(piece):
                written += os.pwrite(fd, memoryview(piece)[written:], offset + written)
        progress.add(len(piece))

    media.download(source, *span, take)
    return crc
