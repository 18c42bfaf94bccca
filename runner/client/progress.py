"""How far something is that takes longer than a second: one line on a terminal's stderr, gone when it ends."""

from __future__ import annotations

import sys
import time
from types import TracebackType

PATIENCE = 1.0  # seconds that nobody minds


class Progress:
    """`tell` may be called as often as wanted; nothing is shown before a second has passed, nor to a file."""

    def __init__(self, what: str) -> None:
        self._what, self._begun, self._shown = what, time.monotonic(), 0
        self._wanted = sys.stderr.isatty()

    def tell(self, done: int, of: int) -> None:
        """`done` of `of` things are done."""
        if self._wanted and time.monotonic() - self._begun > PATIENCE:
            text = f"{done} of {of} {self._what}"
            sys.stderr.write(f"\r{text.ljust(self._shown)}")
            sys.stderr.flush()
            self._shown = len(text)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write(f"\r{' ' * self._shown}\r")
            sys.stderr.flush()
