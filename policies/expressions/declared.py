"""Values of variables, converted to the type the variable declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policies.expressions.convert import as_set, to_bool, to_number, to_text
from policies.expressions.errors import WrongError
from policies.expressions.values import Unknown

_TYPE = re.compile(r"\s*(?:\$\{)?\s*(\w+)\s*(?:\((.*)\))?\s*\}?\s*", re.DOTALL)


def converted(value: Any, declared: Any) -> Any:
    """A variable's value as its ``type`` makes it. Types of objects and tuples change nothing here."""
    constraint = declared.get("type") if isinstance(declared, Mapping) else None
    return _converted(value, constraint) if isinstance(constraint, str) else value


def _converted(value: Any, constraint: str) -> Any:
    parsed = _TYPE.fullmatch(constraint)
    if value is None or isinstance(value, Unknown) or parsed is None:
        return value
    name, inner = parsed[1], parsed[2] or "any"
    if name == "string":
        return to_text(value)
    if name == "number":
        return to_number(value)
    if name == "bool":
        return to_bool(value)
    if name in ("list", "set"):
        if not isinstance(value, list | tuple):
            raise WrongError(f"a variable of type {name} without a list")
        items = [_converted(item, inner) for item in value]
        return as_set(items) if name == "set" else items
    if name == "map":
        if not isinstance(value, Mapping):
            raise WrongError("a variable of type map without a map")
        return {key: _converted(item, inner) for key, item in value.items()}
    return value
