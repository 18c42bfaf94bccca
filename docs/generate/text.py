"""Markdown from text that knows nothing of Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence


def escaped(text: str) -> str:
    """Text that reads in Markdown, table cells included, as it stands."""
    return re.sub(r"([\\`*_{}\[\]#])", r"\\\1", html.escape(text, quote=False)).replace("|", "&#124;")


def code(text: str) -> str:
    """Text as code in a line, whatever it contains."""
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>"


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |" for line in lines)
