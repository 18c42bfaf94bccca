"""How times, lengths of time and tables are shown to people."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at: datetime | None) -> str:
    """UTC to the second, or a dash."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def lasted(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    days, hours, minutes = whole // 86400, whole % 86400 // 3600, whole % 3600 // 60
    for large, small, names in ((days, hours, "dh"), (hours, minutes, "hm"), (minutes, whole % 60, "ms")):
        if large:
            return f"{large}{names[0]}{small:02d}{names[1]}"
    return f"{whole}s"


def short(digest: object) -> str:
    """A digest as people tell them apart, anything else as it is."""
    text = "-" if digest is None else str(digest)
    head, found, rest = text.partition("sha256:")
    return f"{head.rpartition('/')[2]}{rest[:12]}" if found else text


def rfc3339(at: datetime | None) -> str | None:
    """A time as Kubernetes and Cloud Logging write it."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
