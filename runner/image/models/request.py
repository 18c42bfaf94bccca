"""What `cloister model` asks for: the key `model` of CLOISTER_SPEC, checked again inside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from runner.image.config import LABEL, RUN_ID
from runner.image.exits import Exit, Failure
from runner.image.models.places import NAME, STAGES
from runner.image.spec import METRIC, is_path

VERSION = 1
KEY = "model"
LICENSE = r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}"  # an SPDX identifier
MOST_VERSIONS = 999_999
BOUNDS = ("at_least", "at_most", "may_drop", "may_rise")
LONGEST_TEXT = 500

Check = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Whether a value of JSON is a finite number."""
    return type(value) in (int, float) and abs(value) < 1e300


def _matches(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable()


def _number(value: Any) -> bool:
    return type(value) is int and 0 < value <= MOST_VERSIONS


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _rule(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= {"metric", *BOUNDS}
        and _matches(METRIC)(value.get("metric"))
        and all(is_number(value[bound]) for bound in BOUNDS if bound in value)
    )


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


_NAME, _BY, _REASON = {"name": _matches(NAME)}, {"by": _text}, {"reason": _text}
_VERSION_OF = {**_NAME, "number": _number}
_STAGE = {"stage": lambda value: value in STAGES}
_TEAM_FILE = {"team_file": _matches(r"sha256:[0-9a-f]{64}")}

# verb -> key -> is it right? Every key must be there, and no other.
VERBS: dict[str, dict[str, Check]] = {
    "publish": {
        **_NAME, **_BY, **_TEAM_FILE,
        "job": _matches(LABEL), "run_id": _matches(RUN_ID), "folder": lambda value: value == "" or is_path(value),
    },
    "list": {"name": _or_null(_matches(NAME))},
    "show": _VERSION_OF,
    "diff": {**_NAME, "first": _number, "second": _number},
    "promote": {
        **_VERSION_OF, **_STAGE, **_BY, **_REASON, **_TEAM_FILE,
        "rules": _list_of(_rule), "licenses": _or_null(_list_of(_matches(LICENSE))),
        "largest": _or_null(lambda value: type(value) is int and value > 0),
    },
    "rollback": {**_NAME, **_STAGE, **_BY, **_REASON},
    "pull": {**_NAME, **_STAGE},
    "follow": {**_NAME, **_STAGE},
    "release": {
        **_VERSION_OF, **_BY, **_REASON, **_TEAM_FILE,
        "to": _text, "why": _text, "owner": _text, "until": _day,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A verb and what it was given; `given` has exactly the keys of VERBS."""

    verb: str
    given: dict[str, Any]

    def dump(self) -> str:
        """The text for CLOISTER_SPEC."""
        return json.dumps({"version": VERSION, KEY: {"verb": self.verb, **self.given}}, ensure_ascii=True)


def read(text: str) -> Request | None:
    """The request in CLOISTER_SPEC, None where it holds a job. Raises Failure BAD_JOB."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or KEY not in value:
        return None
    asked = value[KEY]
    verb = asked.get("verb") if isinstance(asked, dict) else None
    if set(value) != {"version", KEY} or value["version"] != VERSION or verb not in VERBS:
        raise _bad("it is no request that this runner knows")
    checks, given = VERBS[verb], {key: found for key, found in asked.items() if key != "verb"}
    wrong = sorted(set(given) ^ set(checks)) + [
        k for k, ok in checks.items() if k in given and not ok(given[k])
    ]
    if wrong:
        raise _bad(f"{', '.join(wrong)} of {verb} is not valid")
    return Request(verb, given)


def _bad(why: str) -> Failure:
    return Failure(Exit.BAD_JOB, f"the request cannot be answered: {why}", "Ask with `cloister model`")
