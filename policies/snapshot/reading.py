"""Bytes of a file to a JSON tree, or one line saying why not."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from policies.snapshot.model import InputError

MAX_BYTES = 512 * 1024 * 1024
MAX_DEPTH = 100
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _RefusedError(ValueError):
    """A JSON text that Python would take and that must not pass."""


def read_bytes(file: Path) -> bytes:
    """The file's content. Raises ``InputError``."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file}: larger than {MAX_BYTES // 1024**2} MiB")
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None


def parse(data: bytes, file: Path) -> Any:
    """The JSON tree of a file's content. Raises ``InputError``: not UTF-8, not JSON, a key twice in one object (the
    later one would win unseen), deeper than ``MAX_DEPTH``, numbers beyond what a double holds."""
    if data.startswith(b"PK\x03\x04"):
        raise InputError(
            f"{file}: a plan in Terraform's binary form; convert it with: terraform show -json {file.name}"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8: byte {error.start}") from None
    try:
        tree = json.loads(
            text, object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
        )
    except RecursionError:
        raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}: not JSON: {error.msg} (column {error.colno})") from None
    except _RefusedError as error:
        raise InputError(f"{file}: {error}") from None
    if _too_deep(tree):
        raise InputError(f"{file}: nested deeper than {MAX_DEPTH} levels")
    if _SURROGATE.search(data) and not _encodable(tree):
        raise InputError(f"{file}: half a surrogate pair in a string")
    return tree


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RefusedError(
            f"the key {json.dumps(twice)} stands twice in one object, and only the last would count"
        )
    return found


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"a number too large: {text[:20]}")
    return value


def _int(text: str) -> int:
    if len(text) > 400:
        raise _RefusedError(f"a number too large: {text[:20]}...")
    return int(text)


def _constant(text: str) -> Any:
    raise _RefusedError(f"{text} is not JSON")


def _too_deep(tree: Any) -> bool:
    """Level by level, so that no nesting exhausts the stack."""
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for node in level
            for inner in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def _encodable(tree: Any) -> bool:
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
