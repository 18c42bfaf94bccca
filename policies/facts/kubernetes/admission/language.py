"""CEL as the API server evaluates it, on the real evaluator: what Kubernetes adds, and what an error means.

Three answers: a value, an error that the API server would meet too, or that this evaluator cannot tell. The last never
counts as a refusal. Source: kubernetes.io/docs/reference/using-api/cel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from policies.facts.evaluator import cel
from policies.facts.kubernetes.admission.patterns import matches

# Macros that absorb the errors of single elements in the API server's evaluator and not in this one.
_ABSORBING = re.compile(r"\.(?:exists|all|exists_one)\s*\(")
# Pieces of an expression: a string, or a variable of the policy.
_PIECE = re.compile(r"""r?'(?:[^'\\]|\\.)*'|r?"(?:[^"\\]|\\.)*"|\bvariables\s*\.\s*([A-Za-z_]\w*)""")
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_GIVEN = frozenset({"object", "oldObject", "request", "params", "namespaceObject", "variables", "authorizer"})


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


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    return list(text) if separator == "" else text.split(separator, most - 1 if most > 0 else -1)


# The evaluator's own ``matches`` under another name, see ``patterns``.
_MATCHES = "matchesPattern"
_CALL = re.compile(r"""r?'(?:[^'\\]|\\.)*'|r?"(?:[^"\\]|\\.)*"|(\.\s*)matches(?=\s*\()""")

# Kubernetes' string functions.
_STRINGS: dict[str, Callable[..., Any]] = {
    _MATCHES: matches,
    "lowerAscii": _text(str.lower), "upperAscii": _text(str.upper), "trim": _text(str.strip),
    "split": _text(_split), "replace": _text(str.replace), "indexOf": _text(lambda text, wanted: text.find(wanted)),
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


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a policy. ``name``: its own in the evaluator, the same for all policies that define it alike;
    ``level``: how many variables stand one on another below it."""

    name: str
    expression: str
    level: int
    needs: frozenset[str]


class Variables:
    """The variables of every policy. Policies share most of theirs, and each is evaluated once for a request."""

    def __init__(self) -> None:
        self._by_text: dict[str, Variable] = {}
        self.by_name: dict[str, Variable] = {}

    def define(self, expression: str, defined: Mapping[str, Variable]) -> Variable:
        """A variable whose expression may use those ``defined`` before it in its policy."""
        text, used = self.read(expression, defined)
        found = self._by_text.get(text)
        if found is None:
            below = [self.by_name[name] for name in used]
            needs = used.union(*(item.needs for item in below))
            level = 1 + max((item.level for item in below), default=-1)
            found = self._by_text[text] = Variable(f"variable_{len(self._by_text)}", text, level, needs)
            self.by_name[found.name] = found
        return found

    def read(self, expression: str, defined: Mapping[str, Variable]) -> tuple[str, frozenset[str]]:
        """An expression with the variables it uses under their names in the evaluator, and those names."""
        used: set[str] = set()

        def piece(found: re.Match[str]) -> str:
            if found[1] is None or found[1] not in defined:
                return found[0]
            used.add(defined[found[1]].name)
            return defined[found[1]].name

        return _PIECE.sub(piece, expression), frozenset(used)

    def together(self, expressions: Iterable[str], needs: Iterable[str]) -> str:
        """One expression for the list of several, each variable bound once around it (by a ``map`` over one element):
        the list stands in as many lists of one as there are variables."""
        text = "[" + ", ".join(f"({expression})" for expression in expressions) + "]"
        for variable in sorted((self.by_name[name] for name in needs), key=lambda item: -item.level):
            text = f"[{variable.expression}].map({variable.name}, {text})"
        return text


@cache
def _compiled(expression: str) -> Any:
    if not _GIVEN.isdisjoint(_BOUND.findall(expression)):
        return Untold("a macro binds a name that means something else")
    fast = _CALL.sub(lambda found: f"{found[1]}{_MATCHES}" if found[1] else found[0], expression)
    try:
        return cel().compile(fast)
    except (ValueError, RuntimeError, TypeError) as error:
        return Untold(str(error).splitlines()[0])


@cache
def _references(expression: str, part: str) -> frozenset[str]:
    program = _compiled(expression)
    return frozenset() if isinstance(program, Untold) else frozenset(program.references()[part])


class Evaluation:
    """The values of one request. ``allowed`` answers for the authorizer, as whoever makes the request.

    What an expression does not name is not handed to the evaluator: handing over is what takes time.
    """

    def __init__(self, values: Mapping[str, Any], allowed: Allowed) -> None:
        self._values = {**values, "authorizer": {"requestResource": {}}}
        self._allowed = allowed
        self._known = {**_STRINGS, **_CHECK, "allowed": lambda check: allowed(check)}
        self._context = self._of(())

    def one_by_one(self, variables: Iterable[Variable], expressions: Iterable[str]) -> list[Any]:
        """The values of expressions, each by itself, with the variables they use. A variable that fails is left out,
        and whatever uses it cannot be told."""
        own = Evaluation(self._values, self._allowed)
        for variable in sorted(variables, key=lambda item: item.level):
            own.ready([variable.expression])
            value = own(variable.expression)
            if not isinstance(value, Error | Untold):
                own._values[variable.name] = value
        wanted = list(expressions)
        own.ready(wanted)
        return [own(expression) for expression in wanted]

    def ready(self, expressions: Iterable[str]) -> None:
        """Hand over what expressions name."""
        self._context = self._of(expressions)

    def _of(self, expressions: Iterable[str]) -> Any:
        names: set[str] = set()
        functions: set[str] = set()
        for expression in expressions:
            names |= _references(expression, "variables")
            functions |= _references(expression, "functions")
        return cel().Context(
            variables={name: self._values[name] for name in names if name in self._values},
            functions={name: self._known[name] for name in functions if name in self._known},
        )

    def __call__(self, expression: str) -> Any:
        """The value of an expression whose names are handed over, an ``Error`` or ``Untold``."""
        program = _compiled(expression)
        if isinstance(program, Untold):
            return program
        try:
            return program.execute(self._context)
        except RuntimeError as error:
            return Untold(str(error).splitlines()[0])
        except (KeyError, TypeError, IndexError, ValueError, ZeroDivisionError) as error:
            absorbed = _ABSORBING.search(expression)
            return Untold(f"an error that may be absorbed: {error}") if absorbed else Error(str(error))
