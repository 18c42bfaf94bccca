"""Functions of lists and maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.expressions.convert import (
    MAX_NODES,
    equal,
    kind,
    to_items,
    to_object,
    to_text,
    to_whole,
)
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.registry import function
from policies.expressions.values import SetValue, Unknown, derived


@function("length", 1, partial=True)
def length(value: Any) -> int:
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise WrongError(f"length() of a {kind(value)}")


@function("concat", 1, None, partial=True)
def concat(*lists: Any) -> list[Any]:
    found = [item for items in lists for item in to_items(items)]
    if len(found) > MAX_NODES:
        raise BeyondError("a list too large")
    return found


@function("merge", 0, None, partial=True)
def merge(*maps: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for values in maps:
        if values is not None:
            found.update(to_object(values))
    return found


@function("lookup", 2, 3, partial=True)
def lookup(values: Any, key: Any, *default: Any) -> Any:
    found = to_object(values)
    name = to_text(key)
    if name in found:
        return found[name]
    if default:
        return default[0]
    raise WrongError(f"lookup() of a key that is not there: {name[:40]!r}")


@function("element", 2, partial=True)
def element(values: Any, index: Any) -> Any:
    if isinstance(values, SetValue):
        raise WrongError("element() of a set")
    items = to_items(values)
    if not items:
        raise WrongError("element() of an empty list")
    return items[to_whole(index) % len(items)]


@function("slice", 3, partial=True)
def part(values: Any, start: Any, end: Any) -> list[Any]:
    items, first, last = to_items(values), to_whole(start), to_whole(end)
    if not 0 <= first <= last <= len(items):
        raise WrongError("slice() beyond its list")
    return items[first:last]


@function("index", 2)
def index(values: Any, value: Any) -> int:
    for position, item in enumerate(to_items(values)):
        if equal(item, value) is True:
            return position
    raise WrongError("index() of something that is not in the list")


@function("keys", 1, partial=True)
def keys(values: Any) -> list[str]:
    return sorted(to_object(values))


@function("values", 1, partial=True)
def values_of(values: Any) -> list[Any]:
    found = to_object(values)
    return [found[key] for key in sorted(found)]


@function("zipmap", 2, partial=True)
def zipmap(names: Any, values: Any) -> Any:
    keys_, items = to_items(names), to_items(values)
    if len(keys_) != len(items):
        raise WrongError("zipmap() of lists of different lengths")
    unknown = [key for key in keys_ if isinstance(key, Unknown)]
    if unknown:
        return derived(unknown)
    return {to_text(key): item for key, item in zip(keys_, items, strict=True)}


@function("flatten", 1, partial=True)
def flatten(values: Any) -> Any:
    found: list[Any] = []
    for item in to_items(values):
        if isinstance(item, Unknown):
            return derived([item])
        found += flatten(item) if isinstance(item, list | tuple) else [item]
        if len(found) > MAX_NODES:
            raise BeyondError("a list too large")
    return found


@function("distinct", 1)
def distinct(values: Any) -> list[Any]:
    items = to_items(values)
    if all(isinstance(item, str) for item in items):
        return list(dict.fromkeys(items))
    if len(items) > 2_000:
        raise BeyondError("a list too large")
    found: list[Any] = []
    for item in items:
        if not any(equal(item, other) is True for other in found):
            found.append(item)
    return found


@function("compact", 1)
def compact(values: Any) -> list[str]:
    return [to_text(item) for item in to_items(values) if item is not None and item != ""]


@function("reverse", 1, partial=True)
def reverse(values: Any) -> list[Any]:
    return to_items(values)[::-1]


@function("sort", 1)
def sort(values: Any) -> list[str]:
    return sorted(to_text(item) for item in to_items(values))


@function("chunklist", 2, partial=True)
def chunklist(values: Any, size: Any) -> list[list[Any]]:
    items, width = to_items(values), to_whole(size)
    if width < 0:
        raise WrongError("chunklist() with a negative size")
    if not items:
        return []
    if width == 0:
        return [items]
    return [items[start : start + width] for start in range(0, len(items), width)]


@function("matchkeys", 3)
def matchkeys(values: Any, keys_: Any, wanted: Any) -> list[Any]:
    items, names, search = to_items(values), to_items(keys_), to_items(wanted)
    if len(items) != len(names):
        raise WrongError("matchkeys() of lists of different lengths")
    if len(names) * len(search) > MAX_NODES:
        raise BeyondError("a list too large")
    return [
        item
        for item, name in zip(items, names, strict=True)
        if any(equal(name, other) is True for other in search)
    ]


@function("transpose", 1)
def transpose(values: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, items in sorted(to_object(values).items()):
        for item in to_items(items):
            found.setdefault(to_text(item), []).append(key)
    return {key: sorted(items) for key, items in sorted(found.items())}
