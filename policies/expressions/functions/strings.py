"""Functions of strings."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote

from policies.expressions.convert import MAX_TEXT, to_items, to_text, to_whole
from policies.expressions.errors import BeyondError
from policies.expressions.functions.registry import function
from policies.expressions.values import Unknown, derived


def one_by_one(text: str) -> str:
    """The text, when each of its characters is one for Terraform too (it counts grapheme clusters)."""
    if not text.isascii() and any(unicodedata.combining(c) or c in "\u200d\ufe0f" for c in text):
        raise BeyondError("characters made of several code points")
    return text


def _each(text: str, case: str) -> str:
    """Go maps letter by letter: what would become several letters stays."""
    if text.isascii():
        return str(getattr(text, case)())
    return "".join(c if len(mapped := getattr(c, case)()) != 1 else mapped for c in text)


@function("lower", 1)
def lower(text: Any) -> str:
    return _each(to_text(text), "lower")


@function("upper", 1)
def upper(text: Any) -> str:
    return _each(to_text(text), "upper")


@function("title", 1)
def title(text: Any) -> str:
    """The first letter of every word: a word ends at whatever is no letter, digit or underscore."""
    return re.sub(r"(?<!\w)\w", lambda m: _each(m[0], "upper"), to_text(text))


@function("trim", 2)
def trim(text: Any, characters: Any) -> str:
    return to_text(text).strip(to_text(characters)) if characters != "" else to_text(text)


@function("trimprefix", 2)
def trimprefix(text: Any, prefix: Any) -> str:
    return to_text(text).removeprefix(to_text(prefix))


@function("trimsuffix", 2)
def trimsuffix(text: Any, suffix: Any) -> str:
    return to_text(text).removesuffix(to_text(suffix))


@function("trimspace", 1)
def trimspace(text: Any) -> str:
    return to_text(text).strip()


@function("chomp", 1)
def chomp(text: Any) -> str:
    return re.sub(r"[\r\n]+\Z", "", to_text(text))


@function("indent", 2)
def indent(spaces: Any, text: Any) -> str:
    width = to_whole(spaces)
    found = to_text(text)
    if width < 0 or width > 10_000 or width * found.count("\n") > MAX_TEXT:
        raise BeyondError("a text too long")
    return found.replace("\n", "\n" + " " * width)


@function("startswith", 2)
def startswith(text: Any, prefix: Any) -> bool:
    return to_text(text).startswith(to_text(prefix))


@function("endswith", 2)
def endswith(text: Any, suffix: Any) -> bool:
    return to_text(text).endswith(to_text(suffix))


@function("strcontains", 2)
def strcontains(text: Any, piece: Any) -> bool:
    return to_text(piece) in to_text(text)


@function("strrev", 1)
def strrev(text: Any) -> str:
    return one_by_one(to_text(text))[::-1]


@function("substr", 3)
def substr(text: Any, offset: Any, length: Any) -> str:
    found, start, count = one_by_one(to_text(text)), to_whole(offset), to_whole(length)
    if start < 0:
        start = max(len(found) + start, 0)
        # From the end, a length of zero is no limit.
        count = count or -1
    return found[start:] if count < 0 else found[start : start + count]


@function("split", 2)
def split(separator: Any, text: Any) -> list[str]:
    by, found = to_text(separator), to_text(text)
    if by == "":
        return list(one_by_one(found))
    return found.split(by) if found else [""]


@function("join", 2, None, partial=True)
def join(separator: Any, *lists: Any) -> Any:
    by = to_text(separator)
    items = [item for values in lists for item in to_items(values)]
    found = [item for item in items if isinstance(item, Unknown)]
    if found:
        known = items[: items.index(found[0])]
        before = by.join([*(to_text(item) for item in known), ""]) if known else ""
        if len(known) == len(items) - 1:
            return Unknown(found[0].reason, before + found[0].prefix, found[0].refs, found[0].exact)
        return derived(found, before + found[0].prefix)
    texts = [to_text(item) for item in items if item is not None]
    if sum(map(len, texts)) + len(by) * len(texts) > MAX_TEXT:
        raise BeyondError("a text too long")
    return by.join(texts)


@function("urlencode", 1)
def urlencode(text: Any) -> str:
    return quote(to_text(text), safe="~").replace("%20", "+")


@function("basename", 1)
def basename(path: Any) -> str:
    found = to_text(path)
    if not found:
        return "."
    stripped = found.rstrip("/")
    return stripped.rsplit("/", 1)[-1] if stripped else "/"


@function("dirname", 1)
def dirname(path: Any) -> str:
    found = to_text(path)
    head, slash, _ = found.rpartition("/")
    if not slash:
        return "."
    if head.strip("/") == "":
        return "/" if found.startswith("/") else "."
    if any(part in (".", "..", "") for part in head.strip("/").split("/")):
        raise BeyondError("a path to be cleaned")
    return head.rstrip("/")
