"""Terraform's numbers: arbitrary precision. Whole numbers are ``int``, others ``Decimal`` (of 154 digits, which is
what Terraform's 512 bits hold)."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation, Overflow
from typing import TypeAlias

from policies.expressions.errors import BeyondError, WrongError

Number: TypeAlias = int | Decimal


class Computed(Decimal):
    """A fraction that was computed, and that 512 binary digits do not hold exactly: its text would not be Terraform's."""


CONTEXT = Context(prec=154, Emax=4000, Emin=-4000, traps=[InvalidOperation, Overflow])
_MAX_BITS = 4096


def parse_number(text: str) -> Number:
    """A number as Terraform writes it. Raises ``WrongError`` when it is none."""
    if text.isascii() and text.isdigit() and len(text) < 400:
        return int(text)
    try:
        return whole(CONTEXT.create_decimal(text))
    except Overflow:
        raise BeyondError("a number too large") from None
    except InvalidOperation:
        raise WrongError(f"not a number: {text[:40]!r}") from None


def from_json(value: int | float) -> Number:
    """A number of a JSON document."""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise BeyondError("a number too large")
        return whole(Decimal(repr(value)))
    return bounded(value)


def whole(value: Decimal) -> Number:
    """An ``int`` where the value is one."""
    if not value.is_finite():
        raise BeyondError("a number too large")
    if value == value.to_integral_value():
        return bounded(int(value))
    return value.normalize(CONTEXT)


def _computed(value: Decimal) -> Number:
    found = whole(value)
    if isinstance(found, int) or (found * 2**64) == (found * 2**64).to_integral_value():
        return found
    return Computed(found)


def bounded(value: int) -> int:
    """The number, when it is within what is evaluated."""
    if value.bit_length() > _MAX_BITS:
        raise BeyondError("a number too large")
    return value


def number_text(value: Number) -> str:
    """As Terraform converts a number to a string: never with an exponent."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Computed):
        raise BeyondError("a computed fraction as text")
    return format(value, "f")


def add(a: Number, b: Number) -> Number:
    """The sum."""
    return (
        bounded(a + b)
        if isinstance(a, int) and isinstance(b, int)
        else _computed(CONTEXT.add(Decimal(a), Decimal(b)))
    )


def subtract(a: Number, b: Number) -> Number:
    """The difference."""
    if isinstance(a, int) and isinstance(b, int):
        return bounded(a - b)
    return _computed(CONTEXT.subtract(Decimal(a), Decimal(b)))


def multiply(a: Number, b: Number) -> Number:
    """The product."""
    if isinstance(a, int) and isinstance(b, int):
        return bounded(a * b)
    return _computed(CONTEXT.multiply(Decimal(a), Decimal(b)))


def divide(a: Number, b: Number) -> Number:
    """The quotient. Raises ``WrongError`` for 0/0, ``BeyondError`` for what is infinite."""
    if b == 0:
        # Terraform has infinities, of which nothing sensible comes.
        raise WrongError("zero divided by zero") if a == 0 else BeyondError("division by zero")
    if isinstance(a, int) and isinstance(b, int) and a % b == 0:
        return a // b
    return _computed(CONTEXT.divide(Decimal(a), Decimal(b)))


def modulo(a: Number, b: Number) -> Number:
    """The remainder of division towards zero: it has the sign of ``a``, and is ``a`` where ``b`` is zero."""
    if b == 0:
        return a
    if isinstance(a, int) and isinstance(b, int):
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    quotient = whole(CONTEXT.divide(Decimal(a), Decimal(b)).to_integral_value("ROUND_DOWN"))
    return subtract(a, multiply(b, quotient))
