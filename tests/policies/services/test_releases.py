"""A declared release is an assumption of COV-04, with its owner and its end."""

from __future__ import annotations

from datetime import date

from policies.channels.cov import what_is_released_may_hold_data
from policies.channels.evidence import Assumed
from policies.check import check_world
from tests.policies.iam.worlds import world

RELEASE = {
    "bucket": "results",
    "to": "group:readers@acme.example",
    "why": "published benchmark",
    "owner": "data@acme.example",
    "until": date(2027, 3, 31),
}


def test_a_release_is_an_assumption() -> None:
    found = list(what_is_released_may_hold_data(world({}, teams={"a": {"releases": [RELEASE]}})))
    assert [type(item) for item in found] == [Assumed]
    assert found[0] == Assumed(
        "results of a is released to group:readers@acme.example: published benchmark",
        "data@acme.example", date(2027, 3, 31), "results",
    )  # fmt: skip


def test_a_release_that_has_ended_is_a_finding() -> None:
    released = world({}, teams={"a": {"releases": [RELEASE]}})
    status = {
        day: next(v.status for v in check_world(released, day).verdicts if v.id == "COV-04")
        for day in (date(2027, 3, 31), date(2027, 4, 1))
    }
    verdict = next(v for v in check_world(released, date(2027, 4, 1)).verdicts if v.id == "COV-04")
    assert status[date(2027, 3, 31)] == "assumed"
    assert [finding.subject for finding in verdict.findings] == ["results"]
