"""Fragments of a template (text, interpolations, directives) to one tree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from policies.expressions import syntax
from policies.expressions.errors import BeyondError, WrongError

MAX_DEPTH = 60


@dataclass(slots=True)
class Fragment:
    """``kind``: text, value, if, else, endif, for, endfor. The trims are the ``~`` on its left and right side."""

    kind: str
    text: str = ""
    node: syntax.Node | None = None
    key: str | None = None
    value: str = ""
    trim_before: bool = False
    trim_after: bool = False


def assemble(fragments: list[Fragment]) -> syntax.Node:
    """The tree of a whole template. A single interpolation without text is its expression, not a text."""
    _trim(fragments)
    if len(fragments) == 1 and fragments[0].kind == "value":
        assert fragments[0].node is not None
        return fragments[0].node
    if all(fragment.kind == "text" for fragment in fragments):
        return syntax.Literal("".join(fragment.text for fragment in fragments))
    node, rest = _sequence(fragments, 0, (), 0)
    if rest != len(fragments):
        raise WrongError(f"a template directive without its start: {fragments[rest].kind}")
    return node


def _trim(fragments: list[Fragment]) -> None:
    for before, after in pairwise(fragments):
        if before.trim_after and after.kind == "text":
            after.text = after.text.lstrip()
        if after.trim_before and before.kind == "text":
            before.text = before.text.rstrip()


def _sequence(
    fragments: list[Fragment], start: int, closers: tuple[str, ...], depth: int
) -> tuple[syntax.Node, int]:
    """Parts from ``start`` up to one of ``closers``; the position of that closer."""
    if depth > MAX_DEPTH:
        raise BeyondError("a template nested too deeply")
    parts: list[syntax.Node] = []
    position = start
    while position < len(fragments):
        fragment = fragments[position]
        if fragment.kind in closers:
            return syntax.Template(tuple(parts)), position
        position += 1
        if fragment.kind == "text":
            parts.append(syntax.Literal(fragment.text))
        elif fragment.kind == "value":
            assert fragment.node is not None
            parts.append(fragment.node)
        elif fragment.kind == "if":
            assert fragment.node is not None
            then, position = _sequence(fragments, position, ("else", "endif"), depth + 1)
            otherwise: syntax.Node = syntax.Literal("")
            if fragments[position].kind == "else":
                otherwise, position = _sequence(fragments, position + 1, ("endif",), depth + 1)
            position += 1
            parts.append(syntax.TemplateIf(fragment.node, then, otherwise))
        elif fragment.kind == "for":
            assert fragment.node is not None
            body, position = _sequence(fragments, position, ("endfor",), depth + 1)
            position += 1
            parts.append(syntax.TemplateFor(fragment.key, fragment.value, fragment.node, body))
        else:
            return syntax.Template(tuple(parts)), position - 1
    if closers:
        raise WrongError(f"a template directive without its {closers[-1]}")
    return syntax.Template(tuple(parts)), position
