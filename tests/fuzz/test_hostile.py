"""Whatever the input, the answer is a report or one clear line per mistake: no stack trace, no hang.

A few examples in every test run; `make fuzz` looks for five minutes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.check import check_paths
from policies.report.model import Report
from policies.snapshot import InputError
from tests.fuzz.mutations import mutated

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
BOUNDARY = REFERENCE / "boundary.yaml"
SYNTH = json.loads((REFERENCE / "cdk.tf.json").read_text())
PLAN = json.loads((REFERENCE / "tfplan.json").read_text())
# `make fuzz` spends some five minutes here.
EXAMPLES = 1200 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 15
LONGEST = 20.0

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True,
    derandomize=EXAMPLES < 100,
)  # fmt: skip


def answered(files: Iterable[tuple[Path, bytes]]) -> Report | None:
    """The report over files, None where the input is refused. Anything else fails the test."""
    paths = []
    for path, content in files:
        path.write_bytes(content)
        paths.append(path)
    start = time.monotonic()
    try:
        report = check_paths(paths, BOUNDARY)
    except InputError as error:
        assert error.messages
        assert all(message and "\n" not in message for message in error.messages)
        return None
    finally:
        assert time.monotonic() - start < LONGEST
    for finding in report.findings:
        assert finding.sentence, finding
        assert finding.subject, finding
    return report


def written(tree: Any) -> bytes:
    return json.dumps(tree).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@fuzzed
@given(tree=mutated(SYNTH))
def test_configurations(folder: Path, tree: Any) -> None:
    answered([(folder / "cdk.tf.json", written(tree))])


@fuzzed
@given(tree=mutated(PLAN))
def test_plans(folder: Path, tree: Any) -> None:
    answered([(folder / "plan.json", written(tree))])


@fuzzed
@given(synth=mutated(SYNTH, 2), plan=mutated(PLAN, 2))
def test_pairs(folder: Path, synth: Any, plan: Any) -> None:
    answered([(folder / "cdk.tf.json", written(synth)), (folder / "plan.json", written(plan))])


@fuzzed
@given(
    start=st.integers(0, 5000), length=st.integers(0, 200), noise=st.binary(max_size=40), plan=st.booleans()
)
def test_bytes(folder: Path, start: int, length: int, noise: bytes, plan: bool) -> None:
    content = (REFERENCE / ("tfplan.json" if plan else "cdk.tf.json")).read_bytes()
    answered([(folder / "cdk.tf.json", content[:start] + noise + content[start + length :])])
