"""Names from outside, and files under the workspace, without ever following a symbolic link.

Object names and archive members are other people's text; the workspace is the team's command's to write. Every
path is opened component by component relative to a directory descriptor with O_NOFOLLOW, so that neither a
name nor a link planted in the workspace reaches a file outside it.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LONGEST_COMPONENT = 255  # NAME_MAX of every file system in use here
LONGEST_PATH = 4000  # below PATH_MAX, with room for the workspace's own path


class UnsafeName(ValueError):
    """A name that is no relative path of plain components."""


def safe_parts(name: str) -> tuple[str, ...]:
    """The components of a relative path. Raises UnsafeName for absolute, empty, `.`, `..` or overlong ones.

    Quotes, newlines, spaces and any Unicode are fine: no shell and no template ever sees them.
    """
    parts = tuple(name.split("/"))
    for part in parts:
        if part in ("", ".", ".."):
            raise UnsafeName(f"{name!r} has an empty, . or .. component")
        if "\0" in part:
            raise UnsafeName(f"{name!r} has a zero byte")
        try:
            length = len(os.fsencode(part))
        except UnicodeEncodeError:
            raise UnsafeName(f"{name!r} is not valid Unicode") from None
        if length > LONGEST_COMPONENT:
            raise UnsafeName(f"{name[:80]!r}... has a component longer than {LONGEST_COMPONENT} bytes")
    if len(os.fsencode(name)) > LONGEST_PATH:
        raise UnsafeName(f"{name[:80]!r}... is longer than {LONGEST_PATH} bytes")
    return parts


class Beneath:
    """A directory, and files below it named by component tuples. Use as a context manager, from any thread.

    The directory a file was opened in last stays open: files come folder by folder, and each system call less
    counts when there are many.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.fd = os.open(root, DIRECTORY)
        self._lock = threading.Lock()
        self._last: tuple[tuple[str, ...], int] = ((), self.fd)

    def __enter__(self) -> Beneath:
        return self

    def __exit__(self, *_: object) -> None:
        self._keep((), self.fd)
        os.close(self.fd)

    @contextmanager
    def directory(self, parts: tuple[str, ...], *, create: bool = False) -> Iterator[int]:
        """A descriptor of the directory `parts`. Raises OSError (ELOOP, ENOTDIR) where a link stands in the way."""
        fd = self._descend(parts, create)
        try:
            yield fd
        finally:
            os.close(fd)

    def open(self, parts: tuple[str, ...], flags: int, mode: int = 0o644) -> int:
        """A descriptor of the file `parts`; O_CREAT makes its directories as well."""
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        with self._lock:
            folder, fd = self._last
            if folder != parts[:-1]:
                fd = self._descend(parts[:-1], bool(flags & os.O_CREAT))
                self._keep(parts[:-1], fd)
            return os.open(parts[-1], flags, mode, dir_fd=fd)

    def _descend(self, parts: tuple[str, ...], create: bool) -> int:
        fd = os.dup(self.fd)
        try:
            for part in parts:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=fd)
                below = os.open(part, DIRECTORY, dir_fd=fd)
                os.close(fd)
                fd = below
        except OSError:
            os.close(fd)
            raise
        return fd

    def _keep(self, parts: tuple[str, ...], fd: int) -> None:
        if self._last[1] != self.fd:
            os.close(self._last[1])
        self._last = (parts, fd)


@dataclass(frozen=True)
class Entry:
    """Something found in a walk. `kind` is file, directory, link or other (socket, pipe, device)."""

    parts: tuple[str, ...]
    kind: str
    size: int
    uid: int


def walk(top: int, parts: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Everything below the directory descriptor `top`, parents before children, names in order, links unfollowed."""
    for name in sorted(os.listdir(top)):
        found = os.stat(name, dir_fd=top, follow_symlinks=False)
        here = (*parts, name)
        if stat.S_ISDIR(found.st_mode):
            yield Entry(here, "directory", 0, found.st_uid)
            fd = os.open(name, DIRECTORY, dir_fd=top)
            try:
                yield from walk(fd, here)
            finally:
                os.close(fd)
        elif stat.S_ISREG(found.st_mode):
            yield Entry(here, "file", found.st_size, found.st_uid)
        else:
            yield Entry(here, "link" if stat.S_ISLNK(found.st_mode) else "other", 0, found.st_uid)


def clear(top: int, keep: frozenset[tuple[str, ...]] = frozenset(), parts: tuple[str, ...] = ()) -> None:
    """Remove everything below `top` but the regular files in `keep` and the directories that lead to them."""
    for name in os.listdir(top):
        here = (*parts, name)
        mode = os.stat(name, dir_fd=top, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            _make_ours(name, top)
            fd = os.open(name, DIRECTORY, dir_fd=top)
            try:
                clear(fd, keep, here)
                empty = not os.listdir(fd)
            finally:
                os.close(fd)
            if empty:
                os.rmdir(name, dir_fd=top)
        elif not (stat.S_ISREG(mode) and here in keep):
            os.unlink(name, dir_fd=top)


def _make_ours(name: str, top: int) -> None:
    """Give back the owner's rights on a directory whose mode a command changed (it would not open otherwise)."""
    mode = os.stat(name, dir_fd=top, follow_symlinks=False).st_mode
    if mode & 0o700 != 0o700:
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY, dir_fd=top)
        try:
            os.chmod(f"/proc/self/fd/{fd}", 0o755)
        finally:
            os.close(fd)
