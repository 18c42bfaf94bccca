"""Logging filters against brute force: random filters, evaluated over entries of every namespace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.facts.log_filters import namespaces_of

NAMESPACES = ["team-a", "team-ab", "team-b", "x-team-a"]
Entry = tuple[str, str, str]  # namespace, the tenant's own label, severity
ENTRIES = [*product(NAMESPACES, ["team-a", "other"], ["INFO", "ERROR"])]


@dataclass(frozen=True)
class Written:
    text: str
    passes: Callable[[Entry], bool]


def _namespace(sign: str, name: str) -> Written:
    field = "resource.labels.namespace_name"
    if sign == "=":
        return Written(f'{field} = "{name}"', lambda e: e[0] == name)
    if sign == ":":
        return Written(f'{field}:"{name}"', lambda e: name in e[0])
    if sign == "!=":
        return Written(f'{field}!="{name}"', lambda e: e[0] != name)
    return Written(f'{field}=~"^{name}"', lambda e: e[0].startswith(name))


ATOMS = st.one_of(
    st.builds(_namespace, st.sampled_from(["=", ":", "=~", "!="]), st.sampled_from(NAMESPACES)),
    st.just(Written('labels."k8s-pod/team"="team-a"', lambda e: e[1] == "team-a")),
    st.just(Written("severity>=ERROR", lambda e: e[2] == "ERROR")),
    st.just(Written('resource.type="k8s_container"', lambda _: True)),
    st.builds(
        lambda a, b: Written(f'resource.labels.namespace_name=("{a}" OR "{b}")', lambda e: e[0] in (a, b)),
        st.sampled_from(NAMESPACES), st.sampled_from(NAMESPACES),
    ),
)  # fmt: skip


def _joined(a: Written, word: str, b: Written) -> Written:
    both = word in ("AND", "\n")
    return Written(
        f"({a.text} {word} {b.text})",
        (lambda e: a.passes(e) and b.passes(e)) if both else (lambda e: a.passes(e) or b.passes(e)),
    )


FILTERS = st.recursive(
    st.one_of(ATOMS, st.builds(lambda a: Written(f"NOT ({a.text})", lambda e: not a.passes(e)), ATOMS)),
    lambda inner: st.builds(_joined, inner, st.sampled_from(["AND", "OR", "\n"]), inner),
    max_leaves=5,
)  # fmt: skip


@given(FILTERS, st.booleans())
def test_no_entry_passes_that_does_not_fit(written: Written, bare: bool) -> None:
    text = written.text
    if bare and text.startswith("("):
        text = text[1:-1]
    found = namespaces_of(text)
    for entry in ENTRIES:
        if found is not None and written.passes(entry):
            assert found.fits(entry[0]), (text, entry, found)


@pytest.mark.parametrize(
    ("text", "names", "loose"),
    [
        ('resource.labels.namespace_name="team-a"', ("team-a",), False),
        ('resource.type="k8s_container" AND resource.labels.namespace_name="team-a"', ("team-a",), False),
        ('resource.labels.namespace_name="team-a"\n(severity>=ERROR OR severity=INFO)', ("team-a",), False),
        ('resource.labels.namespace_name=("team-a" OR "team-b")', ("team-a", "team-b"), False),
        ('resource.labels.namespace_name:"team-a"', ("team-a",), True),
        ('resource.labels."namespace_name"="team-a"', ("team-a",), False),
    ],
)
def test_filters_that_are_tied(text: str, names: tuple[str, ...], loose: bool) -> None:
    found = namespaces_of(text)
    assert found is not None
    assert (found.names, found.loose) == (names, loose)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'labels."k8s-pod/team"="team-a"',
        'resource.labels.namespace_name="team-a" OR severity>=ERROR',
        'NOT resource.labels.namespace_name="team-a"',
        'resource.labels.namespace_name!="team-a"',
        'jsonPayload.message="resource.labels.namespace_name=team-a"',
        '-resource.labels.namespace_name="team-a"',
    ],
)
def test_filters_that_are_not(text: str) -> None:
    assert namespaces_of(text) is None
