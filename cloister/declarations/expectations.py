"""What a declaration expects at a place, in words: read from the models, so that it is written once."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from cloister.declarations.fields import Shape, Whole

_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
_PLAIN[date] = "a date, as 2027-03-31"


def keys(model: type[BaseModel]) -> list[str]:
    """The keys of a mapping, in the order of the model."""
    return [field.alias or name for name, field in model.model_fields.items()]


def words(kind: Any) -> str:
    """What a value of this type looks like, as the end of `expected ...`."""
    kind, marks = _unwrapped(kind)
    for mark in marks:
        if isinstance(mark, (Shape, Whole)):
            return mark.expected
    origin = get_origin(kind)
    if origin is Literal:
        return _either([str(value) for value in get_args(kind)])
    if origin in (Union, types.UnionType):
        return _either([words(part) for part in get_args(kind) if part is not type(None)])
    if origin is tuple:
        return f"a list, each {words(get_args(kind)[0])}"
    if origin is dict:
        key, value = get_args(kind)
        return f"a mapping of {words(key)} to {words(value)}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"a mapping of {', '.join(keys(kind))}"
    return _PLAIN.get(kind, "something else")


def kind_at(model: type[BaseModel], location: tuple[str | int, ...]) -> Any:
    """The type the models give to a place; the mapping itself for the empty location."""
    kind: Any = model
    for step in location:
        kind = _inside(kind, step)
    return kind


def model_at(model: type[BaseModel], location: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model of the mapping at a place, or None where there is a list or a plain value."""
    for kind in _alternatives(kind_at(model, location)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def plain_at(model: type[BaseModel], location: tuple[str | int, ...]) -> Any:
    """The bare Python type of a place: str, int..."""
    return _unwrapped(kind_at(model, location))[0]


def _unwrapped(kind: Any) -> tuple[Any, list[Any]]:
    marks: list[Any] = []
    while get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        marks.extend(more)
    return kind, marks


def _alternatives(kind: Any) -> Iterator[Any]:
    kind, _ = _unwrapped(kind)
    if get_origin(kind) in (Union, types.UnionType):
        for part in get_args(kind):
            yield from _alternatives(part)
    else:
        yield kind


def _inside(kind: Any, step: str | int) -> Any:
    for part in _alternatives(kind):
        if get_origin(part) is tuple and isinstance(step, int):
            return get_args(part)[0]
        if get_origin(part) is dict:
            return get_args(part)[1]
        if isinstance(part, type) and issubclass(part, BaseModel):
            for name, field in part.model_fields.items():
                if (field.alias or name) == step:
                    return field.rebuild_annotation()
    return Any


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
