"""What became of a schedule: nightly, weekly, never ran, running, failed, suspended, changed, not deployed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.watch.judge import GRACE, Declared, Schedule, changed, schedules

NIGHTLY, WEEKLY = "0 3 * * *", "0 4 * * 1"  # 23 November 2026 is a Monday
LONG_AGO = "2026-10-01T00:00:00Z"


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def cron_job(
    cron: str = NIGHTLY,
    zone: str | None = "UTC",
    *,
    created: str = LONG_AGO,
    written: str = LONG_AGO,
    suspend: bool = False,
    **status: Any,
) -> dict[str, Any]:
    """A CronJob as the API server answers it; the controller has noted its status a moment ago."""
    return {
        "metadata": {
            "name": "nightly",
            "creationTimestamp": created,
            "managedFields": [
                {"manager": "cloister", "time": written},
                {
                    "manager": "kube-controller-manager",
                    "time": "2026-11-25T11:59:59Z",
                    "subresource": "status",
                },
            ],
        },
        "spec": {"schedule": cron, "suspend": suspend, **({"timeZone": zone} if zone else {})},
        "status": status,
    }


def said(job: dict[str, Any] | None, now: datetime, cron: str = NIGHTLY, **declared: Any) -> dict[str, Any]:
    fields = {"name": "nightly", "cron": cron, "time_zone": "UTC", "since": at(1), **declared}
    return Schedule("nightly", Declared(**fields), job).record(now)


def ran(started: str, succeeded: str | None = None) -> dict[str, Any]:
    return {"lastScheduleTime": started, **({"lastSuccessfulTime": succeeded} if succeeded else {})}


NOON = at(25, 12)
LAST_NIGHT = ran("2026-11-25T03:00:00Z", "2026-11-25T03:20:00Z")
A_MINUTE = ran("2026-11-25T03:20:00Z", "2026-11-25T03:20:30Z")
NIGHT_BEFORE = ran("2026-11-24T03:00:00Z", "2026-11-24T03:20:00Z")
MONDAY = ran("2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z")
MONDAY_BEFORE = ran("2026-11-16T04:00:00Z", "2026-11-16T05:00:00Z")


@pytest.mark.parametrize(
    ("job", "now", "state"),
    [
        (cron_job(**LAST_NIGHT), NOON, "done"),
        (cron_job(**NIGHT_BEFORE), NOON, "not-started"),
        (cron_job(**NIGHT_BEFORE), at(25, 3, 9), "done"),  # the controller may still start it
        (cron_job("* * * * *", **A_MINUTE), at(25, 3, 29), "done"),
        (cron_job("* * * * *", **A_MINUTE), at(25, 3, 31), "not-started"),  # however often it is due
        (cron_job(**NIGHT_BEFORE), at(25, 2, 59), "done"),
        (cron_job(), NOON, "not-started"),  # never ran
        (cron_job(created="2026-11-25T03:00:01Z", written="2026-11-25T03:00:01Z"), NOON, "waiting"),
        (cron_job(**ran("2026-11-25T03:00:00Z")), NOON, "not-succeeded"),
        (cron_job(**ran("2026-11-25T03:00:00Z", "2026-11-24T03:20:00Z")), NOON, "not-succeeded"),
        (cron_job(**ran("2026-11-25T03:00:00Z"), active=[{"name": "nightly-1"}]), NOON, "running"),
        # Last night's run went on past today's time: that success is not today's.
        (cron_job(**ran("2026-11-24T03:00:00Z", "2026-11-25T03:30:00Z")), NOON, "not-started"),
        (cron_job(suspend=True, **NIGHT_BEFORE), NOON, "suspended"),
        # Resumed, or its time changed, this morning: whether it was due before nobody knows.
        (cron_job(written="2026-11-25T08:00:00Z", **NIGHT_BEFORE), NOON, "done"),
        (cron_job(WEEKLY, **MONDAY), NOON, "done"),
        (cron_job(WEEKLY, **MONDAY_BEFORE), NOON, "not-started"),
        (cron_job(WEEKLY, **MONDAY_BEFORE), at(22, 12), "done"),  # six days without a run are a week's way
        (cron_job(WEEKLY), NOON, "not-started"),
        (
            cron_job(WEEKLY, created="2026-11-23T12:00:00Z", written="2026-11-23T12:00:00Z"),
            at(30, 3),
            "waiting",
        ),
        (
            cron_job(WEEKLY, created="2026-11-23T12:00:00Z", written="2026-11-23T12:00:00Z"),
            at(30, 5),
            "not-started",
        ),
        (cron_job("0 3 * * *", "Asia/Tokyo", **NIGHT_BEFORE), at(24, 17), "done"),
        (cron_job("0 3 * * *", "Asia/Tokyo", **NIGHT_BEFORE), at(24, 19), "not-started"),  # 3:00 there is 18:00
        (cron_job("@every 1h"), NOON, "unknown"),
        (cron_job("0 0 31 2 *"), NOON, "waiting"),
        (None, NOON, "not-deployed"),
        (None, at(1, 2), "waiting"),  # declared on the 1st, due at 3 for the first time
    ],
)  # fmt: skip
def test_what_became_of_it(job: dict[str, Any] | None, now: datetime, state: str) -> None:
    record = said(job, now)
    assert record["state"] == state
    assert record["missed"] is state.startswith("not-")


def test_a_record_of_a_nightly_schedule() -> None:
    record = said(cron_job(**NIGHT_BEFORE), NOON)
    assert record == {
        "schedule": "nightly",
        "state": "not-started",
        "missed": True,
        "never_ran": False,
        "declared": True,
        "deployed": True,
        "as_declared": True,
        "cron": NIGHTLY,
        "time_zone": "UTC",
        "due": "2026-11-25T03:00:00Z",
        "started": "2026-11-24T03:00:00Z",
        "succeeded": "2026-11-24T03:20:00Z",
        "seconds_since_success": 32 * 3600 + 40 * 60,
        "next_due": "2026-11-26T03:00:00Z",
        "seconds_to_next_due": 15 * 3600,
        "reason": "",
    }


def test_a_record_of_one_that_never_ran() -> None:
    record = said(cron_job(WEEKLY), NOON, WEEKLY)
    assert record["never_ran"] and record["seconds_since_success"] is None
    assert (record["due"], record["next_due"]) == ("2026-11-23T04:00:00Z", "2026-11-30T04:00:00Z")


def test_nothing_is_due_next_while_it_is_suspended() -> None:
    record = said(cron_job(suspend=True, **LAST_NIGHT), NOON)
    assert record["next_due"] is None and record["seconds_since_success"] is not None


def test_what_runs_is_told_from_what_is_declared() -> None:
    assert not said(cron_job("0 5 * * *"), NOON)["as_declared"]
    assert not said(cron_job(zone="Europe/Berlin"), NOON)["as_declared"]
    assert said(cron_job(zone=None), NOON)["time_zone"] == "UTC"


def test_what_cannot_be_evaluated_says_why() -> None:
    record = said(cron_job(zone="Europe/Atlantis"), NOON)
    assert record["state"] == "unknown" and "'Europe/Atlantis' is not a time zone" in record["reason"]


def test_declared_and_deployed_are_joined_by_name() -> None:
    declared = [Declared("a", NIGHTLY, "UTC", at(1)), Declared("nightly", NIGHTLY, "UTC", at(1))]
    found = {each.name: each for each in schedules(declared, [cron_job()])}
    assert list(found) == ["a", "nightly"]
    assert found["a"].cron_job is None and found["nightly"].cron_job and found["nightly"].declared
    (alone,) = schedules([], [cron_job()])
    assert alone.record(NOON)["declared"] is False


def test_a_note_of_status_is_no_change() -> None:
    assert changed(cron_job(written="2026-11-20T00:00:00Z")) == at(20)
    assert timedelta(minutes=20) > GRACE  # twice the watch's own pace
