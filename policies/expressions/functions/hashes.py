"""Hashes."""

from __future__ import annotations

import hashlib
import uuid
from base64 import b64encode
from typing import Any

from policies.expressions.convert import to_text
from policies.expressions.errors import WrongError
from policies.expressions.functions.registry import function

_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID, "x500": uuid.NAMESPACE_X500,
}  # fmt: skip


def _digest(name: str, text: Any) -> bytes:
    return hashlib.new(name, to_text(text).encode(), usedforsecurity=False).digest()


for _name in ("md5", "sha1", "sha256", "sha512"):

    @function(_name, 1)
    def _hexadecimal(text: Any, algorithm: str = _name) -> str:
        return _digest(algorithm, text).hex()


for _name in ("sha256", "sha512"):

    @function(f"base64{_name}", 1)
    def _base64(text: Any, algorithm: str = _name) -> str:
        return b64encode(_digest(algorithm, text)).decode()


@function("uuidv5", 2)
def uuidv5(namespace: Any, name: Any) -> str:
    space = to_text(namespace)
    try:
        return str(uuid.uuid5(_NAMESPACES.get(space) or uuid.UUID(space), to_text(name)))
    except ValueError:
        raise WrongError("uuidv5() with a namespace that is none") from None
