"""Kubernetes quantities as the API server gives them back."""

from __future__ import annotations

from cloister.declarations.fields import memory_bytes

_BINARY = (1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
_DECIMAL = (1000, ("", "k", "M", "G", "T", "P", "E"))


def canonical(quantity: str) -> str:
    """The same amount with the largest suffix of its kind that leaves a whole number: `1024Gi` is `1Ti`.

    The API server stores it so; anything else would differ from it at every plan. Raises ValueError.
    """
    amount = memory_bytes(quantity)
    base, suffixes = _BINARY if quantity.endswith("i") else _DECIMAL
    power = 0
    while amount and amount % base == 0 and power < len(suffixes) - 1:
        amount, power = amount // base, power + 1
    return f"{amount}{suffixes[power]}"
