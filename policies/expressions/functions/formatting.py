"""format() and formatlist(): the verbs of Go's ``fmt`` that Terraform takes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from policies.expressions.convert import MAX_TEXT, checked, kind, to_bool, to_number, to_text
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.encoding import jsonencode
from policies.expressions.functions.numeric import absolute, decimal_text
from policies.expressions.functions.registry import function
from policies.expressions.numbers import Number, number_text
from policies.expressions.values import Namespace, Unknown, derived, unknowns

_VERB = re.compile(r"%([ +#0-]*)(\d*)(?:\.(\d*))?(?:\[(\d+)\])?(.)", re.DOTALL)


@function("format", 1, None, lenient=True)
def format_text(pattern: Any, *arguments: Any) -> Any:
    """With unknown arguments: unknown, with the text before the first of them as its prefix."""
    values = [a.whole() if isinstance(a, Namespace) else a for a in arguments]
    if isinstance(pattern, Unknown):
        return derived([pattern])
    return _formatted(to_text(pattern), values)


@function("formatlist", 1, None, partial=True)
def format_list(pattern: Any, *arguments: Any) -> list[Any]:
    lists = [list(a) for a in arguments if isinstance(a, list | tuple)]
    if not lists:
        return [_formatted(to_text(pattern), list(arguments))]
    count = len(lists[0])
    if any(len(items) != count for items in lists):
        raise WrongError("formatlist() of lists of different lengths")
    if count * len(arguments) > 50_000:
        raise BeyondError("a list too large")
    return [
        _formatted(to_text(pattern), [a[position] if isinstance(a, list | tuple) else a for a in arguments])
        for position in range(count)
    ]


def _formatted(pattern: str, arguments: list[Any]) -> Any:
    text: list[str] = []
    position, argument, used = 0, 0, 0
    pending: list[Unknown] = []
    prefix = ""
    exact = True
    while position < len(pattern):
        verb = _VERB.match(pattern, position) if pattern[position] == "%" else None
        if verb is None:
            if pattern[position] == "%":
                raise WrongError("format() with an unfinished verb")
            end = pattern.find("%", position)
            end = len(pattern) if end < 0 else end
            text.append(pattern[position:end])
            position = end
            continue
        position = verb.end()
        if verb[5] == "%":
            text.append("%")
            continue
        if verb[4]:
            argument = int(verb[4]) - 1
        if not 0 <= argument < len(arguments):
            raise WrongError("format() with fewer arguments than verbs")
        value = arguments[argument]
        argument += 1
        used = max(used, argument)
        inner = list(unknowns(value))
        if inner:
            if not pending:
                prefix = "".join(text) + (value.prefix if isinstance(value, Unknown) else "")
                exact = verb[0] in ("%s", "%v") and position == len(pattern) and isinstance(value, Unknown)
            pending += inner
            continue
        text.append(_verb(verb, value))
    if used < len(arguments) and "[" not in pattern:
        raise WrongError("format() with more arguments than verbs")
    if pending:
        only = pending[0]
        return Unknown(only.reason, prefix, only.refs, only.exact) if exact else derived(pending, prefix)
    result = "".join(text)
    if len(result) > MAX_TEXT:
        raise BeyondError("a text too long")
    return result


def _verb(verb: re.Match[str], value: Any) -> str:
    flags, width, letter = verb[1], int(verb[2] or 0), verb[5]
    precision = None if verb[3] is None else int(verb[3] or 0)
    if width > 10_000 or (precision or 0) > 1_000:
        raise BeyondError("format() with a width too large")
    if letter == "v":
        letter = (
            {"string": "s", "number": "g", "bool": "t"}.get(kind(value), "json")
            if "#" not in flags
            else "json"
        )
    if letter in ("s", "q"):
        body = to_text(value)
        body = body if precision is None else body[:precision]
        return _padded(jsonencode(body) if letter == "q" else body, flags.replace("0", ""), width)
    if letter == "t":
        return _padded("true" if to_bool(value) else "false", flags, width)
    if letter == "json":
        return _padded(jsonencode(checked(value)), flags, width)
    return _number_verb(letter, to_number(value), flags, width, precision)


def _number_verb(letter: str, number: Number, flags: str, width: int, precision: int | None) -> str:
    size = absolute(number)
    if letter in "dboxX":
        if not isinstance(size, int):
            raise WrongError("format() of a fraction as a whole number")
        digits = format(size, letter)
        if "#" in flags and letter in "xX":
            digits = f"0{letter}{digits}"
    elif letter in "fF":
        digits = decimal_text(size, 6 if precision is None else precision)
    elif letter in "eE":
        digits = _exponent(size, 6 if precision is None else precision)
        digits = digits.upper() if letter == "E" else digits
    elif letter in "gG":
        if precision is not None:
            raise BeyondError("format() of a number with a rare precision")
        digits = _shortest(size)
        digits = digits.upper() if letter == "G" else digits
    else:
        raise WrongError(f"format() with an unknown verb: %{letter}")
    sign = "-" if number < 0 else "+" if "+" in flags else " " if " " in flags else ""
    if "0" in flags and "-" not in flags:
        digits = digits.rjust(width - len(sign), "0")
    return _padded(sign + digits, flags, width)


def _exponent(number: Number, precision: int) -> str:
    """Go writes at least two digits of exponent."""
    mantissa, exponent = format(Decimal(number), f".{precision}e").split("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].rjust(2, '0')}"


def _shortest(number: Number) -> str:
    """Go's ``%g``: an exponent below 1e-4 and from 1e21 on."""
    if number == 0:
        return "0"
    exponent = Decimal(number).adjusted()
    if -5 < exponent < 21:
        return number_text(number)
    digits = "".join(map(str, Decimal(number).normalize().as_tuple().digits))
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _padded(text: str, flags: str, width: int) -> str:
    return text.ljust(width) if "-" in flags else text.rjust(width)
