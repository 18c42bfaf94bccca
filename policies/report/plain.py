"""Names from other people's files, made safe to print."""

from __future__ import annotations

import unicodedata

_LONGEST = 400


def plain(text: str) -> str:
    """Without control, format and bidirectional characters (shown as ``\\u....``), cut at 400 characters: a hostile
    resource name can neither move the cursor nor reverse the line it stands in."""
    shown = "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\u{ord(character):04x}"
        for character in text
    )
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}... ({len(shown)} characters)"
