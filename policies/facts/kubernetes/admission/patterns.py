"""CEL's ``matches`` (RE2), fast: Python's expressions where they mean the same, the CEL evaluator for all others.

The evaluator compiles a pattern anew at every call; policies match the same few patterns against thousands of names.
"""

from __future__ import annotations

import re
from functools import cache

from policies.facts.evaluator import cel

# Pieces of patterns that both engines read alike (with re.ASCII), ``$`` apart.
_PIECE = re.compile(
    r"""
      \\[dDwWsSbB]                                  # classes and word boundaries
    | \\[^\sA-Za-z0-9]                              # an escaped sign
    | \[\^?(?:[^\]\[\\]|\\[^A-Za-z0-9]|\\[dDwW])+\]  # a class, without classes by name inside
    | \((?:\?:)? | \) | \| | \^ | \$ | \.
    | (?:[*+?]|\{\d+(?:,\d*)?\})\??                 # how often, greedy or not
    | [^\\\[\](){}*+?|^$.]                          # itself
    """,
    re.VERBOSE,
)
_REPEATED = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\??")


@cache
def _translated(pattern: str) -> re.Pattern[str] | None:
    """The pattern in Python's words, None where it may mean something else there."""
    flags = re.ASCII
    body = pattern
    if body.startswith("(?i)"):
        flags, body = flags | re.IGNORECASE, body[4:]
    pieces: list[str] = []
    position, repeated = 0, True  # nothing to repeat at the beginning
    while position < len(body):
        found = _PIECE.match(body, position)
        if found is None:
            return None
        piece = found[0]
        again = _REPEATED.fullmatch(piece) is not None
        if again and repeated:
            return None
        repeated = again or piece in ("(", "(?:", "|", "^", "$")
        pieces.append(r"\Z" if piece == "$" else piece)
        position = found.end()
    try:
        return re.compile("".join(pieces), flags)
    except (re.error, OverflowError, RecursionError):
        return None


def matches(text: str, pattern: str) -> bool:
    """Whether a pattern is found in a text. Raises TypeError where either is no string, ValueError for no pattern."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise TypeError("no such overload")
    found = _translated(pattern)
    if found is not None and text.isascii():
        return found.search(text) is not None
    try:
        answer = cel().evaluate("text.matches(pattern)", {"text": text, "pattern": pattern})
    except RuntimeError as error:
        raise ValueError(str(error)) from None
    return bool(answer)
