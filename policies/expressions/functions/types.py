"""Conversions, and functions about being a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.expressions.convert import as_set, equal, kind, to_bool, to_number, to_text, unified
from policies.expressions.errors import WrongError
from policies.expressions.functions.registry import function
from policies.expressions.values import Unknown, derived


@function("tostring", 1, lenient=True)
def tostring(value: Any) -> Any:
    return value if value is None or isinstance(value, Unknown) else to_text(value)


@function("tonumber", 1, lenient=True)
def tonumber(value: Any) -> Any:
    return value if value is None or isinstance(value, Unknown) else to_number(value)


@function("tobool", 1, lenient=True)
def tobool(value: Any) -> Any:
    if value is None or isinstance(value, Unknown):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise WrongError("a bool is needed, not a number")
    return to_bool(value)


@function("tolist", 1, partial=True)
def tolist(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise WrongError(f"a list is needed, not a {kind(value)}")
    return unified(list(value))


@function("toset", 1)
def toset(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise WrongError(f"a list is needed, not a {kind(value)}")
    return as_set(value)


@function("tomap", 1, partial=True)
def tomap(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise WrongError(f"a map is needed, not a {kind(value)}")
    return dict(zip(value, unified(list(value.values())), strict=True))


@function("sensitive", 1, lenient=True)
@function("nonsensitive", 1, lenient=True)
@function("ephemeralasnull", 1, lenient=True)
def same(value: Any) -> Any:
    return value


@function("coalesce", 1, None, lenient=True)
def coalesce(*values: Any) -> Any:
    """The first that is neither null nor an empty string. An unknown may be either, unless it is the only one left."""
    values = tuple(unified(list(values)))
    for position, value in enumerate(values):
        if isinstance(value, Unknown):
            others = [other for other in values[position + 1 :] if other is not None and other != ""]
            if value.prefix or not others or value.exact:
                return value
            return derived([value])
        if value is not None and value != "":
            return value
    raise WrongError("no argument of coalesce() has a value")


@function("coalescelist", 1, None, partial=True)
def coalescelist(*values: Any) -> Any:
    for value in values:
        if isinstance(value, list | tuple) and len(value) > 0:
            return list(value)
    raise WrongError("no argument of coalescelist() has elements")


@function("one", 1, partial=True)
def one(value: Any) -> Any:
    if value is None:
        raise WrongError("one() of null")
    items = list(value) if isinstance(value, list | tuple) else [value]
    if len(items) > 1:
        raise WrongError("one() of more than one element")
    return items[0] if items else None


@function("alltrue", 1)
def alltrue(values: Any) -> bool:
    return all(value is not None and to_bool(value) for value in _booleans(values))


@function("anytrue", 1)
def anytrue(values: Any) -> bool:
    return any(value is not None and to_bool(value) for value in _booleans(values))


def _booleans(values: Any) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise WrongError("a list of bools is needed")
    return list(values)


@function("contains", 2)
def contains(values: Any, value: Any) -> bool:
    if not isinstance(values, list | tuple):
        raise WrongError("contains() of something else than a list")
    return any(equal(item, value) is True for item in values)
