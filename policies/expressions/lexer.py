"""Tokens of Terraform's expression syntax, scanned on demand from a position."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.expressions.errors import WrongError

_SKIP = r"(?:[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)*"
_TOKEN = re.compile(
    _SKIP
    + r"""(?:
      (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d][\w-]*(?:::[^\W\d][\w-]*)*)
    | (?P<quote>")
    | (?P<heredoc><<-?)
    | (?P<operator>\.\.\.|=>|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:=,.()\[\]{}~])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: number, name, quote, operator or end. ``start`` and ``stop`` are offsets; ``newline`` says that a
    line ends before it."""

    kind: str
    text: str
    start: int
    stop: int
    newline: bool


def scan(text: str, position: int) -> Token:
    """The next token at or after a position."""
    found = _TOKEN.match(text, position)
    if found is None:
        raise WrongError(f"unexpected character at offset {position} of an expression")
    kind = str(found.lastgroup)
    start = found.start(kind)
    return Token(kind, found[kind], start, found.end(), "\n" in text[position:start])
