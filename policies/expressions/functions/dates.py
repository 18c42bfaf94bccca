"""Functions of given points in time. What reads the clock is not pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from policies.expressions.convert import to_text
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.registry import function

_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_DURATION = re.compile(r"[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|h|m|s))+|0", re.ASCII)
_PIECE = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SYMBOL = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']", re.ASCII)
_FORMATS = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DD": "%d", "EEEE": "%A", "EEE": "%a",
    "hh": "%H", "HH": "%I", "AA": "%p", "mm": "%M", "ss": "%S",
}  # fmt: skip


def _stamp(value: Any) -> datetime:
    found = _STAMP.fullmatch(to_text(value))
    if found is None:
        raise WrongError("not a timestamp as RFC 3339 writes it")
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", found[0].upper()).replace("Z", "+00:00"))
    except ValueError:
        raise WrongError("not a timestamp as RFC 3339 writes it") from None


@function("timeadd", 2)
def timeadd(stamp: Any, duration: Any) -> str:
    start, text = _stamp(stamp), to_text(duration)
    if not _DURATION.fullmatch(text):
        raise WrongError(f"not a duration: {text[:40]!r}")
    seconds = sum(float(count) * _SECONDS[unit] for count, unit in _PIECE.findall(text))
    if seconds != int(seconds) or re.search(r"\.\d", to_text(stamp)):
        raise BeyondError("parts of seconds")
    try:
        return _written(start + timedelta(seconds=-seconds if text.startswith("-") else seconds))
    except OverflowError:
        raise WrongError("timeadd() beyond the calendar") from None


@function("timecmp", 2)
def timecmp(a: Any, b: Any) -> int:
    if any(re.search(r"\.\d", to_text(value)) for value in (a, b)):
        raise BeyondError("parts of seconds")
    first, second = _stamp(a), _stamp(b)
    return (first > second) - (first < second)


def _written(moment: datetime) -> str:
    text = moment.isoformat()
    return text.replace("+00:00", "Z")


@function("formatdate", 2)
def formatdate(pattern: Any, stamp: Any) -> str:
    moment = _stamp(stamp)
    text = to_text(pattern)
    if text.count("'") % 2:
        raise WrongError("formatdate() with an unclosed quotation")
    return "".join(_symbol(match[0], moment) for match in _SYMBOL.finditer(text))


def _symbol(symbol: str, moment: datetime) -> str:
    if symbol.startswith("'"):
        return symbol[1:-1].replace("''", "'") or "'"
    if not symbol[0].isalpha():
        return symbol
    if symbol in _FORMATS:
        return moment.strftime(_FORMATS[symbol])
    if symbol in ("M", "D", "h", "m", "s"):
        return str(
            {"M": moment.month, "D": moment.day, "h": moment.hour, "m": moment.minute, "s": moment.second}[
                symbol
            ]
        )
    if symbol == "H":
        return str(moment.hour % 12 or 12)
    if symbol == "aa":
        return moment.strftime("%p").lower()
    if symbol in ("Z", "ZZZZ", "ZZZZZ", "ZZZ"):
        return _zone(symbol, moment)
    raise WrongError(f"formatdate() with an unknown symbol: {symbol[:10]}")


def _zone(symbol: str, moment: datetime) -> str:
    offset = moment.strftime("%z")
    if symbol == "ZZZ" and offset == "+0000":
        return "UTC"
    if symbol == "Z" and offset == "+0000":
        return "Z"
    return offset[:3] + ":" + offset[3:] if symbol in ("Z", "ZZZZZ") else offset
