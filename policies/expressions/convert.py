"""Terraform's kinds of values and its automatic conversions between them.

Lists and tuples, and maps and objects, are not told apart: a value is JSON-like, plus ``SetValue`` and ``Unknown``.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.numbers import Number, from_json, number_text, parse_number
from policies.expressions.values import Namespace, SetValue, Unknown

MAX_NODES = 200_000
MAX_TEXT = 4_000_000


def kind(value: Any) -> str:
    """null, bool, number, string, list, set, object or unknown."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, SetValue):
        return "set"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, dict):
        return "object"
    return "unknown"


def to_text(value: Any) -> str:
    """A primitive as a string. Raises ``WrongError`` for null and collections."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return number_text(to_number(value))
    raise WrongError(f"a string is needed, not a {kind(value)}")


def to_number(value: Any) -> Number:
    """A number, or a string that is one."""
    if isinstance(value, bool):
        raise WrongError("a number is needed, not a bool")
    if isinstance(value, int | float):
        return from_json(value)
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return parse_number(value)
    raise WrongError(f"a number is needed, not a {kind(value)}")


def to_whole(value: Any) -> int:
    """A whole number."""
    number = to_number(value)
    if not isinstance(number, int):
        raise WrongError("a whole number is needed")
    return number


def to_bool(value: Any) -> bool:
    """A bool, or the string of one."""
    if isinstance(value, bool):
        return value
    if value in ("true", "1"):
        return True
    if value in ("false", "0"):
        return False
    raise WrongError(f"a bool is needed, not a {kind(value)}")


def to_items(value: Any) -> list[Any]:
    """The elements of a list, tuple or set."""
    if isinstance(value, list | tuple):
        return list(value)
    raise WrongError(f"a list is needed, not a {kind(value)}")


def to_object(value: Any) -> dict[str, Any]:
    """A map or an object."""
    if isinstance(value, dict):
        return dict(value)
    raise WrongError(f"a map is needed, not a {kind(value)}")


def equal(a: Any, b: Any) -> bool | Unknown:
    """Terraform's ``==``: values of different kinds are never equal. Unknown where an unknown decides."""
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return _equal_unknown(a, b)
    of = kind(a)
    if of != kind(b):
        return False
    if of == "number":
        return to_number(a) == to_number(b)
    if of == "object":
        if a.keys() != b.keys():
            return False
        return _all_equal((a[key], b[key]) for key in a)
    if of in ("list", "set"):
        return len(a) == len(b) and _all_equal(zip(a, b, strict=True))
    return bool(a == b)


def _equal_unknown(a: Any, b: Any) -> bool | Unknown:
    """A string that does not begin with the known prefix of an unknown cannot equal it."""
    unknown, other = (a, b) if isinstance(a, Unknown) else (b, a)
    if isinstance(other, str) and not other.startswith(unknown.prefix):
        return False
    refs = unknown.refs + (other.refs if isinstance(other, Unknown) else ())
    return Unknown(unknown.reason, "", refs, exact=False)


def _all_equal(pairs: Iterable[tuple[Any, Any]]) -> bool | Unknown:
    undecided: Unknown | None = None
    for a, b in pairs:
        same = equal(a, b)
        if isinstance(same, Unknown):
            undecided = same
        elif not same:
            return False
    return True if undecided is None else undecided


def unified(values: list[Any]) -> list[Any]:
    """Values converted to one kind where primitives of several kinds meet: strings win."""
    kinds = {kind(value) for value in values} - {"null", "unknown"}
    if len(kinds) < 2:
        return values
    if "string" in kinds and kinds <= {"string", "number", "bool"}:
        return [value if value is None or isinstance(value, Unknown) else to_text(value) for value in values]
    if kinds <= {"list", "set"}:
        return values
    raise WrongError("elements of different types")


def as_set(values: Iterable[Any]) -> SetValue:
    """Distinct elements in Terraform's order: strings and numbers sorted, false before true, others as they come."""
    items = unified(list(values))
    if len({kind(item) for item in items}) == 1 and kind(items[0]) in ("string", "number", "bool"):
        first = kind(items[0])
        key = to_number if first == "number" else (lambda item: item)
        return SetValue(sorted(dict.fromkeys(items), key=key))
    distinct: list[Any] = []
    for item in items:
        if not any(equal(item, other) is True for other in distinct):
            distinct.append(item)
        if len(distinct) > 5_000:
            raise BeyondError("a set too large")
    return SetValue(distinct)


def checked(value: Any) -> Any:
    """The value, when its size is within what is evaluated. Shared parts count each time they occur, so that a
    chain of doubling locals ends here and not in memory."""
    budget = MAX_NODES
    text = 0
    stack = [value]
    while stack:
        node = stack.pop()
        budget -= 1
        if isinstance(node, str):
            text += len(node)
        elif isinstance(node, dict):
            stack.extend(node.values())
        elif isinstance(node, list | tuple):
            stack.extend(node)
        if budget < 0 or text > MAX_TEXT or len(stack) > MAX_NODES:
            raise BeyondError("a value too large")
    return value


def plain(value: Any) -> Any:
    """A value for those who read it: ``Decimal`` as ``float``, a whole resource as the unknown it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, Namespace):
        return value.whole()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, SetValue):
        return SetValue([plain(inner) for inner in value])
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
