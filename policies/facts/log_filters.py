"""Logging filters: which namespaces' entries a filter lets through.

Read conservatively: a conjunction, one part of which compares ``resource.labels.namespace_name``, a label that GKE sets
and no tenant can forge. Anything else ties the filter to no namespace.
Source: cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FIELD = re.compile(r'^resource\.labels\.(?:"namespace_name"|namespace_name)\s*(=~|=|:)\s*(.+)$', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|\bAND\b|\bOR\b|\n|[^\s()"]+|\s')


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The namespaces that a filter lets through. ``loose``: by a part of the name or a pattern, so later ones too."""

    names: tuple[str, ...]
    loose: bool = False

    def fits(self, namespace: str) -> bool:
        if not self.loose:
            return namespace in self.names
        return any(name in namespace or _matches(name, namespace) for name in self.names)


def namespaces_of(text: str) -> Namespaces | None:
    """The namespaces a filter is tied to, None where it is tied to none."""
    for part in _split(text.strip(), ("AND", "\n")):
        found = _tied(part)
        if found is not None:
            return found
    return None


def _tied(part: str) -> Namespaces | None:
    part = _unwrapped(part.strip())
    options = list(_split(part, ("OR",)))
    if len(options) > 1:
        read = [namespaces_of(option) for option in options]
        if any(item is None for item in read):
            return None
        known = [item for item in read if item is not None]
        return Namespaces(
            tuple(name for item in known for name in item.names), any(item.loose for item in known)
        )
    parts = list(_split(part, ("AND", "\n")))
    if len(parts) > 1:
        return namespaces_of(part)
    field = _FIELD.match(part)
    if field is None:
        return None
    names = tuple(_values(field[2].strip()))
    return Namespaces(names, field[1] != "=") if names else None


def _values(text: str) -> Iterator[str]:
    inner = _unwrapped(text)
    for option in _split(inner, ("OR",)):
        value = option.strip().strip('"')
        if value and "\n" not in value:
            yield value


def _unwrapped(text: str) -> str:
    """A text without the one pair of parentheses around all of it."""
    while text.startswith("(") and text.endswith(")") and _closes_last(text):
        text = text[1:-1].strip()
    return text


def _closes_last(text: str) -> bool:
    depth = 0
    tokens = list(_TOKEN.finditer(text))
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return token.end() == len(text)
    return False


def _split(text: str, words: tuple[str, ...]) -> Iterator[str]:
    """The parts of a text between words outside of parentheses and quotes."""
    depth, start = 0, 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] in words:
            if text[start : token.start()].strip():
                yield text[start : token.start()]
            start = token.end()
    if text[start:].strip():
        yield text[start:]


def _matches(pattern: str, namespace: str) -> bool:
    try:
        return re.search(pattern, namespace) is not None
    except re.error:
        return True
