"""Answers of another shape: whatever stands in a field, the audit ends in a report or in a clear line, never in a trace."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from policies.snapshot.model import InputError
from tests.audit.conftest import Answers

pytestmark = pytest.mark.engine
ODD = (None, "x", "", 7, -1, True, [], ["x"], [[]], {}, {"x": None}, "${x.y}", "\x00")


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree that holds a value."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield tree, key
        yield from places(value)


def test_odd_values_everywhere_crash_nothing(answers: Answers) -> None:
    """Twenty projects, in each of which a sixth of all assets, policies and objects holds something odd somewhere."""
    company, objects = answers.company, answers.objects
    whole = copy.deepcopy((company.resources, company.policies, objects))
    for seed in range(20):
        chance = random.Random(seed)
        company.resources, company.policies, answers.objects = copy.deepcopy(whole)
        changed = (
            [item["resource"] for item in company.resources]
            + list(company.policies.values())
            + list(answers.objects or ())
        )
        for tree in changed:
            if chance.random() < 1 / 6:
                holder, key = chance.choice(list(places(tree)))
                if key not in ("asset_type", "kind"):
                    holder[key] = copy.deepcopy(chance.choice(ODD))
        try:
            report = answers.audited().report
        except InputError as error:
            assert error.messages
            continue
        assert len(report.verdicts) == 176


@pytest.mark.parametrize("odd", [None, "x", [], 7])
def test_data_of_another_shape_is_undecided_by_name(answers: Answers, odd: Any) -> None:
    router = "projects/acme-ml-prod/regions/europe-west1/routers/odd"
    answers.company.add("compute.googleapis.com/Router", router, odd)
    subjects = {
        finding.subject for finding in answers.audited().report.findings if finding.channel == "SRV-06"
    }
    assert f"//compute.googleapis.com/{router}" in subjects


def test_a_template_in_an_answer_is_a_text(answers: Answers) -> None:
    """What somebody wrote into a name is never evaluated."""
    name = "${google_storage_bucket.bucket_data.name}"
    answers.company.add("pubsub.googleapis.com/Topic", f"projects/acme-ml-prod/topics/{name}", {"name": name})
    assert name in {str(live.body.get("name")) for live in answers.audited().seen.live}
