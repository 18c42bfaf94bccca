"""Whether a value written in plain text is secret material, by its name and by its shape."""

from __future__ import annotations

import re
from typing import Any

from policies.expressions.values import Unknown

_NAME = re.compile(
    r"(?i)passw|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|connection[_-]?string"
)
# A name that only says where a secret is.
_POINTER = re.compile(
    r"(?i)(?:name|path|file|id|version|project|url|uri|endpoint|enabled?|ttl|expir\w*|policy|mode)$"
)
_SHAPE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAIza[0-9A-Za-z_-]{30,}|\bgh[pousr]_[0-9A-Za-z]{30,}|\bxox[abp]-|\bAKIA[0-9A-Z]{16}\b"
    r"|\"type\"\s*:\s*\"service_account\"|\beyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.|\bya29\.|://[^/\s:@]+:[^/\s:@]+@"
)


def looks_secret(name: str, value: Any) -> bool:
    """Whether a named value is secret material. A secret by its name counts even where the value is not known."""
    if isinstance(value, Unknown):
        return bool(_NAME.search(name)) and not _POINTER.search(name)
    text = str(value or "")
    if _SHAPE.search(text):
        return True
    return bool(text) and bool(_NAME.search(name)) and not _POINTER.search(name)
