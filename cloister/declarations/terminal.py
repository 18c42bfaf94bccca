"""What every command shows on a terminal alike: tables that fit it, and how far something is that takes long.

It lies beside the declarations because every package may import from here.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from types import TracebackType

from cloister.declarations.mistakes import printable

NARROW = 20  # columns no terminal is narrower than
PATIENCE = 1.0  # seconds that nobody minds
_ENDLESS = 10_000


def width() -> int:
    """Columns for text: those of the terminal, 100 where there is none."""
    return max(NARROW, shutil.get_terminal_size((100, 24)).columns)


def table(rows: Sequence[Sequence[str]], columns: int | None = None) -> list[str]:
    """Lines of aligned columns, the first row as heading; a block of `name: value` lines per row where they do not fit.

    `columns` is the terminal's width; a pipe or a file has no end, so that programs find a line per row.
    """
    clean = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]))]
    room = _room() if columns is None else columns
    if sum(widths) + 2 * (len(widths) - 1) <= room:
        return [
            "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
            for row in clean
        ]
    heading, *body = clean
    lines: list[str] = []
    for row in body:
        lines += textwrap.wrap(row[0], room) or [""]
        for name, cell in zip(heading[1:], row[1:], strict=True):
            text = f"  {name.lower()}: {cell}"
            lines += textwrap.wrap(text, room, subsequent_indent="    ", break_on_hyphens=False)
    return lines


def _room() -> int:
    return width() if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal() else _ENDLESS


class Progress:
    """One line on a terminal's stderr, gone when it ends; nothing before a second has passed, and nothing to a file."""

    def __init__(self, what: str) -> None:
        self._what, self._begun, self._shown = what, time.monotonic(), 0
        self._wanted = sys.stderr.isatty()

    def tell(self, done: int, of: int) -> None:
        """`done` of `of` things are done. May be called as often as wanted."""
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
