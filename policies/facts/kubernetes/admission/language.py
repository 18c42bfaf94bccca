"""CEL as the API server evaluates it, on the real evaluator: what Kubernetes adds, and what an error means.

Three answers: a value, an error that the API server would meet too, or that this evaluator cannot tell. The last never
counts as a refusal. Source: kubernetes.io/docs/reference/using-api/cel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from policies.facts.evaluator import cel

# Macros that absorb the errors of single elements in the API server's evaluator and not in this one.
_ABSORBING = re.compile(r"\.(?:exists|all|exists_one)\s*\(")


@dataclass(frozen=True, slots=True)
class Error:
    """An error of the expression itself, such as a field that is not there."""

    why: str


@dataclass(frozen=True, slots=True)
class Untold:
    """What this evaluator cannot tell: syntax or functions it does not have, or an error that may be absorbed."""

    why: str


def _text(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of strings; anything else is an error of the expression."""

    def checked(text: Any, *rest: Any) -> Any:
        if not isinstance(text, str):
            raise TypeError("no such overload")
        return function(text, *rest)

    return checked


def _find(text: str, wanted: str) -> int:
    return text.find(wanted)


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    return list(text) if separator == "" else text.split(separator, most - 1 if most > 0 else -1)


_STRINGS: dict[str, Callable[..., Any]] = {
    "lowerAscii": _text(str.lower), "upperAscii": _text(str.upper), "trim": _text(str.strip),
    "split": _text(_split), "replace": _text(str.replace), "indexOf": _text(_find),
    "substring": _text(lambda text, start, end=None: text[start:end]),
    "charAt": _text(lambda text, at: text[at]),
    "join": lambda items, separator="": separator.join(items),
}  # fmt: skip

# What an authorizer's check is built of: each call adds what it says.
_CHECK: dict[str, Callable[..., Any]] = {
    name: (lambda so_far, value, key=name: {**so_far, key: value})
    for name in ("group", "resource", "subresource", "namespace", "name", "check", "path")
}

Allowed = Callable[[Mapping[str, Any]], bool]


@cache
def _compiled(expression: str) -> Any:
    try:
        return cel().compile(expression)
    except (ValueError, RuntimeError, TypeError) as error:
        return Untold(str(error).splitlines()[0])


class Scope:
    """The variables of one request. ``allowed`` answers for the authorizer, as whoever makes the request."""

    def __init__(self, variables: Mapping[str, Any], allowed: Allowed) -> None:
        functions = {**_STRINGS, **_CHECK, "allowed": lambda check: allowed(check)}
        self._values = {**variables, "authorizer": {"requestResource": {}}, "variables": {}}
        self._functions = functions
        self._failed: dict[str, Error | Untold] = {}
        self._context: Any = None

    def define(self, name: str, expression: str) -> None:
        """A ``variables`` entry; one that cannot be evaluated fails whoever uses it."""
        value = self.evaluate(expression)
        if isinstance(value, Error | Untold):
            self._failed[name] = value
        else:
            self._values["variables"] = {**self._values["variables"], name: value}
            self._context = None

    def evaluate(self, expression: str) -> Any:
        """A value, an ``Error`` or ``Untold``."""
        program = _compiled(expression)
        if isinstance(program, Untold):
            return program
        for name, failure in self._failed.items():
            if isinstance(failure, Untold) and re.search(rf"\bvariables\.{re.escape(name)}\b", expression):
                return failure
        if self._context is None:
            self._context = cel().Context(variables=self._values, functions=self._functions)
        try:
            return program.execute(self._context)
        except RuntimeError as error:
            return Untold(str(error).splitlines()[0])
        except (KeyError, TypeError, IndexError, ValueError, ZeroDivisionError) as error:
            absorbed = _ABSORBING.search(expression)
            return Untold(f"an error that may be absorbed: {error}") if absorbed else Error(str(error))
