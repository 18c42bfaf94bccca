"""The line of a JSON file at which a value stands, by its path: for reports that point into the input."""

from __future__ import annotations

from collections.abc import Sequence
from json import JSONDecodeError, JSONDecoder
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]

_decoder = JSONDecoder()


def line_of(text: str, path: Sequence[str]) -> int:
    """The 1-based line of the key at ``path`` (object keys from the root); the last line found on the way when the
    path does not lead there."""
    position, line_at = _skip(text, 0), 0
    try:
        for key in path:
            found = _find_key(text, position, key)
            if found is None:
                break
            line_at, position = found
    except (JSONDecodeError, IndexError):
        pass
    return text.count("\n", 0, line_at) + 1


def _find_key(text: str, position: int, key: str) -> tuple[int, int] | None:
    """(start of the key, start of its value) in the object at ``position``."""
    if text[position] != "{":
        return None
    position = _skip(text, position + 1)
    while text[position] == '"':
        start = position
        name, position = scanstring(text, position + 1)
        position = _skip(text, _skip(text, position) + 1)
        if name == key:
            return start, position
        _, position = _decoder.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] != ",":
            return None
        position = _skip(text, position + 1)
    return None


def _skip(text: str, position: int) -> int:
    match = WHITESPACE.match(text, position)
    return int(match.end()) if match else position
