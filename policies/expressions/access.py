"""Going into values, and joining them: attributes, indices, elements, text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.expressions.convert import MAX_TEXT, kind, to_number, to_text
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.normalise import Block
from policies.expressions.values import Namespace, SetValue, Unknown, derived


def attribute(of: Any, name: str) -> Any:
    """``of.name``."""
    if isinstance(of, Unknown):
        return _within(of, f".{name}")
    if isinstance(of, dict):
        if name in of:
            return of[name]
        if isinstance(of, Block):
            return Unknown("known after apply", refs=(f"{of.reference}.{name}",))
        raise WrongError(f"an object without an attribute {name!r}")
    if isinstance(of, Namespace):
        return of.member(name)
    raise WrongError(f"a {kind(of)} has no attributes")


def element(of: Any, key: Any) -> Any:
    """``of[key]``."""
    if isinstance(of, Unknown):
        return _within(of, f"[{key}]") if not isinstance(key, Unknown) else derived([of, key])
    if isinstance(key, Unknown):
        return derived([key])
    if isinstance(of, SetValue):
        raise WrongError("a set has no indices")
    if isinstance(of, list | tuple):
        position = to_number(key)
        if not isinstance(position, int) or not 0 <= position < len(of):
            raise WrongError("an index beyond the end of a list")
        return of[position]
    if isinstance(of, dict):
        return attribute(of, to_text(key))
    if isinstance(of, Namespace):
        return of.member(to_text(key))
    raise WrongError(f"a {kind(of)} has no elements")


def _within(of: Unknown, step: str) -> Unknown:
    """Something inside an unknown: known by its longer reference when the unknown is one reference."""
    if of.exact and not of.prefix and len(of.refs) == 1:
        return Unknown(of.reason, refs=(of.refs[0] + step,))
    return derived([of])


def joined(parts: list[Any]) -> Any:
    """Parts as one text. With an unknown part: unknown, with the text before it as its prefix and, where it is the only
    unknown, the text after it as its suffix."""
    text = ""
    for position, part in enumerate(parts):
        if isinstance(part, Unknown):
            rest = [other for other in parts[position:] if isinstance(other, Unknown)]
            alone = position == len(parts) - 1
            if alone:
                return Unknown(part.reason, text + part.prefix, part.refs, part.exact, part.suffix)
            if part.exact and len(rest) == 1:
                after = "".join(to_text(other) for other in parts[position + 1 :])
                return Unknown(part.reason, text + part.prefix, part.refs, False, after)
            return derived(rest, text + part.prefix)
        text += to_text(part)
        if len(text) > MAX_TEXT:
            raise BeyondError("a text too long")
    return text


def pairs(collection: Any) -> Iterator[tuple[Any, Any]]:
    """(key, element) of a collection, in the order Terraform iterates it."""
    if isinstance(collection, SetValue):
        return ((item, item) for item in collection)
    if isinstance(collection, list | tuple):
        return iter(enumerate(collection))
    if isinstance(collection, dict):
        return ((key, collection[key]) for key in sorted(collection))
    raise WrongError(f"a {kind(collection)} cannot be iterated")
