"""The table of Terraform's pure functions, and how they are called with values that may be unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.values import Namespace, Unknown, derived

Pure = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Function:
    """``partial``: looks only at the outside of its arguments, so that unknowns inside a list or map may stay there;
    ``lenient``: takes unknowns themselves."""

    body: Pure
    least: int
    most: int | None
    partial: bool
    lenient: bool


FUNCTIONS: dict[str, Function] = {}


def function(
    name: str, least: int, most: int | None = -1, *, partial: bool = False, lenient: bool = False
) -> Callable[[Pure], Pure]:
    """Enter a function under its Terraform name, taking ``least`` to ``most`` arguments (None: any number; left out:
    exactly ``least``)."""

    def enter(body: Pure) -> Pure:
        FUNCTIONS[name] = Function(body, least, least if most == -1 else most, partial, lenient)
        return body

    return enter


def call(name: str, arguments: Sequence[Any], spend: Callable[[int], None]) -> Any:
    """The function's value. A function that is not pure, or not known, gives an unknown; ``spend`` is told the work."""
    found = FUNCTIONS.get(name.removeprefix("core::"))
    if found is None:
        return Unknown(
            f"the value of {name[:40]}() is known only to Terraform", refs=_refs(arguments), exact=False
        )
    if len(arguments) < found.least or (found.most is not None and len(arguments) > found.most):
        raise WrongError(f"{name}() with {len(arguments)} arguments")
    if not found.lenient:
        unknown = _outside(arguments, spend) if found.partial else _inside(arguments, spend)
        if unknown:
            return derived(unknown)
    try:
        return found.body(*arguments)
    except (OverflowError, MemoryError, RecursionError):
        raise BeyondError(f"a value of {name}() too large") from None


def _outside(arguments: Sequence[Any], spend: Callable[[int], None]) -> list[Unknown]:
    spend(sum(len(a) for a in arguments if isinstance(a, list | tuple | Mapping)))
    settled = [a.whole() if isinstance(a, Namespace) else a for a in arguments]
    return [argument for argument in settled if isinstance(argument, Unknown)]


def _inside(arguments: Sequence[Any], spend: Callable[[int], None]) -> list[Unknown]:
    """Every unknown at or below the arguments; a string costs a step per 64 characters."""
    found: list[Unknown] = []
    pending = list(arguments)
    while pending:
        node = pending.pop()
        if isinstance(node, Unknown):
            found.append(node)
        elif isinstance(node, Namespace):
            found.append(node.whole())
        elif isinstance(node, str):
            spend(1 + len(node) // 64)
        elif isinstance(node, Mapping):
            spend(1 + len(node))
            pending.extend(node.values())
        elif isinstance(node, list | tuple):
            spend(1 + len(node))
            pending.extend(node)
    return found


def _refs(arguments: Sequence[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ref for a in arguments if isinstance(a, Unknown) for ref in a.refs))
