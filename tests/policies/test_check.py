"""The way through all layers: every channel judged, an error in one is no pass, several inputs are one world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from policies import check
from policies.channels.evidence import Evidence
from policies.facts.world import World
from policies.verdicts.catalogue import catalogue

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
BOUNDARY = REFERENCE / "boundary.yaml"


@pytest.mark.parametrize(
    "names", [["cdk.tf.json"], ["tfplan.json"], ["cdk.tf.json", "tfplan.json"]], ids=["json", "plan", "both"]
)
def test_every_channel_has_a_verdict_and_the_reference_no_finding(names: list[str]) -> None:
    report = check.check_paths([REFERENCE / name for name in names], BOUNDARY)
    assert [verdict.id for verdict in report.verdicts] == list(catalogue())
    assert not report.findings
    assert report.grade.letter == "D"


def test_an_error_in_a_channel_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(world: World) -> Iterable[Evidence]:
        raise KeyError("unforeseen")

    monkeypatch.setattr(check, "all_channels", lambda: {"NET-06": broken})
    report = check.check_world(check.world_of([REFERENCE / "cdk.tf.json"], BOUNDARY), date(2026, 11, 25))
    assert [(finding.channel, finding.status) for finding in report.findings] == [("NET-06", "undecided")]
    assert "KeyError" in report.findings[0].sentence
