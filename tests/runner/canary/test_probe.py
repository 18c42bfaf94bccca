"""What becomes of a try that breaks, hangs, or is one of many; and of settings that say too little."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable

import pytest

from runner.canary import __main__ as canary
from runner.canary.probe import Outcome, Probe, Result, Untried, each, escaped, held, once, refusal
from runner.canary.settings import BadSettings, Settings

from .conftest import SETTINGS


def breaks() -> Result:
    raise ValueError("no such thing")


def hangs() -> Result:
    time.sleep(30)
    return held("slept well")


def unknown() -> Result:
    raise Untried("nobody knows")


def outcome(attempt: Callable[[], Result], longest: int = 5) -> tuple[str, str]:
    record = Probe("p", ("NET-02",), "", attempt, longest).record()
    return record["outcome"], record["how"]


def test_a_try_that_breaks_or_hangs_is_not_held() -> None:
    assert outcome(breaks) == ("untried", "ValueError: no such thing")
    assert outcome(unknown) == ("untried", "nobody knows")
    start = time.monotonic()
    assert outcome(hangs, 1) == ("untried", "no end in 1 s")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([lambda: held("refused"), lambda: held("refused"), lambda: held("no route")], "held"),
        ([lambda: held("refused"), unknown], "untried"),
        ([unknown, lambda: escaped("connected"), lambda: held("refused")], "escaped"),
        ([], "held"),
    ],
)
def test_of_many_the_worst_counts(tries: list[Callable[[], Result]], expected: str) -> None:
    found = each({str(index): attempt for index, attempt in enumerate(tries)})
    assert found.outcome == expected
    if len(tries) == 3 and expected == "held":
        assert found.how == "refused (2), no route"


def test_what_got_out_before_the_time_was_up_is_told() -> None:
    """And what comes after is not begun."""
    tries = {"first": lambda: escaped("connected"), "second": hangs, "third": breaks}
    assert outcome(lambda: each(tries), 1) == ("escaped", "first: connected")
    assert outcome(lambda: each({"second": hangs, "third": breaks}), 1) == (
        "untried",
        "second: no end in 1 s",
    )


def test_an_answer_and_a_failure_are_asked_for_once() -> None:
    asked: list[int] = []

    def fails() -> int:
        asked.append(1)
        raise Untried("away")

    ask = once(fails)
    for _ in range(3):
        with pytest.raises(Untried, match="away"):
            ask()
    answer = once(lambda: asked.append(1) or len(asked))
    assert (answer(), answer(), len(asked)) == (2, 2, 2)


def test_an_error_that_is_no_refusal_is_no_answer() -> None:
    assert refusal(ConnectionRefusedError(errno.ECONNREFUSED, "")).outcome is Outcome.HELD
    for error in (OSError(errno.EMFILE, "too many open files"), OSError("odd")):
        with pytest.raises(Untried):
            refusal(error)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({**SETTINGS, "more": ""}),
        *(json.dumps({**SETTINGS, **wrong}) for wrong in ({"store": 1}, {"kinds": 1}, {"kinds": [1]})),
    ],
)
def test_settings_that_are_wrong_are_said_in_one_line(given: str) -> None:
    with pytest.raises(BadSettings, match=r"^CLOISTER_CANARY [^\n]*$"):
        Settings.read({"CLOISTER_CANARY": given})


def test_without_settings_nothing_is_tried(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CLOISTER_CANARY", raising=False)
    assert canary.main() == 1
    [line] = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (line["event"], line["severity"], line["complete"]) == ("canary", "ERROR", False)


def test_settings_that_name_no_place_try_the_seal_alone() -> None:
    nowhere = {name: [] if name == "kinds" else "" for name in SETTINGS}
    settings = Settings.read({"CLOISTER_CANARY": json.dumps(nowhere)})
    assert {probe.name.partition("-")[0] for probe in canary.probes(settings)} == {"sealed"}


def test_the_channels_named_are_the_catalogues() -> None:
    from policies.channels.registry import all_channels

    full = Settings(**{**SETTINGS, "kinds": (), "namespace": "n", "job": "j", "node": "n"})
    named = {channel for probe in canary.probes(full) for channel in probe.channels}
    assert named <= set(all_channels()) and len(named) > 20
    names = [probe.name for probe in canary.probes(full)]
    assert len(names) == len(set(names))
