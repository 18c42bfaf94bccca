"""Values of variables, converted to the type the variable declares.

Source: developer.hashicorp.com/terraform/language/expressions/type-constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policies.expressions import syntax
from policies.expressions.convert import as_set, to_bool, to_number, to_text
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.parser import parse_expression
from policies.expressions.values import Unknown

_PRIMITIVES: dict[str, Callable[[Any], Any]] = {"string": to_text, "number": to_number, "bool": to_bool}
_ANY = syntax.Name("any")


def converted(value: Any, declared: Any) -> Any:
    """A variable's value as its ``type`` makes it: what an object type does not name is dropped, what is optional has
    its default. Raises ``WrongError`` where the value does not fit, ``BeyondError`` for a type that is none."""
    constraint = declared.get("type") if isinstance(declared, Mapping) else None
    if not isinstance(constraint, str):
        return value
    text = constraint.strip()
    if text.startswith("${") and text.endswith("}"):
        text = text[2:-1]
    return _as(value, parse_expression(text))


def _as(value: Any, type_: syntax.Node) -> Any:
    if value is None or isinstance(value, Unknown):
        return value
    name, inner = _of(type_)
    if name in _PRIMITIVES:
        return _PRIMITIVES[name](value)
    if name == "object" and isinstance(inner, syntax.Object):
        return _object(value, inner)
    if name == "tuple" and isinstance(inner, syntax.Tuple):
        if not isinstance(value, list | tuple) or len(value) != len(inner.items):
            raise WrongError(f"a variable of a tuple type without its {len(inner.items)} items")
        return [_as(item, of) for item, of in zip(value, inner.items, strict=True)]
    if name == "map":
        if not isinstance(value, Mapping):
            raise WrongError("a variable of type map without a map")
        return {key: _as(item, inner) for key, item in value.items()}
    if name in ("list", "set"):
        if not isinstance(value, list | tuple):
            raise WrongError(f"a variable of type {name} without a list")
        items = [_as(item, inner) for item in value]
        return as_set(items) if name == "set" else items
    if name == "any":
        return value
    raise BeyondError("a type that is not known")


def _of(type_: syntax.Node) -> tuple[str, syntax.Node]:
    """A type's name, and what it is of."""
    if isinstance(type_, syntax.Name):
        return type_.name, _ANY
    if isinstance(type_, syntax.Call) and len(type_.arguments) == 1:
        return type_.function, type_.arguments[0]
    raise BeyondError("a type that is not known")


def _object(value: Any, attributes: syntax.Object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongError("a variable of an object type without an object")
    found = {}
    for key, type_ in attributes.items:
        name = to_text(_constant(key))
        given = value.get(name)
        match type_:
            case syntax.Call(function="optional", arguments=(of, *default)):
                if given is None and default:
                    given = _constant(default[0])
            case _:
                of = type_
                if name not in value:
                    raise WrongError(f"a variable without attribute {name} of its type")
        found[name] = _as(given, of)
    return found


def _constant(node: syntax.Node) -> Any:
    """The value of a key or of a default, which may name nothing."""
    match node:
        case syntax.Literal():
            return node.value
        case syntax.Tuple():
            return [_constant(item) for item in node.items]
        case syntax.Object():
            return {to_text(_constant(key)): _constant(item) for key, item in node.items}
        case syntax.Unary(operator="-"):
            return -to_number(_constant(node.operand))
        case syntax.Template(parts=()):
            return ""
    raise BeyondError("a default that is computed")
