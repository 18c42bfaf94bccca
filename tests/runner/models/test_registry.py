"""Versions, promotions and rollbacks: the real runner on the real store, read back by plain HTTP."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from runner.image.exits import Exit

from ..support import finished
from .support import ARTIFACTS, Team, answered, model_files


def test_a_run_becomes_a_version(team: Team) -> None:
    run = team.train({**model_files(), "report.png": b"\x89PNG"}, accuracy=0.9)
    found = team.publish(run)
    version = found.result
    assert (version["model"], version["number"], version["by"]) == (team.name, 1, "alice")
    assert version["metrics"] == {"accuracy": 0.9}
    assert version["signature"]["inputs"] == [{"name": "x", "type": "double"}]
    lineage = version["lineage"]
    assert (lineage["job"], lineage["run_id"]) == ("evaluate", run)
    [read] = lineage["inputs"]
    assert (read["bucket"], read["objects"], read["bytes"]) == ("acme-ml-prod-fakespot-data", 1, 1)
    assert read["generation"] > 0
    assert {row["path"] for row in found.rows} == {"model.json", "predict.py", "weights.json", "golden.jsonl"}
    for row in found.rows:
        data = team.store.get(ARTIFACTS, f"models/{team.name}/files/{row['sha256']}")
        assert data is not None and hashlib.sha256(data).hexdigest() == row["sha256"]


def test_publishing_a_run_again_changes_nothing(team: Team) -> None:
    run = team.train(model_files())
    assert team.publish(run).result["number"] == 1
    before = team.objects()
    again = team.publish(run).result
    assert (again["number"], again["existed"], team.objects()) == (1, True, before)


def test_versions_are_numbered_and_shared_files_are_kept_once(team: Team) -> None:
    for slope in (2, 3):
        assert team.publish(team.train(model_files(slope), accuracy=slope / 10)).result["number"] == slope - 1
    assert len(team.objects("files/")) == 6  # card and program are the same
    rows = team.ask("list", name=team.name).rows
    assert [(row["number"], row["metrics"]["accuracy"]) for row in rows] == [(2, 0.3), (1, 0.2)]
    changes = {row["what"]: row for row in team.ask("diff", name=team.name, first=1, second=2).rows}
    assert changes["metrics.accuracy"]["second"] == 0.3
    assert set(changes) >= {"files.weights.json", "files.golden.jsonl", "lineage.run_id", "lineage.code"}
    assert "files.predict.py" not in changes and "license" not in changes


def test_promotion_and_rollback_are_a_chain(team: Team) -> None:
    for slope in (1, 2, 3):
        team.publish(team.train(model_files(slope)))
        assert team.promote(slope).result["number"] == slope
    assert team.promote(3).result["existed"] is True
    assert [team.rollback().result["number"] for _ in range(2)] == [2, 1]
    end = team.rollback()
    assert end.code == Exit.BAD_JOB and "version 1 is the first there" in end.record["cause"]
    steps = [
        json.loads(team.store.get(ARTIFACTS, name) or b"") for name in team.objects("stages/production/")
    ]
    assert [(s["sequence"], s["action"], s["by"]) for s in steps] == [
        (1, "promote", "alice"), (2, "promote", "alice"), (3, "promote", "alice"),
        (4, "rollback", "bob"), (5, "rollback", "bob"),
    ]  # fmt: skip
    shown = team.ask("show", name=team.name, number=1).result
    assert shown["stages"] == ["production"]
    assert [s["action"] for s in shown["steps"]] == ["promote", "rollback"]
    assert team.ask("show", name=team.name, number=3).result["stages"] == []


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(team: Team) -> None:
    slow = {"predict.py": "import time\ntime.sleep(2)\n"}
    for slope in (1, 2, 3):
        files = model_files(slope)
        files["model/predict.py"] = slow["predict.py"].encode() + files["model/predict.py"]
        team.publish(team.train(files))
    running = [team.start("promote", **team.promoting(number, by=f"p{number}")) for number in (1, 2)]
    found = [answered(finished(process)) for process in running]
    won, lost = sorted(found, key=lambda each: each.code)
    assert (won.code, lost.code) == (0, Exit.CONFLICT), won.why + lost.why
    winner = won.record["result"]
    assert f"{winner['by']} promoted version {winner['number']} meanwhile" in lost.record["cause"]
    assert len(team.objects("stages/production/")) == 1


def test_a_promotion_during_a_rollback_is_told(team: Team) -> None:
    for slope in (1, 2, 3):
        files = model_files(slope)
        files["model/predict.py"] = b"import time\ntime.sleep(2)\n" + files["model/predict.py"]
        team.publish(team.train(files))
    for number in (1, 2):
        assert team.promote(number).code == 0
    back = team.start("rollback", name=team.name, stage="production", by="bob", reason="worse")
    ahead = team.start("promote", **team.promoting(3))
    found = sorted((answered(finished(process)) for process in (back, ahead)), key=lambda each: each.code)
    assert [each.code for each in found] == [0, Exit.CONFLICT]
    assert "meanwhile" in found[1].record["cause"]
    assert len(team.objects("stages/production/")) == 3


RULE: dict[str, Any] = {"metric": "accuracy", "at_least": 0.5, "may_drop": 0.1}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rules": [{"metric": "accuracy", "at_least": 0.95}]}, "accuracy: 0.7, at least 0.95"),
        ({"rules": [RULE]}, "accuracy: 0.7, at least 0.8 (version 1 has 0.9)"),
        ({"rules": [{"metric": "loss", "at_most": 1}]}, "loss: the run has no such metric"),
        ({"licenses": ["MIT"]}, "license: Apache-2.0, one of MIT"),
        ({"largest": 10}, "at most 10"),
    ],
)
def test_a_check_that_does_not_hold_stops_the_promotion(
    team: Team, changes: dict[str, Any], why: str
) -> None:
    team.publish(team.train(model_files(1), accuracy=0.9))
    team.publish(team.train(model_files(2), accuracy=0.7))
    assert team.promote(1, rules=[RULE]).code == 0
    refused = team.promote(2, **changes)
    assert refused.code == Exit.BAD_JOB and why in refused.record["cause"]
    assert team.ask("show", name=team.name, number=1).result["stages"] == ["production"]


def test_rules_that_hold_are_in_the_step(team: Team) -> None:
    team.publish(team.train(model_files(), accuracy=0.9))
    checks = team.promote(1, rules=[RULE], licenses=["Apache-2.0"], largest=1 << 20).result["checks"]
    assert [(c["check"], c["holds"]) for c in checks] == [
        ("accuracy", True), ("license", True), ("size", True), ("golden", True),
    ]  # fmt: skip
