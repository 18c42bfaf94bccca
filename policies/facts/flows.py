"""What a resource names at an attribute, however deep: the values that say where data goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.resource import Block


def leaves(block: Block, path: str) -> Iterator[tuple[str, Any]]:
    """(full attribute, value) of every value at a dotted path, through every repetition on the way.

    A list of plain values gives each; an unknown on the way gives itself, for everything below it is then unknown.
    Absent, null and empty values give nothing.
    """
    yield from _descend(block.values, path.split("."), block.path)


def _descend(value: Any, parts: list[str], at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Unknown):
        yield at, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _descend(item, parts, f"{at}[{index}]")
    elif not parts:
        if value is not None and value != "":
            yield at, value
    elif isinstance(value, Mapping):
        inner = value.get(parts[0])
        if inner is not None:
            yield from _descend(inner, parts[1:], f"{at}.{parts[0]}" if at else parts[0])
