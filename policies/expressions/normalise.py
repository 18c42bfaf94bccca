"""Values in the form the provider's schema gives them, whichever input they came from.

A block that may repeat is a list; numbers, bools and strings have their own type; null, and an optional attribute
set to the empty string (the provider takes both for "not set"), are absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from typing import Any

from policies.expressions.convert import to_text
from policies.expressions.schema import attributes
from policies.expressions.values import SetValue, Unknown


class Block(dict[str, Any]):
    """A nested block's arguments. ``reference`` names it, so that what only the provider computes inside it can be
    referred to."""

    __slots__ = ("reference",)
    reference: str


@dataclass(slots=True)
class Shape:
    """What the schema says of one attribute or block: ``kind`` is string, number, bool, strings, map, block, blocks or
    other; ``computed``: the provider may fill it in."""

    kind: str = "other"
    optional: bool = False
    computed: bool = False
    inner: dict[str, Shape] = field(default_factory=dict)


_KINDS = {
    '"string"': "string", '"number"': "number", '"bool"': "bool", '["map","string"]': "map",
    '["list","string"]': "strings", '["set","string"]': "strings",
}  # fmt: skip


@cache
def shape_of(type_: str) -> Shape:
    """The shape of a resource type (``data.<type>`` for a data source); without inner shapes when it is not in the
    schema."""
    root = Shape("block")
    for path, (value_type, flags) in attributes(type_).items():
        parent, _, name = path.rpartition(".")
        holder = root
        for part in parent.split(".") if parent else ():
            holder = holder.inner.setdefault(part, Shape("blocks"))
        shape = holder.inner.setdefault(name, Shape())
        if value_type.startswith("block:"):
            shape.kind = "block" if value_type == "block:single" else "blocks"
        else:
            shape.kind = _KINDS.get(value_type, "other")
        shape.optional = "r" not in flags
        shape.computed = "c" in flags
    return root


def normalised(value: Any, shape: Shape | None, reference: str) -> Any:
    """The value in the form of its shape; None where it counts as absent."""
    if value is None or isinstance(value, Unknown) or shape is None:
        return value
    kind = shape.kind
    if kind == "string":
        if value == "" and shape.optional:
            return None
        return _converted(to_text, value)
    if kind == "number":
        return _number(value)
    if kind == "bool":
        return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if kind == "strings" and isinstance(value, list | tuple):
        items = [item if isinstance(item, str) else _converted(to_text, item) for item in value]
        return SetValue(items) if isinstance(value, SetValue) else items
    if kind == "map" and isinstance(value, dict):
        return {key: _converted(to_text, item) for key, item in value.items() if item is not None}
    if kind == "blocks":
        return _blocks(value, shape, reference)
    if kind == "block":
        one = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
        return block(one, shape, reference) if isinstance(one, dict) else one
    return value


def block(values: Mapping[str, Any], shape: Shape, reference: str) -> Block:
    """The arguments of a block in the form of its shape."""
    found = Block()
    found.reference = reference
    inner = shape.inner
    for name, value in values.items():
        if name != "//":
            normal = normalised(value, inner.get(name), f"{reference}.{name}")
            if normal is not None:
                found[name] = normal
    return found


def _blocks(value: Any, shape: Shape, reference: str) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    found: list[Any] = []
    for position, item in enumerate(items):
        if item is None:
            item = {}
        found.append(block(item, shape, f"{reference}[{position}]") if isinstance(item, dict) else item)
    return found or None


def _converted(convert: Any, value: Any) -> Any:
    """A primitive converted; what does not convert is left for whoever reads it."""
    if isinstance(value, str) or value is None or isinstance(value, Unknown | Mapping | list | tuple):
        return value
    return convert(value)


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for convert in (int, float):
        try:
            number = convert(value)
        except ValueError:
            continue
        return number if isfinite(number) else value
    return value
