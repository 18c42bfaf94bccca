"""Functions of numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from policies.expressions.convert import to_items, to_number, to_text, to_whole
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.registry import function
from policies.expressions.numbers import CONTEXT, Number, add, bounded, subtract, whole


@function("abs", 1)
def absolute(value: Any) -> Number:
    number = to_number(value)
    return subtract(0, number) if number < 0 else number


@function("ceil", 1)
def ceil(value: Any) -> Number:
    return bounded(math.ceil(to_number(value)))


@function("floor", 1)
def floor(value: Any) -> Number:
    return bounded(math.floor(to_number(value)))


@function("max", 1, None)
def maximum(*values: Any) -> Number:
    return max(to_number(value) for value in values)


@function("min", 1, None)
def minimum(*values: Any) -> Number:
    return min(to_number(value) for value in values)


@function("sum", 1)
def total(values: Any) -> Number:
    numbers = [to_number(value) for value in to_items(values)]
    if not numbers:
        raise WrongError("sum() of an empty list")
    result: Number = 0
    for number in numbers:
        result = add(result, number)
    return result


@function("pow", 2)
def power(base: Any, exponent: Any) -> Number:
    """Terraform computes with 64-bit floats here."""
    try:
        return whole(Decimal(repr(math.pow(float(to_number(base)), float(to_number(exponent))))))
    except ValueError:
        raise WrongError("pow() has no value") from None


@function("log", 2)
def logarithm(number: Any, base: Any) -> Number:
    """Terraform divides two 64-bit natural logarithms."""
    try:
        return whole(Decimal(repr(math.log(float(to_number(number))) / math.log(float(to_number(base))))))
    except (ValueError, ZeroDivisionError):
        raise BeyondError("log() beyond the finite numbers") from None


@function("signum", 1)
def signum(value: Any) -> int:
    number = to_whole(value)
    return (number > 0) - (number < 0)


@function("parseint", 2)
def parse_int(text: Any, base: Any) -> int:
    radix = to_whole(base)
    digits = to_text(text)
    if not 2 <= radix <= 62:
        raise WrongError("parseint() with a base outside 2 to 62")
    if not digits.isascii() or len(digits) > 400:
        raise WrongError("parseint() of something else than digits")
    return bounded(_digits(digits, radix))


_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _digits(text: str, radix: int) -> int:
    """Up to base 36 letters have no case; above, small letters come before capitals."""
    body = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not body:
        raise WrongError("parseint() of something else than digits")
    value = 0
    for character in body:
        digit = _ALPHABET.find(character.lower() if radix <= 36 else character)
        if not 0 <= digit < radix:
            raise WrongError("parseint() of something else than digits")
        value = value * radix + digit
    return -value if text.startswith("-") else value


@function("range", 1, 3)
def number_range(*limits: Any) -> list[Number]:
    numbers = [to_number(limit) for limit in limits]
    start: Number = 0
    if len(numbers) == 1:
        end = numbers[0]
        step: Number = -1 if end < 0 else 1
    else:
        start, end = numbers[0], numbers[1]
        step = numbers[2] if len(numbers) == 3 else (1 if end >= start else -1)
    if step == 0 or (step > 0 and end < start) or (step < 0 and end > start):
        raise WrongError("range() with a step that does not lead to its end")
    found: list[Number] = []
    value = start
    while value < end if step > 0 else value > end:
        found.append(value)
        if len(found) > 1024:
            raise WrongError("range() of more than 1024 numbers")
        value = add(value, step)
    return found


def decimal_text(value: Number, digits: int) -> str:
    """A number with a fixed count of decimals, halves to even."""
    return format(CONTEXT.create_decimal(value).quantize(Decimal(1).scaleb(-digits), context=CONTEXT), "f")
