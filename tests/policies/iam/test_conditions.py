"""IAM conditions against brute force: random conditions, evaluated in Python over many requests.

The oracle shares nothing with the proof: it evaluates the tree that the condition was written from, one request at a
time, over every name of a small alphabet of resources.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.expressions.values import Unknown
from policies.facts.conditions import TYPES, Place, extract, holds, open_prefixes, read, surely_holds
from policies.facts.datanodes import reached_under
from tests.policies.iam.worlds import PROJECT, world

BUCKETS = ["a", "ab", "abc", "b", "team-a", "team-ab", "team-b"]
NAMES = [f"projects/_/buckets/{b}{rest}" for b in BUCKETS for rest in ("", "/objects/in/x", "/objects/out/y")]
TIMES = [datetime(year, 6, 1, tzinfo=UTC) for year in (2001, 2019, 2026, 2031, 2150)]
OBJECT, BUCKET = TYPES["object"], TYPES["bucket"]


def place(name: str) -> Place:
    return Place(name, *(OBJECT if "/objects/" in name else BUCKET))


@dataclass(frozen=True)
class Written:
    """A condition as CEL, and what it means."""

    text: str
    means: Callable[[Place, datetime], bool]


def _atom(kind: str, value: str) -> Written:
    if kind == "startsWith":
        return Written(f'resource.name.startsWith("{value}")', lambda p, _: p.name.startswith(value))
    if kind == "endsWith":
        tail = value.rsplit("/", 1)[-1]
        return Written(f'resource.name.endsWith("{tail}")', lambda p, _: p.name.endswith(tail))
    if kind == "equals":
        return Written(f'resource.name == "{value}"', lambda p, _: p.name == value)
    if kind == "in":
        return Written(f'resource.name in ["{value}", "x"]', lambda p, _: p.name in (value, "x"))
    bucket = value.removeprefix("projects/_/buckets/").split("/")[0]

    def extracted(p: Place, _: datetime) -> bool:
        found = re.search("/buckets/(.*?)/objects", p.name)
        return (found[1] if found else "") == bucket

    return Written(f'resource.name.extract("/buckets/{{b}}/objects") == "{bucket}"', extracted)


def _timed(before: bool, year: int) -> Written:
    moment = datetime(year, 1, 1, tzinfo=UTC)
    sign = "<" if before else ">="
    return Written(
        f'request.time {sign} timestamp("{year}-01-01T00:00:00Z")',
        lambda _, t: t < moment if before else t >= moment,
    )


PREFIXES = [
    *NAMES,
    *(f"projects/_/buckets/{b}/" for b in BUCKETS),
    "projects/_/buckets/team-",
    "projects/_/buckets/",
]
ATOMS = st.one_of(
    st.builds(_atom, st.sampled_from(["startsWith", "endsWith", "equals", "in", "extract"]), st.sampled_from(PREFIXES)),
    st.builds(_timed, st.booleans(), st.sampled_from([2010, 2025, 2030])),
    st.just(Written(f'resource.type == "{OBJECT[0]}"', lambda p, _: p.type == OBJECT[0])),
    st.just(Written(f'resource.type != "{BUCKET[0]}"', lambda p, _: p.type != BUCKET[0])),
    st.just(Written("true", lambda *_: True)),
)  # fmt: skip


def _and(a: Written, b: Written) -> Written:
    return Written(f"({a.text} && {b.text})", lambda p, t: a.means(p, t) and b.means(p, t))


def _or(a: Written, b: Written) -> Written:
    return Written(f"({a.text} || {b.text})", lambda p, t: a.means(p, t) or b.means(p, t))


def _not(a: Written) -> Written:
    return Written(f"!({a.text})", lambda p, t: not a.means(p, t))


CONDITIONS = st.recursive(
    ATOMS, lambda inner: st.one_of(st.builds(_and, inner, inner), st.builds(_or, inner, inner), st.builds(_not, inner)),
    max_leaves=4,
)  # fmt: skip


@given(CONDITIONS)
def test_an_allow_covers_every_request_that_passes(condition: Written) -> None:
    for name in NAMES:
        passes = any(condition.means(place(name), moment) for moment in TIMES)
        assert holds(condition.text, place(name)) or not passes, (condition.text, name)


@given(CONDITIONS)
def test_readings(condition: Written) -> None:
    reading = read(condition.text)
    answers = {(name, moment): condition.means(place(name), moment) for name in NAMES for moment in TIMES}
    if reading.kind == "always":
        assert all(answers.values()), condition.text
    if reading.kind == "never":
        assert not any(answers.values()), condition.text
    if reading.kind == "time":
        for name in NAMES:
            assert any(answers[name, moment] for moment in TIMES), condition.text
    if reading.until is not None:
        assert not any(passed for (_, moment), passed in answers.items() if moment > reading.until), (
            condition.text
        )
    parts = len(re.findall(r"endsWith|extract", condition.text))
    assert reading.kind != "undecided" if parts == 0 else parts == 1 or reading.kind == "undecided", (
        condition.text
    )


@given(CONDITIONS)
def test_a_deny_is_counted_only_where_it_is_sure(condition: Written) -> None:
    if surely_holds(condition.text):
        assert all(condition.means(place(name), moment) for name in NAMES for moment in TIMES)


@given(CONDITIONS)
def test_data_nodes_under_a_condition(condition: Written) -> None:
    """Every bucket of which some object or itself passes is found, by index or not."""
    tree = world(
        {"google_storage_bucket": {f"b{i}": {"name": b, "project": PROJECT} for i, b in enumerate(BUCKETS)}}
    )
    expected = {
        name.split("/")[3] for name in NAMES if any(condition.means(place(name), moment) for moment in TIMES)
    }
    assert {node.get("name") for node in reached_under(tree, condition.text)} >= expected, condition.text


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        (None, "always"),
        ("true", "always"),
        ("false", "never"),
        ('resource.name.startsWith("projects/_/buckets/x/") || true', "always"),
        ('request.time < timestamp("2030-01-01T00:00:00Z")', "time"),
        ('request.time.getHours("Europe/Berlin") < 8', "time"),
        ('request.time.getHours("No/Where") < 8', "undecided"),
        ('resource.name.matches("a.*")', "undecided"),
        ("resource.name.startsWith(", "undecided"),
        ("destination.port == 443", "undecided"),
        ('request.auth.claims.x == "y"', "undecided"),
        ('api.getAttribute("other", "") == "x"', "undecided"),
        ("'yes'", "undecided"),
        ("1", "undecided"),
        (Unknown("known after apply"), "undecided"),
        ('resource.type == "storage.googleapis.com/Object"', "narrows"),
        ("(" * 500 + "true" + ")" * 500, "undecided"),
    ],
)
def test_what_can_be_decided(condition: str | Unknown | None, kind: str) -> None:
    found = read(condition).kind
    assert found == kind or (kind == "undecided" and found == "always" and "((" in str(condition))


def test_roles_a_change_is_limited_to() -> None:
    only = 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/a", "roles/b"])'
    assert read(only).roles == {"roles/a", "roles/b"}
    assert read(f"{only} || true").roles is None
    assert read('resource.name == "x"').roles is None


def test_tags_are_told_apart() -> None:
    both = 'resource.matchTag("1/a", "x") && !resource.matchTag("1/b", "x")'
    assert holds(both, place(NAMES[0]))
    assert not holds('resource.matchTag("1/a", "x") && !resource.matchTag("1/a", "x")', place(NAMES[0]))


def test_tags_may_be_bound() -> None:
    reading = read('resource.matchTag("123/env", "prod")')
    assert reading.tags
    assert holds('resource.matchTag("123/env", "prod")', place(NAMES[0]))
    assert not surely_holds('resource.matchTag("123/env", "prod")')


@pytest.mark.parametrize(
    ("condition", "prefixes"),
    [
        ('resource.name.startsWith("projects/_/buckets/team-a")', ["projects/_/buckets/team-a"]),
        ('resource.name.startsWith("projects/_/buckets/team-a/")', []),
        ('resource.name == "projects/_/buckets/team-a"', []),
        (
            'resource.name.startsWith("projects/_/buckets/team-a/objects/in")',
            ["projects/_/buckets/team-a/objects/in"],
        ),
        ('resource.type == "storage.googleapis.com/Object"', []),
        (None, []),
    ],
)
def test_prefixes_that_end_inside_a_name(condition: str | None, prefixes: list[str]) -> None:
    assert open_prefixes(condition) == prefixes


# cloud.google.com/iam/docs/conditions-attribute-reference#extract
@pytest.mark.parametrize(
    ("text", "template", "found"),
    [
        ("projects/_/buckets/acme-orders-aaa/data_lake/orders/order_date=2019-11-03/x", "/order_date={date}/", "2019-11-03"),
        ("projects/p/x", "projects/{rest}", "p/x"),
        ("projects/p/x", "{all}", "projects/p/x"),
        ("projects/p/x", "{before}/x", "projects/p"),
        ("projects/p/x", "/y/{z}", ""),
        ("projects/p", "/p/{z}", ""),
        ("x", "{broken", ""),
    ],
)  # fmt: skip
def test_extract(text: str, template: str, found: str) -> None:
    assert extract(text, template) == found
