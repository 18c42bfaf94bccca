"""The CEL of admission policies: fast patterns against the real evaluator, variables, errors, and the authorizer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.facts.evaluator import cel
from policies.facts.kubernetes.admission.language import Error, Evaluation, Untold, Variable, Variables
from policies.facts.kubernetes.admission.patterns import matches

PIECES = st.sampled_from(
    ["a", "b", "-", "/", ".", "^", "$", "[a-c]", "[^/]", r"\d", r"\w", r"\.", r"[\w.]", "(a|b)", "(?:ab)+", "a*", "b+?", "a{1,2}",
     "[.]", "|", r"\s", "_", "0"]
)  # fmt: skip
PATTERNS = st.builds(
    lambda flag, pieces: flag + "".join(pieces), st.sampled_from(["", "(?i)"]), st.lists(PIECES, max_size=6)
)
TEXTS = st.text(alphabet="abAB0/._- \n", max_size=8)


def evaluator(text: str, pattern: str) -> bool | None:
    try:
        return bool(cel().evaluate("text.matches(pattern)", {"text": text, "pattern": pattern}))
    except RuntimeError:
        return None


@given(PATTERNS, TEXTS)
def test_patterns_mean_what_the_evaluator_means(pattern: str, text: str) -> None:
    expected = evaluator(text, pattern)
    if expected is None:
        with pytest.raises(ValueError):
            matches(text, pattern)
    else:
        assert matches(text, pattern) == expected


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [("a\n", "^a$", False), ("é", r"^\w$", True), ("A", "(?i)^a$", True), ("x", r"\p{L}", True),
     ("ab", "(?=a)", None), ("sha256:" + "0" * 64, "^sha256:[0-9a-f]{64}$", True)],
)  # fmt: skip
def test_patterns_at_the_edges(text: str, pattern: str, found: bool | None) -> None:
    assert evaluator(text, pattern) == found
    if found is None:
        with pytest.raises(ValueError):
            matches(text, pattern)
    else:
        assert matches(text, pattern) == found


def evaluate(expression: str, allowed: bool = False, **values: Any) -> Any:
    found = Evaluation(values, lambda check: allowed)
    found.ready([expression])
    return found(expression)


def test_a_field_that_is_not_there_is_an_error_of_the_expression() -> None:
    assert isinstance(evaluate("object.spec.hostNetwork == false", object={"spec": {}}), Error)


def test_what_the_evaluator_lacks_is_untold() -> None:
    assert isinstance(evaluate("object.?spec.orValue({}) == {}", object={}), Untold)
    assert isinstance(evaluate("quantity('1Gi').isGreaterThan(quantity('1Mi'))"), Untold)
    assert isinstance(evaluate("nowhere == 1"), Untold)


def test_an_error_that_the_api_server_absorbs_is_untold() -> None:
    """exists() over an element without the field is true where another has it, for the API server."""
    spec = {"containers": [{"name": "a"}, {"name": "b", "image": "x"}]}
    assert isinstance(evaluate("object.containers.exists(c, c.image == 'x')", object=spec), Untold)


def test_a_macro_cannot_take_the_name_of_something_else() -> None:
    assert isinstance(evaluate("[1].all(object, object == 1)", object={}), Untold)


def test_the_authorizer_is_asked_for_what_the_expression_builds() -> None:
    expression = (
        "authorizer.group('').resource('namespaces').name(request.namespace).check('delete').allowed()"
    )
    asked: list[Any] = []
    found = Evaluation({"request": {"namespace": "a"}}, lambda check: bool(asked.append(dict(check))))
    found.ready([expression])
    assert found(expression) is False
    assert asked == [
        {"requestResource": {}, "group": "", "resource": "namespaces", "name": "a", "check": "delete"}
    ]
    assert evaluate(expression, allowed=True, request={"namespace": "a"}) is True


@pytest.mark.parametrize(
    ("expression", "value"),
    [("'A,b'.split(',')", ["A", "b"]), ("'aB'.lowerAscii()", "ab"), ("'abc'.substring(1)", "bc"), ("' a '.trim()", "a"),
     ("'a-b'.replace('-', '')", "ab"), ("['a', 'b'].join('/')", "a/b"), ("'abc'.indexOf('c')", 2), ("'abc'.charAt(1)", "b"),
     ("'matches(' + \"x.matches('a')\"", "matches(x.matches('a')"), ("'abc'.matches('b')", True)],
)  # fmt: skip
def test_kubernetes_own_functions(expression: str, value: Any) -> None:
    assert evaluate(expression) == value


def test_variables_stand_on_each_other_and_are_shared() -> None:
    shared = Variables()
    one: dict[str, Variable] = {}
    one["spec"] = shared.define("object.spec", one)
    one["names"] = shared.define("variables.spec.items.map(i, i.name)", one)
    two: dict[str, Variable] = {}
    two["s"] = shared.define("object.spec", two)
    assert two["s"] is one["spec"]
    text, used = shared.read("variables.names.all(n, n != 'variables.spec')", one)
    assert used == {one["names"].name}
    assert "'variables.spec'" in text  # strings stay as they are
    needs = used.union(*(shared.by_name[name].needs for name in used))
    together = shared.together([text, "true"], needs)
    answer = evaluate(together, object={"spec": {"items": [{"name": "a"}]}})
    for _ in needs:
        answer = answer[0]
    assert answer == [True, True]
    found = Evaluation({"object": {"spec": {"items": [{"name": "a"}]}}}, lambda check: False)
    assert (
        found.one_by_one([shared.by_name[name] for name in needs], [text, "variables.gone == 1"])[0] is True
    )
