"""replace, regex and regexall. Terraform's patterns are RE2's: matched here by Python's engine, after everything that
differs, or that could take it exponential time, has been put beyond evaluation."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from policies.expressions.convert import MAX_TEXT, to_text
from policies.expressions.errors import BeyondError, WrongError
from policies.expressions.functions.registry import function

# (repetitions without a limit, longest text): what a backtracking engine does in well under a second.
_LIMITS = ((0, 200_000), (1, 5_000), (2, 600), (3, 150), (4, 64), (6, 24))
_ATOM = re.compile(
    r"\\p\{|\\[pPQECXRK]|\\[dDsSwWbBAz]|\\x[0-9a-fA-F]{2}|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
    r"|\(\?P<\w+>|\(\?<\w+>|\(\?:|\(\?|\(|\)|[*+?]\??|\{\d+(?:,\d*)?\}\??|.",
    re.DOTALL,
)
_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "space": r"\t\n\v\f\r ",
    "word": r"\w", "xdigit": "0-9A-Fa-f", "blank": r"\t ", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[re.Pattern[str], int]:
    """The pattern for Python, and how many repetitions without a limit it has."""
    if len(pattern) > 1_000:
        raise BeyondError("a pattern too long")
    unlimited = 0
    # For each open group: whether it holds a repetition that could itself be repeated at great cost.
    groups: list[bool] = [False]
    parts: list[str] = []
    after_group = False
    for atom in _ATOM.findall(pattern):
        closed = False
        if atom == "\\":
            raise WrongError("a pattern that ends with a backslash")
        if atom.startswith("\\") and (atom[1] in "pPQECXRK" or atom[1].isdigit()):
            raise BeyondError("a pattern with a class or reference that only RE2 knows")
        if atom.startswith("(?") and atom not in ("(?:",) and not atom.startswith(("(?P<", "(?<")):
            raise BeyondError("a pattern with flags or look-around")
        if atom.startswith("("):
            groups.append(False)
            atom = atom.replace("(?<", "(?P<") if atom.startswith("(?<") else atom
        elif atom == ")":
            if len(groups) == 1:
                raise WrongError("a pattern with an unopened group")
            inner = groups.pop()
            groups[-1] = groups[-1] or inner
            closed = inner
        elif atom[0] in "*+?{" and (atom[0] != "{" or len(atom) > 1):
            if after_group and atom[0] != "?":
                raise BeyondError("a pattern that repeats a repetition")
            endless = atom[0] in "*+" or ",}" in atom
            unlimited += endless
            groups[-1] = True
            if atom[0] == "{" and max(int(n) for n in re.findall(r"\d+", atom)) > 1_000:
                raise WrongError("a pattern with more than 1000 repetitions")
        parts.append(_translated(atom))
        after_group = closed
    try:
        return re.compile("".join(parts), re.ASCII), unlimited
    except (re.error, RecursionError, OverflowError) as error:
        raise WrongError(f"not a pattern: {error}") from None


def _translated(atom: str) -> str:
    if atom == r"\z":
        return r"\Z"
    if atom == "$":
        return r"\Z"
    if atom == r"\Z":
        raise WrongError("not a pattern: \\Z")
    if atom.startswith("[") and len(atom) > 1:
        return re.sub(
            r"\[:(\^?)(\w+):\]", _posix, atom[0] + atom[1:].replace("[", r"\[").replace(r"\[:", "[:")
        )
    return atom


def _posix(match: re.Match[str]) -> str:
    if match[1] or match[2] not in _POSIX:
        raise BeyondError("a pattern with a class that only RE2 knows")
    return _POSIX[match[2]]


def _pattern(text: str, subject: str) -> re.Pattern[str]:
    pattern, unlimited = _compiled(text)
    longest = next((limit for count, limit in _LIMITS if unlimited <= count), 0)
    if len(subject) > longest:
        raise BeyondError("a pattern too costly for its text")
    return pattern


@function("replace", 3)
def replace(text: Any, piece: Any, replacement: Any) -> str:
    """A piece between slashes is a pattern, and ``$1`` or ``${name}`` in the replacement its groups."""
    subject, what, by = to_text(text), to_text(piece), to_text(replacement)
    if len(what) > 1 and what.startswith("/") and what.endswith("/"):
        pattern = _pattern(what[1:-1], subject)
        result = pattern.sub(lambda match: _expanded(by, match), subject)
    else:
        if (subject.count(what) + 1) * len(by) > MAX_TEXT:
            raise BeyondError("a text too long")
        result = subject.replace(what, by)
    if len(result) > MAX_TEXT:
        raise BeyondError("a text too long")
    return result


def _expanded(template: str, match: re.Match[str]) -> str:
    def group(reference: re.Match[str]) -> str:
        if reference[0] == "$$":
            return "$"
        name = reference[1] or reference[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return re.sub(r"\$\$|\$(\w+)|\$\{(\w+)\}", group, template)


@function("regex", 2)
def regex(pattern: Any, text: Any) -> Any:
    subject = to_text(text)
    found = _pattern(to_text(pattern), subject).search(subject)
    if found is None:
        raise WrongError("regex() of a pattern that does not match")
    return _captured(found)


@function("regexall", 2)
def regexall(pattern: Any, text: Any) -> list[Any]:
    subject = to_text(text)
    return [_captured(found) for found in _pattern(to_text(pattern), subject).finditer(subject)]


def _captured(match: re.Match[str]) -> Any:
    """The whole match without groups; a list of unnamed groups, an object of named ones."""
    names = match.re.groupindex
    if not match.re.groups:
        return match[0]
    if names:
        if len(names) != match.re.groups:
            raise WrongError("a pattern with both named and unnamed groups")
        return {name: match[name] for name in names}
    return list(match.groups())
