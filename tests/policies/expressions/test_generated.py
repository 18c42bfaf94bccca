"""Expressions made up by Hypothesis against ``terraform console``, many per call."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.policies.expressions.console import BEYOND, console, needs_terraform, ours, same

CALLS = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 12

words = st.text(alphabet='abzAZ09 -_./:$%{"\\é\n', max_size=6)
numbers = st.one_of(st.integers(-50, 50).map(str), st.sampled_from(["0.5", "2.25", "1e3", "-0.1"]))
strings = words.map(
    lambda text: json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
)
booleans = st.sampled_from(["true", "false"])


def numeric(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(["+", "-", "*", "/", "%"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operator, inner),
        st.builds("(0 - {})".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["max", "min"]), inner, inner),
        st.builds("abs({})".format, inner),
        st.builds("[{}, {}][{}]".format, inner, inner, st.sampled_from(["0", "1", "2"])),
        st.builds("length([for x in range({}) : x])".format, inner),
    )


def textual(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds('"<${{{}}}>"'.format, inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(["upper", "lower", "trimspace", "strrev", "title", "sha1"]),
            inner,
        ),
        st.builds("replace({}, {}, {})".format, inner, inner, inner),
        st.builds("substr({}, {}, {})".format, inner, st.integers(-5, 5), st.integers(-1, 5)),
        st.builds(
            "format({}, {})".format, st.sampled_from(['"%s"', '"a%sb"', '"%q"', '"%5s|"', '"%v"']), inner
        ),
        st.builds("join({}, split({}, {}))".format, inner, inner, inner),
        st.builds("jsonencode([{}, {}])".format, inner, inner),
        st.builds("jsondecode(jsonencode({}))".format, inner),
        st.builds("base64decode(base64encode({}))".format, inner),
        st.builds("lookup({{a = {}}}, {}, {})".format, inner, inner, inner),
        st.builds("coalesce({}, {})".format, inner, inner),
        st.builds(
            "try(regex({}, {}), {})".format, st.sampled_from(['"[a-z]+"', '"^.*$"', '"a|b"']), inner, inner
        ),
        st.builds('"%{{ if {} == {} }}{}%{{ else }}no%{{ endif }}"'.format, inner, inner, st.just("x")),
        st.builds('"%{{ for c in [{}, {}] ~}} ${{c}},%{{ endfor }}"'.format, inner, inner),
    )


def logical(left: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, left, st.sampled_from(["==", "!="]), left),
        st.builds("contains([{}, {}], {})".format, left, left, left),
        st.builds("can({} + 1)".format, left),
    )


def collected(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(inner, min_size=1, max_size=4).map(lambda found: f"[{', '.join(found)}]")
    return st.one_of(
        items,
        st.just("[]"),
        st.builds("sort({})".format, items),
        st.builds("distinct({})".format, items),
        st.builds("toset({})".format, items),
        st.builds("compact({})".format, items),
        st.builds("concat({}, {})".format, items, items),
        st.builds("reverse({})".format, items),
        st.builds("flatten([{}, [{}]])".format, items, items),
        st.builds('{{for i, x in {} : "k${{i}}" => x}}'.format, items),
        st.builds("[for x in {} : x if x != {}]".format, items, inner),
        st.builds("zipmap([for i, x in {0} : tostring(i)], {0})".format, items),
        st.builds("setunion({}, {})".format, items, items),
        st.builds("keys(merge({{a = {}}}, {{(tostring({})) = 1}}))".format, inner, inner),
        st.builds("chunklist({}, 2)".format, items),
        st.builds("{}[*]".format, items),
    )


number_trees = st.recursive(numbers, numeric, max_leaves=5)
string_trees = st.recursive(strings, textual, max_leaves=5)
conditions = st.one_of(booleans, logical(string_trees), logical(number_trees))
trees = st.one_of(
    number_trees,
    string_trees,
    conditions,
    collected(string_trees),
    collected(number_trees),
    st.builds("({} ? {} : {})".format, conditions, string_trees, string_trees),
    st.builds("({} ? {} : {})".format, conditions, number_trees, string_trees),
)


@needs_terraform
@settings(
    max_examples=CALLS, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.lists(trees, min_size=40, max_size=60))
def test_values_are_terraforms(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        theirs = console(texts, Path(folder))
    different = [
        (text, value, their)
        for text, value, their in zip(texts, map(ours, texts), theirs, strict=True)
        # An error on one side only is a difference; what is not evaluated here is none. Terraform's zero has a sign
        # that shows in texts.
        if not same(value, their) and value != BEYOND and '"-0"' not in json.dumps(their, default=str)
    ]
    assert not different, min(different, key=lambda found: len(found[0]))
