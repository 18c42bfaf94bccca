"""JSON, YAML, CSV and base64."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Iterator, Mapping
from typing import Any

from policies.expressions.convert import checked, to_number, to_text
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.registry import function
from policies.expressions.numbers import number_text, parse_number

_ENCODINGS = {"utf-8": "utf-8", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "us-ascii": "ascii"}


@function("base64encode", 1)
def base64encode(text: Any) -> str:
    return b64encode(to_text(text).encode()).decode()


@function("base64decode", 1)
def base64decode(text: Any) -> str:
    try:
        return b64decode(to_text(text), validate=True).decode()
    except (BinasciiError, ValueError):
        raise WrongError("base64decode() of something else than the base64 of a text") from None


@function("textencodebase64", 2)
def textencodebase64(text: Any, encoding: Any) -> str:
    try:
        return b64encode(to_text(text).encode(_encoding(encoding))).decode()
    except UnicodeEncodeError:
        raise WrongError("a text that the encoding cannot hold") from None


@function("textdecodebase64", 2)
def textdecodebase64(text: Any, encoding: Any) -> str:
    try:
        return b64decode(to_text(text), validate=True).decode(_encoding(encoding))
    except (BinasciiError, ValueError):
        raise WrongError("a text that is not in the encoding") from None


def _encoding(name: Any) -> str:
    found = _ENCODINGS.get(to_text(name).lower())
    if found is None:
        raise BeyondError("a rare encoding")
    return found


@function("jsonencode", 1)
def jsonencode(value: Any) -> str:
    """As Go writes it: keys sorted, no spaces, and ``< > &`` escaped."""
    return "".join(_json(checked(value)))


def _json(value: Any) -> Iterator[str]:
    if value is None:
        yield "null"
    elif isinstance(value, str):
        yield _json_text(value)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, Mapping):
        yield "{"
        for position, key in enumerate(sorted(value)):
            yield ("," if position else "") + _json_text(key) + ":"
            yield from _json(value[key])
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for position, item in enumerate(value):
            if position:
                yield ","
            yield from _json(item)
        yield "]"
    else:
        yield number_text(to_number(value))


def _json_text(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return re.sub("[<>&\u2028\u2029]", lambda m: f"\\u{ord(m[0]):04x}", written)


@function("jsondecode", 1)
def jsondecode(text: Any) -> Any:
    try:
        return json.loads(
            to_text(text), parse_int=parse_number, parse_float=parse_number, parse_constant=_no_constant
        )
    except RecursionError:
        raise BeyondError("JSON nested too deeply") from None
    except ValueError:
        raise WrongError("jsondecode() of something else than JSON") from None


def _no_constant(_: str) -> Any:
    raise ValueError


@function("csvdecode", 1)
def csvdecode(text: Any) -> list[dict[str, str]]:
    try:
        rows = list(csv.reader(io.StringIO(to_text(text), newline=""), strict=True))
    except csv.Error:
        raise WrongError("csvdecode() of something else than CSV") from None
    rows = [row for row in rows if row]
    if not rows:
        raise WrongError("csvdecode() without a header")
    header = rows[0]
    if len(set(header)) != len(header) or any(len(row) != len(header) for row in rows):
        raise WrongError("csvdecode() of rows that do not fit their header")
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]


@function("yamldecode", 1)
def yamldecode(text: Any) -> Any:
    from policies.expressions.functions.yaml_core import decode

    return decode(to_text(text))


@function("yamlencode", 1)
def yamlencode(value: Any) -> str:
    """Block style, every string quoted, as Terraform writes it."""
    return "\n".join(_yaml(checked(value), "")) + "\n"


def _yaml(value: Any, margin: str) -> Iterator[str]:
    """Lines of a value; what goes on after ``- `` or ``key: `` comes first, without the margin."""
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _yaml_entry(margin + _json_string(key) + ":", value[key], margin)
    elif isinstance(value, list | tuple) and value:
        for item in value:
            lines = list(_yaml(item, margin + "  "))
            yield margin + "- " + lines[0].removeprefix(margin + "  ")
            yield from lines[1:]
    else:
        yield from _yaml_scalar(value, margin)


def _yaml_entry(head: str, value: Any, margin: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _yaml(value, margin + "  ")
    elif isinstance(value, list | tuple) and value:
        yield head
        yield from _yaml(value, margin)
    else:
        lines = list(_yaml_scalar(value, margin + "  "))
        yield f"{head} {lines[0].removeprefix(margin + '  ')}"
        yield from lines[1:]


def _yaml_scalar(value: Any, margin: str) -> Iterator[str]:
    if isinstance(value, str):
        if "\n" in value:
            raise BeyondError("yamlencode() of a text of several lines")
        yield margin + _json_string(value)
    elif isinstance(value, Mapping):
        yield margin + "{}"
    elif isinstance(value, list | tuple):
        yield margin + "[]"
    elif value is None:
        yield margin + "null"
    else:
        yield margin + to_text(value)


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
