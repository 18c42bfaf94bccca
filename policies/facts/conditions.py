"""IAM conditions, judged by the real CEL evaluator: what a condition holds for, and whether it narrows at all.

An allow whose condition cannot be decided is taken as unconditional, a deny as absent. What is decided is the part of
the language whose answer depends on the resource alone (its name, type and service), on the time, and on tags: each
question is asked of the evaluator under every time around the condition's own and every answer of a tag, and a
condition holds where it holds under any of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, Literal
from zoneinfo import ZoneInfo

from policies.expressions.values import Unknown
from policies.facts.evaluator import cel

Kind = Literal["narrows", "time", "always", "never", "undecided"]

# cloud.google.com/iam/docs/conditions-attribute-reference: what the answer may hang on besides these is undecided.
_VARIABLES = frozenset({"resource", "request", "api"})
_FUNCTIONS = frozenset(
    {
        "_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_?_:_", "@in",
        "startsWith", "endsWith", "extract", "timestamp", "getAttribute", "hasOnly",
        "matchTag", "matchTagId", "hasTagKey", "hasTagKeyId",
        "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes",
    }
)  # fmt: skip
TAG_FUNCTIONS = frozenset({"matchTag", "matchTagId", "hasTagKey", "hasTagKeyId"})
_TIMES = re.compile(r"""timestamp\(\s*["']([^"']+)["']\s*\)""")
_TAG_CALLS = re.compile(
    r"""\b(matchTag|matchTagId|hasTagKey|hasTagKeyId)\(\s*["']([^"']*)["']\s*(?:,\s*["']([^"']*)["']\s*)?\)"""
)
_LITERAL = re.compile(r"""r?"((?:[^"\\]|\\.)*)"|r?'((?:[^'\\]|\\.)*)'""")
_REQUEST = re.compile(
    r"\brequest\.(?!time\b)\w+|\brequest\[|\bresource\[|\bresource\.(?!name\b|type\b|service\b|matchTag|hasTagKey)\w+"
)
_GRANTS_BY_ROLE = "iam.googleapis.com/modifiedGrantsByRole"
# What a request to list objects lists, which its caller chooses; it is a request about the bucket
# (cloud.google.com/iam/docs/conditions-attribute-reference#cloud-storage-list).
_LISTED = "storage.googleapis.com/objectListPrefix"
_ATTRIBUTES = re.compile(r"""\bgetAttribute\(\s*["']([^"']*)["']""")
_MOST_TAGS = 4
_MOST_PAIRS = 12
_STRANGE = (
    "zqx",
    "7w_",
)  # names that no condition is about; two, for one may end or begin as a condition asks


@dataclass(frozen=True, slots=True)
class Place:
    """What a condition is asked about: ``resource.name``, ``resource.type`` and ``resource.service``."""

    name: str
    type: str
    service: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a condition comes to.

    - narrows: it holds for some resources and not for others
    - time: it holds for every resource at some time (``until``: the last moment, None without an end)
    - always, never: constant
    - undecided: ``why`` says what could not be decided

    ``literals`` are the strings it compares names with; ``tags`` whether a tag decides it; ``roles`` the roles it lets
    a policy change touch, None where it does not restrict them. ``anchored``: it compares names whole or from their
    start, and asserts nothing of the names it does not fit.
    """

    kind: Kind
    why: str = ""
    literals: tuple[str, ...] = ()
    tags: bool = False
    until: datetime | None = None
    roles: frozenset[str] | None = None
    anchored: bool = False


def read(condition: str | Unknown | None) -> Reading:
    """What a condition comes to; no condition holds always."""
    if condition is None:
        return Reading("always", "there is no condition")
    if isinstance(condition, Unknown):
        return Reading("undecided", f"it is not known before it is applied ({condition.reason})")
    return _read(condition)


@cache
def _read(expression: str) -> Reading:
    program = _Program.compile(expression)
    if isinstance(program, str):
        return Reading("undecided", program)
    literals = tuple(_literals(expression))
    seen = {program.holds(place) for place in _probes(literals)}
    tags = bool(program.tags)
    roles = program.roles(literals)
    if seen == {True} and roles is None and not program.timed:
        return Reading("always", "it holds for every resource", literals, tags)
    if seen == {False} and not program.partial:
        return Reading("never", "it holds for no resource", literals, tags)
    if seen == {True} and roles is None and program.timed:
        return Reading(
            "time", "at some time it holds for every resource", literals, tags, program.until(literals)
        )
    until = program.until(literals) if program.timed else None
    anchored = program.anchored and not any(program.holds(place) for place in _generic())
    return Reading("narrows", "", literals, tags, until, roles, anchored)


def holds(condition: str | Unknown | None, place: Place) -> bool:
    """Whether an allow under this condition can apply to a resource. True where it cannot be decided."""
    if condition is None or isinstance(condition, Unknown):
        return True
    program = _Program.compile(condition)
    return True if isinstance(program, str) else program.holds(place)


def surely_holds(condition: str | Unknown | None) -> bool:
    """Whether a deny under this condition applies whatever is asked. False where it cannot be decided."""
    return condition is None or (read(condition).kind == "always" and "resource" not in str(condition))


def open_prefixes(condition: str | Unknown | None) -> list[str]:
    """Name prefixes of the condition that end inside a name: it holds for ``<prefix>`` and for ``<prefix>x`` alike, so
    also for what somebody else calls ``<prefix>x``."""
    reading = read(condition)
    if reading.kind != "narrows" or not isinstance(condition, str):
        return []
    if any(holds(condition, place) for place in _generic()):
        return []
    return [
        literal
        for literal in reading.literals
        if re.match(r"(projects|folders|organizations)/.*[^/]$", literal)
        and any(holds(condition, Place(f"{literal}-zqx/a/b", *kind)) for kind in _kinds(reading.literals))
    ]


# Resource types of the services that hold data, as conditions write them.
TYPES = {
    "bucket": ("storage.googleapis.com/Bucket", "storage.googleapis.com"),
    "object": ("storage.googleapis.com/Object", "storage.googleapis.com"),
    "folder": ("storage.googleapis.com/ManagedFolder", "storage.googleapis.com"),
    "dataset": ("bigquery.googleapis.com/Dataset", "bigquery.googleapis.com"),
    "table": ("bigquery.googleapis.com/Table", "bigquery.googleapis.com"),
    "secret": ("secretmanager.googleapis.com/Secret", "secretmanager.googleapis.com"),
    "version": ("secretmanager.googleapis.com/SecretVersion", "secretmanager.googleapis.com"),
    "log view": ("logging.googleapis.com/LogView", "logging.googleapis.com"),
    "log bucket": ("logging.googleapis.com/LogBucket", "logging.googleapis.com"),
    "key": ("cloudkms.googleapis.com/CryptoKey", "cloudkms.googleapis.com"),
    "topic": ("pubsub.googleapis.com/Topic", "pubsub.googleapis.com"),
    "disk": ("compute.googleapis.com/Disk", "compute.googleapis.com"),
    "project": ("cloudresourcemanager.googleapis.com/Project", "cloudresourcemanager.googleapis.com"),
}


def _kinds(literals: Iterable[str]) -> list[tuple[str, str]]:
    """(type, service) of every data service, and whatever else the condition writes."""
    written = [(text, text.split("/")[0]) for text in literals if ".googleapis.com" in text]
    return [*TYPES.values(), *written]


def _generic() -> Iterator[Place]:
    """Resources that no condition names, one of every type."""
    for kind in TYPES.values():
        for strange in _STRANGE:
            yield Place(f"projects/{strange}/{strange}/{strange}", *kind)


def _probes(literals: tuple[str, ...]) -> Iterator[Place]:
    """Resources of every type: some that nothing names, and for each literal the names that it is, begins and ends, alone
    and with another."""
    names = [
        name for s in _STRANGE for name in (f"projects/{s}/{s}/{s}", f"projects/_/buckets/{s}/objects/{s}")
    ]
    for literal in literals:
        names += [literal, f"projects/_/buckets/{literal}/objects/zqx", f"projects/_{literal}zqx"]
        names += [name for s in _STRANGE for name in (f"{literal}{s}", f"{s}{literal}")]
    named = [text for text in literals if ".googleapis.com" not in text]
    if len(named) <= _MOST_PAIRS:
        names += [name for a, b in product(named, repeat=2) for name in (f"{a}{b}", f"{a}zqx{b}")]
    for kind in _kinds(literals):
        for name in names:
            yield Place(name, *kind)


def _literals(expression: str) -> Iterator[str]:
    """The strings a condition compares names with, and its templates with these filled in."""
    found = [a if a else b for a, b in _LITERAL.findall(_TIMES.sub("", expression))]
    seen = list(dict.fromkeys(text for text in found if text))
    templates = [text for text in seen if "{" in text]
    yield from seen
    for template, text in product(templates, [text for text in seen if ".googleapis.com" not in text]):
        head, _, tail = template.partition("{")
        yield f"{head}{text}{tail.partition('}')[2]}"


class _Program:
    """A compiled condition with the worlds it is asked in."""

    def __init__(self, program: Any, expression: str) -> None:
        self._program = program
        functions = set(program.functions())
        self.tags = sorted(set(_TAG_CALLS.findall(expression)))
        self.partial = bool(functions & {"endsWith", "extract"})
        self.timed = bool(re.search(r"\brequest\s*\.\s*time\b", expression))
        self.anchored = not self.partial and not functions & {"_!=_", "!_", "_?_:_"}
        self.by_role = _GRANTS_BY_ROLE in expression
        self._lists = ["", *_literals(expression)] if _LISTED in expression else [""]
        self._moments = list(_moments(expression)) if self.timed else [datetime.now(UTC)]
        self._written = [moment for text in _TIMES.findall(expression) if (moment := _moment(text))]
        self._cache: dict[Place, bool] = {}

    @staticmethod
    @cache
    def compile(expression: str) -> _Program | str:
        """The program, or the phrase that says why the condition cannot be decided."""
        try:
            program = cel().compile(expression)
        except (ValueError, TypeError, RuntimeError):
            return "it is not CEL"
        strange = sorted(set(program.functions()) - _FUNCTIONS)
        if strange:
            return f"it calls {strange[0].strip('_')}, whose answer no plan decides"
        if other := sorted(set(program.variables()) - _VARIABLES):
            return f"it asks about {other[0]}, which no plan decides"
        if found := _REQUEST.search(expression):
            return f"it asks about {found[0]}, which no plan decides"
        if too_much := _too_much(expression, set(program.functions())):
            return too_much
        asked = _ATTRIBUTES.findall(expression)
        if len(asked) != expression.count("getAttribute") or not set(asked) <= {_GRANTS_BY_ROLE, _LISTED}:
            return "it asks about an attribute of the request, which no plan decides"
        made = _Program(program, expression)
        try:
            made._ask(
                Place("projects/zqx", *TYPES["project"]), made._moments[0], (True,) * len(made.tags), None, ""
            )
        except _Undecided as reason:
            return str(reason)
        return made

    def holds(self, place: Place) -> bool:
        """Whether it holds for a resource at some time, under some tags, for some change of roles."""
        if place not in self._cache:
            self._cache[place] = any(self._answers(place, None))
        return self._cache[place]

    def _answers(self, place: Place, roles: list[str] | None) -> Iterator[bool]:
        tags = list(product((True, False), repeat=len(self.tags)))
        for moment, answers, listed in product(self._moments, tags, self._lists):
            try:
                yield self._ask(place, moment, answers, roles, listed)
            except _Undecided:
                yield True

    def roles(self, literals: tuple[str, ...]) -> frozenset[str] | None:
        """The roles whose grants a policy change may touch, None where any."""
        if not self.by_role:
            return None
        anywhere = Place("projects/zqx", *TYPES["project"])
        if any(self._answers(anywhere, ["roles/zqx"])):
            return None
        return frozenset(
            text for text in literals if "roles/" in text and any(self._answers(anywhere, [text]))
        )

    def until(self, literals: tuple[str, ...]) -> datetime | None:
        """The last of the condition's moments at which it can hold, None where it holds after all of them."""
        anywhere = list(_probes(literals))
        for moment in sorted(self._moments, reverse=True):
            tags = product((True, False), repeat=len(self.tags))
            for place, answers, listed in product(anywhere, tags, self._lists):
                try:
                    if self._ask(place, moment, answers, None, listed):
                        return min((end for end in self._written if end >= moment), default=None)
                except _Undecided:
                    return None
        return None

    def _ask(
        self, place: Place, moment: datetime, tags: tuple[bool, ...], roles: list[str] | None, listed: str
    ) -> bool:
        context = cel().Context(
            variables={
                "resource": {"name": place.name, "type": place.type, "service": place.service},
                "request": {"time": moment},
                "api": {},
            }
        )
        context.add_function("extract", extract)
        context.add_function("getAttribute", _attribute(place, roles, listed))
        context.add_function("hasOnly", lambda listed, allowed: all(item in allowed for item in listed))
        for name, part in _parts().items() if self.timed else ():
            context.add_function(name, part)
        answers = dict(zip(self.tags, tags, strict=True))
        for name in {call[0] for call in self.tags}:
            context.add_function(name, _tag_answer(name, answers))
        try:
            result = self._program.execute(context)
        except Exception as error:  # the evaluator raises whatever its Rust side does
            raise _Undecided(f"the evaluator fails on it ({type(error).__name__})") from None
        if not isinstance(result, bool):
            raise _Undecided("it is not a yes or no")
        return result


def _attribute(place: Place, roles: list[str] | None, listed: str) -> Callable[..., Any]:
    """What a request says of itself: the roles it changes grants of, and the prefix of the objects it lists."""

    def of(_api: Any, name: str, default: Any) -> Any:
        if name == _LISTED:
            return listed if listed and place.type == TYPES["bucket"][0] else default
        return default if roles is None else roles

    return of


def _tag_answer(name: str, answers: dict[tuple[str, str, str], bool]) -> Callable[..., bool]:
    return lambda _resource, key, value="": answers[name, key, value]


def _too_much(expression: str, functions: set[str]) -> str | None:
    """Why a condition asks for more than a few samples decide, None where it does not."""
    parts = len(re.findall(r"\.(?:endsWith|extract)\(", expression))
    if parts > 1 or (parts and len(list(_literals(expression))) > _MOST_PAIRS):
        return "it compares several parts of a name"
    if len(functions & set(_parts())) > 1:
        return "it compares several parts of the time"
    calls = len(re.findall(r"\b(?:matchTag|matchTagId|hasTagKey|hasTagKeyId)\b", expression))
    if calls != len(_TAG_CALLS.findall(expression)) or len(set(_TAG_CALLS.findall(expression))) > _MOST_TAGS:
        return "it asks about more tags than are told apart here"
    return None


class _Undecided(Exception):
    """The evaluator has no answer."""


def _moments(expression: str) -> Iterator[datetime]:
    """Times before, at and after every time the condition writes, and now."""
    now = datetime.now(UTC)
    yield now
    day = timedelta(days=1)
    for text in _TIMES.findall(expression):
        if moment := _moment(text):
            yield from (moment - day, moment, moment + day)
    if ".get" in expression:  # days of a year, hours of a day: parts of the time are asked for
        yield from (now + day * step for step in range(1, 366, 11))
        yield from (now + timedelta(hours=step) for step in range(1, 24))
    yield datetime(2200, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parts() -> dict[str, Callable[..., int | None]]:
    """CEL's timestamp functions, which the evaluator lacks; a second argument is a time zone's name.

    Source: github.com/google/cel-spec, Standard Definitions: months, days of week and of the year count from 0.
    """
    takes: dict[str, Callable[[datetime], int]] = {
        "getFullYear": lambda moment: moment.year,
        "getMonth": lambda moment: moment.month - 1,
        "getDate": lambda moment: moment.day,
        "getDayOfMonth": lambda moment: moment.day - 1,
        "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
        "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
        "getHours": lambda moment: moment.hour,
        "getMinutes": lambda moment: moment.minute,
    }

    def part(take: Callable[[datetime], int]) -> Callable[..., int | None]:
        def of(moment: datetime, zone: str = "UTC") -> int | None:
            try:
                return take(moment.astimezone(ZoneInfo(zone)))
            except (KeyError, ValueError, OSError):
                return None  # no such zone: comparing null with a number is an error of the condition

        return of

    return {name: part(take) for name, take in takes.items()}


def extract(text: str, template: str) -> str:
    """IAM's ``extract``: what stands in ``text`` where ``template`` has ``{...}``; empty where it does not fit.

    Source: cloud.google.com/iam/docs/conditions-attribute-reference#extract.
    """
    before, brace, rest = template.partition("{")
    if not brace or "}" not in rest:
        return ""
    after = rest.partition("}")[2]
    start = text.find(before) if before else 0
    if start < 0:
        return ""
    tail = text[start + len(before) :]
    if not after:
        return tail
    end = tail.find(after)
    return tail[:end] if end >= 0 else ""
