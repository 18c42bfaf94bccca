"""Whether a value written in plain text is secret material, by its name and by its shape."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from policies.expressions.values import Unknown

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SECRET = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "pass",
        "pwd",
        "secret",
        "token",
        "credential",
        "credentials",
        "apikey",
    }
)
_KEYS = frozenset(
    {"api", "access", "private", "auth", "signing", "encryption", "secret"}
)  # before the word key
# A last word that makes of it a place, a kind or a number instead.
_ABOUT = frozenset(
    {
        "name", "names", "path", "file", "dir", "id", "ids", "version", "project", "url", "uri", "endpoint", "enabled",
        "ttl", "expiry", "expiration", "policy", "mode", "limit", "count", "length", "size", "type", "ref", "audience",
        "provider", "class",
    }
)  # fmt: skip
_SHAPE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAIza[0-9A-Za-z_-]{30,}|\bgh[pousr]_[0-9A-Za-z]{30,}|\bxox[abp]-|\bAKIA[0-9A-Z]{16}\b"
    r"|\"type\"\s*:\s*\"service_account\"|\beyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.|\bya29\.|://[^/\s:@]+:[^/\s:@]+@"
)
_POINTS = re.compile(r"^(?:/|\./|projects/|gs://|[\d.]+$|true$|false$)", re.IGNORECASE)


def looks_secret(name: str, value: Any) -> bool:
    """Whether a named value is secret material. A secret by its name counts even where the value is not known."""
    if isinstance(value, Unknown):
        return _named(name)
    text = str(value or "")
    return bool(_SHAPE.search(text)) or (bool(text) and not _POINTS.match(text) and _named(name))


def _named(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    keys = any(word == "key" and before in _KEYS for before, word in pairwise(words))
    return keys or not _SECRET.isdisjoint(words)
