"""Names from other people's files, made safe to print."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_LONGEST = 400


def plain(text: str) -> str:
    """Without control, format and bidirectional characters (shown as ``\\u....``), cut at 400 characters: a hostile
    resource name can neither move the cursor nor reverse the line it stands in."""
    shown = "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\u{ord(character):04x}"
        for character in text
    )
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}... ({len(shown)} characters)"


def dumped(tree: Any) -> str:
    """A tree as JSON, the same data for every reader: letters as they are, but characters that a terminal or an editor
    would obey rather than show (control, format, bidirectional) as ``\\u....``."""
    text = json.dumps(tree, indent=2, ensure_ascii=False)
    return re.sub(r"[^\n -~]", lambda found: _escaped(found[0]), text) + "\n"


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if unicodedata.category(character)[0] == "C" else character
