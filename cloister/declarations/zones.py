"""Names of time zones, for the cure in a message. Apart, because listing them reads a directory."""

from __future__ import annotations

from zoneinfo import available_timezones

from cloister.declarations.mistakes import nearest


def suggestion(name: str) -> str:
    """`did you mean X` for a misspelt time zone, or nothing."""
    return nearest(name, available_timezones()).removeprefix("; ")
