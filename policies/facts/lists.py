"""Lists that may hold, or be, what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policies.expressions.values import Unknown


def listed(value: Any) -> Iterable[Any]:
    """The items of a list, or the one value that stands in its place, an unknown among them."""
    return value if isinstance(value, list | tuple) else [value]


def text(value: Any) -> Any:
    """A name, or an unknown: what is no name may be any."""
    return value if isinstance(value, str | Unknown) else Unknown("no name is written")


def strings(value: Any) -> list[str]:
    """The known strings of a list; nothing of one that is not known, which its channel reports by itself."""
    return [item for item in listed(value) if isinstance(item, str)]
