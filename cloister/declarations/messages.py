"""From pydantic's errors to lines a person can act on."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cloister.declarations.expectations import keys, kind_at, model_at, plain_at, words
from cloister.declarations.fields import Declared
from cloister.declarations.mistakes import Mistake, nearest, shown
from cloister.declarations.source import Location, Source


def mistakes_of(error: ValidationError, source: Source, model: type[Declared]) -> list[Mistake]:
    """One mistake per error, with the line of the value (or key) it is about."""
    return [_mistake(item, source, model) for item in error.errors(include_url=False)]


def place(location: Location) -> str:
    """A location as people write it: `pools[0].name`."""
    text = ""
    for step in location:
        named = isinstance(step, str) and re.fullmatch(r"[\w-]{1,64}", step)
        text += f"[{step}]" if isinstance(step, int) else f".{step if named else shown(step)}"
    return text.lstrip(".")


def _mistake(item: ErrorDetails, source: Source, model: type[Declared]) -> Mistake:
    location, about_key = _written(item["loc"], source.value)
    line = source.line(location, key=about_key or item["type"] == "extra_forbidden")
    if item["type"] == "missing":
        line = source.line(location[:-1], key=True)
    message = _message(item, location, source, model, about_key)
    where = location[:-1] if item["type"] in ("extra_forbidden", "missing") else location
    return Mistake(source.file, line, f"{place(where)}: {message}" if where else message)


def _message(
    item: ErrorDetails, location: Location, source: Source, model: type[Declared], about_key: bool
) -> str:
    found: Any = item["input"]
    if item["type"] == "declaration":
        return item["msg"]
    if item["type"] == "extra_forbidden":
        return _unknown_key(str(location[-1]), model_at(model, location[:-1]) or model)
    if item["type"] == "missing":
        return f"found no {location[-1]}, expected {words(kind_at(model, location))}; add it"
    if about_key:
        return f"found the key {shown(found)}, expected a name"
    expected = words(kind_at(model, location))
    cure = _cure(found, plain_at(model, location))
    if item["type"] == "literal_error" and isinstance(found, str):
        cure = nearest(found, expected.replace(" or ", ", ").split(", "))
    return f"found {shown(found)}, expected {expected}{cure}"


def _unknown_key(key: str, model: type[Any]) -> str:
    valid = keys(model)
    return f"found the unknown key {shown(key)}, expected one of {', '.join(valid)}{nearest(key, valid)}"


def _cure(found: object, kind: object) -> str:
    if kind is str and found is not None and not isinstance(found, (dict, tuple, list)):
        return "; put it in quotes"
    if kind in (int, float) and isinstance(found, str) and re.fullmatch(r"0|[1-9][0-9]*(\.[0-9]+)?", found):
        return "; remove the quotes"
    return ""


def _written(loc: tuple[str | int, ...], value: Any) -> tuple[Location, bool]:
    """The error's location without the steps pydantic adds (union tags, `[key]`), and whether a key is meant."""
    location: list[str | int] = []
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if step == "[key]" and last:
            return tuple(location), True
        present = (isinstance(value, dict) and step in value) or (
            isinstance(value, (tuple, list)) and isinstance(step, int) and step < len(value)
        )
        if present:
            value = value[step]
            location.append(step)
        elif last and isinstance(value, dict):
            location.append(step)
    return tuple(location), False
