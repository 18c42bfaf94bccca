"""What is wrong with a declaration, in one line that names file, line and cure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake. `file` is relative to the declarations' root, `line` counts from 1, where the file begins."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return printable(f"{self.file}:{self.line}: {self.message}")


class DeclarationErrors(Exception):
    """Every mistake of every file read, in order of file and line. The command line answers it with exit 2."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def nearest(name: str, valid: Sequence[str] | Iterable[str]) -> str:
    """The end of a message that offers the nearest valid name: `; did you mean X`, or nothing."""
    close = get_close_matches(name, sorted(valid), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}" if close else ""


def shown(value: object, limit: int = 120) -> str:
    """A value of a file as a message may quote it: one line, printable, and short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = text if len(text) <= limit else text[: limit - 3] + "..."
    return printable(f'"{text}"' if isinstance(value, str) else text)


def printable(text: str) -> str:
    """A text on one line: what a terminal would act on is written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
