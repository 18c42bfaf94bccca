"""The one value that is not a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be resolved. ``reason`` is a phrase for people; ``prefix`` is the literal text before
    the unresolved part (``serviceAccount:``), ``refs`` the references it hangs on, qualified by their stack
    (``platform/google_x.y.attr``). ``exact`` says that the value is the prefix followed by the one reference and
    nothing else; a value that was computed from references in another way is not exact. ``suffix`` is the literal
    text after the one reference of a value that is prefix, reference and suffix and nothing else; it is not exact.

    Never a pass: whoever meets one must yield an undecided or assume the worst.
    """

    reason: str
    prefix: str = ""
    refs: tuple[str, ...] = ()
    exact: bool = True
    suffix: str = ""

    def __bool__(self) -> bool:
        raise TypeError(f"an unknown value was used as a condition: {self.reason}")


class Namespace:
    """Something whose members are evaluated when they are asked for: ``var``, ``local``, a resource."""

    __slots__ = ()

    def member(self, name: str) -> Any:
        """The value of a member. Raises ``WrongError`` when there is none."""
        raise NotImplementedError

    def whole(self) -> Unknown:
        """The thing itself, for an expression that asks for no member."""
        raise NotImplementedError


class SetValue(list[Any]):
    """A Terraform set: distinct elements in the order Terraform iterates them."""

    __slots__ = ()


def is_unknown(value: object) -> bool:
    """Whether this very value (not something inside it) is unknown."""
    return isinstance(value, Unknown)


def unknowns(value: Any) -> Iterator[Unknown]:
    """Every unknown at or below a value."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from unknowns(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from unknowns(inner)


def holds_unknown(value: Any) -> bool:
    """Whether anything at or below a value is unknown: quicker than to look where."""
    pending = [value]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is str or kind is bool or kind is int:
            continue
        if kind is Unknown:
            return True
        if isinstance(node, dict):
            pending.extend(node.values())
        elif isinstance(node, list | tuple):
            pending.extend(node)
    return False


def derived(found: Iterable[Unknown], prefix: str = "") -> Unknown:
    """What is computed from unknowns: their references, and the first one's reason."""
    parts = list(found)
    refs = tuple(dict.fromkeys(ref for part in parts for ref in part.refs))
    return Unknown(parts[0].reason, prefix, refs, exact=False)
