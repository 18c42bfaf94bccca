"""Label selectors against Kubernetes' own words for them, and the search for a pod that none selects against brute
force."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.expressions.values import Unknown
from policies.facts.kubernetes.selectors import Requirement, Selector, selector, unselected
from policies.facts.resource import Block

KEYS, VALUES = ("a", "b", "c"), ("1", "2", "3")
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries({"key": st.sampled_from(KEYS), "operator": st.sampled_from(["In", "NotIn"]),
                           "values": st.lists(st.sampled_from(VALUES), min_size=1, unique=True)}),
    st.fixed_dictionaries({"key": st.sampled_from(KEYS), "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
)  # fmt: skip
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSIONS, max_size=3)}
)


def selected(given_selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """As apimachinery's labels.Requirement.Matches reads."""
    for key, value in given_selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for item in given_selector.get("matchExpressions", []):
        key, operator = item["key"], item["operator"]
        if operator == "In" and (key not in labels or labels[key] not in item["values"]):
            return False
        if operator == "NotIn" and key in labels and labels[key] in item["values"]:
            return False
        if operator == "Exists" and key not in labels:
            return False
        if operator == "DoesNotExist" and key in labels:
            return False
    return True


@given(SELECTORS, LABELS)
def test_a_selector_selects_what_kubernetes_selects(body: dict[str, Any], labels: dict[str, str]) -> None:
    found = selector(Block(body, ""))
    assert found.matches(labels) == selected(body, labels)
    assert found.may_match(labels) == found.matches(labels)


@given(st.lists(SELECTORS, max_size=4))
def test_a_pod_that_none_selects_is_found_where_there_is_one(bodies: list[dict[str, Any]]) -> None:
    found = unselected(selector(Block(body, "")) for body in bodies)
    choices = [[None, *((key, value) for value in (*VALUES, "other"))] for key in KEYS]
    every = [dict(item for item in combination if item) for combination in product(*choices)]
    free = [labels for labels in every if not any(selected(body, labels) for body in bodies)]
    if not bodies:
        assert found == {}
    elif found is None:
        assert free == []
    else:
        assert not any(selected(body, found) for body in bodies)


def test_what_is_not_known_selects_nothing_for_sure() -> None:
    unknown = selector(Block({"matchLabels": Unknown("later")}, ""))
    assert not unknown.matches({})
    assert unknown.may_match({})
    assert unselected([unknown]) == {}
    value = Selector((Requirement("a", "In", frozenset("1")),))
    assert not value.matches({"a": Unknown("later")})
    assert value.may_match({"a": Unknown("later")})
    assert not Selector((Requirement("a", "NotIn", frozenset("1")),)).matches({"a": Unknown("later")})


def test_an_operator_that_is_none_selects_nothing_for_sure() -> None:
    odd = selector(Block({"matchExpressions": [{"key": "a", "operator": "Near", "values": ["1"]}]}, ""))
    assert not odd.matches({"a": "1"})


def test_too_many_labels_to_try_is_a_pod_that_escapes() -> None:
    wide = [
        Selector((Requirement(f"k{number}", "In", frozenset(str(v) for v in range(9))),))
        for number in range(8)
    ]
    assert unselected(wide) == {}
