"""Tables that fit the terminal: columns where there is room, else one block of lines per row."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

from runner.client.view import printable

NARROW = 20  # columns no terminal is narrower than


def terminal_width() -> int:
    """Columns of the terminal, 100 where the output is none."""
    return max(NARROW, shutil.get_terminal_size((100, 24)).columns)


def table(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Lines of aligned columns, the first row as heading; `name: value` blocks where they do not fit `width`."""
    clean = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]))]
    if sum(widths) + 2 * (len(widths) - 1) <= width:
        return [
            "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
            for row in clean
        ]
    heading, *body = clean
    lines: list[str] = []
    for row in body:
        lines += textwrap.wrap(row[0], width) or [""]
        for name, cell in zip(heading[1:], row[1:], strict=True):
            text = f"  {name.lower()}: {cell}"
            lines += textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False)
    return lines
