"""What adds an edge never lowers the number of findings.

The edges are the changes of the cases that open or weaken a channel by adding resources; they are added to the
reference one after the other, in any order, and no step may leave fewer findings than there were.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.check import check_paths

TESTS = Path(__file__).parents[1]
REFERENCE = TESTS / "data" / "reference"
SYNTH = json.loads((REFERENCE / "cdk.tf.json").read_text())
EXAMPLES = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 8


@cache
def edges() -> dict[str, dict[str, Any]]:
    """Changes that only add resources whose absence cannot be a control, by the name of their case."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((TESTS / "cases").glob("*/*/*/case.yaml")):
        case = yaml.safe_load(path.read_text())
        change = case.get("change") or {}
        added = case.get("base") == "reference" and "boundary" not in case and set(change) == {"resource"}
        if case["expect"]["status"] in ("open", "weakened") and added and _only_adds(change["resource"]):
            found["/".join(path.parts[-3:-1])] = change["resource"]
    return found


def _only_adds(resources: dict[str, Any]) -> bool:
    return all(
        isinstance(named, dict) and isinstance(body, dict) and name not in SYNTH["resource"].get(type_, {})
        for type_, named in resources.items()
        for name, body in (named.items() if isinstance(named, dict) else [("", None)])
    )


def with_edge(tree: dict[str, Any], label: str, resources: dict[str, Any]) -> dict[str, Any]:
    """The tree with the resources of an edge, under names of their own."""
    renamed = json.loads(json.dumps(resources))
    text = json.dumps(renamed)
    for type_, named in resources.items():
        for name in named:
            text = text.replace(f"{type_}.{name}.", f"{type_}.{label}_{name}.")
    grown = {**tree, "resource": dict(tree["resource"])}
    for type_, named in json.loads(text).items():
        grown["resource"][type_] = {
            **grown["resource"].get(type_, {}),
            **{f"{label}_{name}": body for name, body in named.items()},
        }
    return grown


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edges") / "cdk.tf.json"


def findings(file: Path, tree: dict[str, Any]) -> set[tuple[str, str]]:
    """(channel, subject) of everything that fails."""
    file.write_text(json.dumps(tree))
    report = check_paths([file], REFERENCE / "boundary.yaml")
    return {(finding.channel, finding.subject) for finding in report.findings}


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES < 100
)
@given(data=st.data())
def test_an_edge_lowers_nothing(file: Path, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(edges())), min_size=1, max_size=4, unique=True))
    tree, before = SYNTH, findings(file, SYNTH)
    for number, name in enumerate(names):
        tree = with_edge(tree, f"e{number}", edges()[name])
        after = findings(file, tree)
        assert len(after) >= len(before), (names[: number + 1], sorted(before - after))
        before = after
