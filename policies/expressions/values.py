"""The one value that is not a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be resolved. ``reason`` is a phrase for people; ``prefix`` is the literal text before
    the unresolved part (``serviceAccount:``), ``refs`` the references it hangs on (``google_x.y.attr``).

    Never a pass: whoever meets one must yield an undecided or assume the worst.
    """

    reason: str
    prefix: str = ""
    refs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError(f"an unknown value was used as a condition: {self.reason}")


def is_unknown(value: object) -> bool:
    return isinstance(value, Unknown)
