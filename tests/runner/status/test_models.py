"""`cloister status --models` over records as the runner writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .apis import Apis
from .test_status import ago, answer, status, team


def asked(verb: str, days: float, result: dict[str, Any], exit_: int = 0) -> dict[str, Any]:
    record = {"version": 1, "verb": verb, "team": "fakespot", "exit": exit_, "result": result}
    return {"timestamp": ago(days=days), "jsonPayload": {"event": "model-record", "record": record}}


def published(number: int, days: float, submitted: str) -> dict[str, Any]:
    result = {"model": "reviews", "number": number, "lineage": {"run_id": f"{submitted}-0a1b2c3d"}}
    return asked("publish", days, result)


def step(action: str, sequence: int, number_: int, days: float, **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = {
        "action": action, "sequence": sequence, "number": number_, "at": ago(days=days), "model": "reviews",
        "stage": "production",
    }  # fmt: skip
    return asked(action, days, result | more)


def run_at(days: float) -> str:
    return ago(days=days).translate({ord(c): None for c in "-:Z"}).replace("T", "-")


def models(company: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = team(company, "fakespot", "--models", *words)["models"]
    return found


HISTORY = [
    published(1, 40, run_at(41)), step("promote", 1, 1, 40),
    published(2, 10, run_at(12)), step("promote", 2, 2, 10),
    published(3, 6, run_at(7)), step("promote", 3, 3, 6), step("rollback", 4, 2, 5),
    step("promote", 5, 4, 2),  # of a version whose publication is not in the log any more
]  # fmt: skip


def test_the_measures_of_a_stage(apis: Apis, company: Path) -> None:
    apis.entries["team-fakespot"] = HISTORY
    [found] = models(company)
    assert (found["model"], found["stage"], found["number"], found["since"]) == (
        "reviews", "production", 4, ago(days=2),
    )  # fmt: skip
    assert found["promotions"] == 3  # the first is older than the four weeks
    assert found["per_week"] == pytest.approx(3 / 4, rel=1e-3)
    assert found["rolled_back"] == pytest.approx(1 / 3)
    assert found["lead"] == pytest.approx(1.5 * 86400, abs=5)  # two days, and one
    assert found["restore"] == pytest.approx(86400, abs=5)
    assert models(company, "--weeks", "8")[0]["promotions"] == 4


def test_stages_and_models_are_told_apart_and_a_step_is_counted_once(apis: Apis, company: Path) -> None:
    apis.entries["team-fakespot"] = [
        step("promote", 1, 1, 3), step("promote", 1, 1, 3), step("promote", 1, 2, 2, stage="staging"),
        step("promote", 1, 7, 1, model="spam"),
    ]  # fmt: skip
    found = [(each["model"], each["stage"], each["number"], each["promotions"]) for each in models(company)]
    assert found == [
        ("reviews", "production", 1, 1),
        ("reviews", "staging", 2, 1),
        ("spam", "production", 7, 1),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        asked("promote", 1, {}), asked("promote", 1, {"model": "reviews"}), asked("promote", 1, [] or None),
        step("promote", 2, 9, 1, at="yesterday"), step("promote", 2, 9, 1, number="x"),
        asked("promote", 1, step("promote", 2, 9, 1)["jsonPayload"]["record"]["result"], exit_=73),
        published(9, 1, "not-a-run"), {"timestamp": ago(days=1), "jsonPayload": {"event": "model-record"}},
        {"timestamp": ago(days=1), "jsonPayload": {"event": "output", "record": step("promote", 2, 9, 1)}},
    ],
)  # fmt: skip
def test_what_the_runner_did_not_write_counts_for_nothing(
    apis: Apis, company: Path, entry: dict[str, Any]
) -> None:
    apis.entries["team-fakespot"] = [step("promote", 1, 1, 3), entry]
    [found] = models(company)
    assert (found["number"], found["promotions"]) == (1, 1)


def test_nothing_is_said_of_models_unless_asked_or_where_it_cannot_be_read(apis: Apis, company: Path) -> None:
    assert team(company)["models"] is None
    assert models(company) == []
    apis.entries["team-fakespot"] = None
    assert team(company, "fakespot", "--models")["models"] is None
    assert any("Permission denied on view" in reason for reason in answer(company, "--models")["unread"])


def test_the_terminal_shows_them_and_the_page_says_that_it_does_not(apis: Apis, company: Path) -> None:
    apis.entries["team-fakespot"] = HISTORY
    said = status(company, "--models", "--team", "fakespot").output
    [line] = [line for line in said.splitlines() if line.startswith("fakespot") and "reviews" in line]
    assert line.split()[1:4] == ["reviews", "production", "4"] and "33%" in line and "1d12h" in line
    assert "no model was promoted yet" in status(company, "--models", "--team", "translations").output
    wrong = status(company, "--models", "--format", "html")
    assert wrong.exit_code == 2 and "--models is for text and JSON" in wrong.output
    assert json.loads(status(company, "--format", "json").stdout)["version"] == 1
