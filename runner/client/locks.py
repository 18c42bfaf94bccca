"""A job's lock file: requirements with hashes, and nothing that would make pip do anything else.

An option in a lock could choose another index, or builds from source, which run a stranger's code outside the
seal. The machine's own configuration says where wheels come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cloister.declarations.mistakes import Mistake, shown

_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9,._-]+\])?\s*==\s*[^\s;*]+")
_HASH = re.compile(r"\s--hash=sha256:[0-9a-f]{64}(?=\s|$)")
_OPTION = re.compile(r"\s--(?!hash=)")
_CURE = "write the file with pip-compile --generate-hashes"


def mistakes(path: Path, name: str) -> Iterator[Mistake]:
    """What is wrong with a lock file, called `name` in messages."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield Mistake(name, 1, f"found bytes that are no UTF-8, expected requirements; {_CURE}")
        return
    for number, line in logical_lines(text):
        if line.startswith("-") or _OPTION.search(line):
            yield Mistake(
                name, number, f"found the option {shown(line, 40)}, expected requirements only; remove it"
            )
        elif not _PINNED.match(line):
            yield Mistake(
                name, number, f"found {shown(line, 40)}, expected NAME==VERSION with hashes; {_CURE}"
            )
        elif not _HASH.search(line):
            yield Mistake(
                name, number, f"found {shown(line, 40)} without a hash, expected --hash=sha256:...; {_CURE}"
            )


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pip joins them, each with the number of its first; comments and blank lines left out."""
    begun, joined = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        line = re.sub(r"(^|\s)#.*$", "", line)
        begun = begun or number
        joined += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        if joined.strip():
            yield begun, joined.strip()
        begun, joined = 0, ""
