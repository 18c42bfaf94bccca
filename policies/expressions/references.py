"""What an expression refers to, without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from policies.expressions import syntax
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.parser import has_template, parse_template
from policies.snapshot.model import References


def references(raw: Any) -> Iterator[str]:
    """Every reference in an argument as written (``google_x.y.attr[0].b``, ``var.z``, ``data.t.n.a``), the longest path
    of each. An expression that cannot be parsed refers to nothing."""
    if isinstance(raw, str):
        if has_template(raw):
            try:
                yield from _of(parse_template(raw))
            except (WrongError, BeyondError):
                return
    elif isinstance(raw, References):
        yield from raw.names
    elif isinstance(raw, Mapping):
        for inner in raw.values():
            yield from references(inner)
    elif isinstance(raw, list):
        for inner in raw:
            yield from references(inner)


def _of(tree: syntax.Node) -> Iterator[str]:
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        path, keys = _path(node)
        if path is not None:
            yield path
            pending += keys
        elif isinstance(node, tuple):
            pending += node
        elif is_dataclass(node):
            pending += [getattr(node, field.name) for field in fields(node)]


def _path(node: Any) -> tuple[str | None, list[Any]]:
    """The path a traversal takes from its root name, and the keys that are expressions of their own."""
    steps: list[str] = []
    keys: list[Any] = []
    while isinstance(node, syntax.GetAttr | syntax.Index | syntax.Splat):
        if isinstance(node, syntax.GetAttr):
            steps.append(f".{node.name}")
        elif isinstance(node, syntax.Index):
            if isinstance(node.key, syntax.Literal):
                key = node.key.value
                steps.append(f'["{key}"]' if isinstance(key, str) else f"[{key}]")
            else:
                keys.append(node.key)
        else:
            # What a splat applies to each element belongs to the path as well.
            inner, inner_keys = _path(node.body)
            if inner is None:
                return None, []
            steps.append(inner)
            keys += inner_keys
        node = node.of
    if isinstance(node, syntax.Each):
        return "".join(reversed(steps)), keys
    if not isinstance(node, syntax.Name) or not steps:
        return None, []
    return node.name + "".join(reversed(steps)), keys
