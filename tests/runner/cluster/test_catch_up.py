"""Schedules that could not start in time: made up for once, not too late, and never beside a run that goes on.

The controller is told that a schedule last started long ago, so that nobody has to wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kubernetes import client

from . import company
from .conftest import NAMESPACE, TEAM, Platform, Write
from .test_schedule_life import deploy, repository

LONG_AGO = timedelta(hours=40)
SHORT = "open('out/x', 'w').write('x')"
LONG = "import time; time.sleep(75)"


@pytest.fixture
def team_file(platform: Platform) -> Iterator[Path]:
    file = platform.home / "teams/fakespot.yaml"
    whole = file.read_text()
    yield file
    file.write_text(whole)
    for each in client.BatchV1Api(platform.cluster.client).list_namespaced_cron_job(NAMESPACE).items:
        platform.cloister("schedule", "suspend", each.metadata.name, "--team", TEAM)
        client.BatchV1Api(platform.cluster.client).delete_namespaced_cron_job(each.metadata.name, NAMESPACE)


def declare(file: Path, **crons: str) -> None:
    """These schedules instead of the example's."""
    lines = [
        f"  - {{name: {name.replace('_', '-')}, cron: '{cron}', time_zone: UTC, job: jobs/small.yaml}}\n"
        for name, cron in crons.items()
    ]
    file.write_text(file.read_text().replace(company.SCHEDULE, "schedules:\n" + "".join(lines)))


def daily(ago: timedelta) -> str:
    """Once a day, last that long ago."""
    due = datetime.now(UTC) - ago
    return f"{due.minute} {due.hour} * * *"


def switch(platform: Platform, to: str, *names: str) -> None:
    for name in names:
        said = platform.cloister("schedule", to, name, "--team", TEAM)
        assert said.code == 0, said.err


def last_started(platform: Platform, name: str, ago: timedelta) -> None:
    """Let the cluster believe so: as after a time without a controller, or suspended."""
    at = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
    batch = client.BatchV1Api(platform.cluster.client)
    batch.patch_namespaced_cron_job_status(name, NAMESPACE, {"status": {"lastScheduleTime": at}})


def runs(platform: Platform, name: str) -> list[str]:
    """The runs of a schedule, by their states."""
    return [run.state.value for run in platform.history.runs() if run.schedule == name]


def test_what_was_missed_is_made_up_for_once_and_not_too_late(
    platform: Platform, write: Write, team_file: Path
) -> None:
    declare(team_file, made_up=daily(timedelta(hours=1)), too_late=daily(timedelta(hours=13)))
    deploy(platform, repository(write, SHORT))
    names = ("made-up", "too-late")
    switch(platform, "suspend", *names)
    for name in names:
        last_started(platform, name, LONG_AGO)
    time.sleep(2)
    assert not runs(platform, "made-up"), "a suspended schedule starts nothing"
    switch(platform, "resume", *names)
    deadline = time.monotonic() + 90
    while runs(platform, "made-up") != ["done"]:
        assert time.monotonic() < deadline, runs(platform, "made-up")
        time.sleep(0.5)
    last_started(platform, "too-late", LONG_AGO)  # the controller looks once more
    time.sleep(5)
    assert (runs(platform, "made-up"), runs(platform, "too-late")) == (["done"], [])
    shown = platform.cloister("schedule", "show", "made-up", "--team", TEAM, "--format", "json").json
    # Named by the time it was due, not by that at which it could start.
    [run] = shown["runs"]
    due = datetime.strptime(run["run_id"][:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    assert timedelta(minutes=59) < datetime.now(UTC) - due < timedelta(minutes=65)


def test_a_run_that_goes_on_is_not_joined_by_the_next(
    platform: Platform, write: Write, team_file: Path
) -> None:
    declare(team_file, busy="* * * * *")
    deploy(platform, repository(write, LONG))
    last_started(platform, "busy", timedelta(minutes=10))  # ten starts were missed, one is made up for
    deadline = time.monotonic() + 70
    while runs(platform, "busy") != ["running"]:
        assert time.monotonic() < deadline, runs(platform, "busy")
        time.sleep(0.5)
    first_ended = None
    deadline = time.monotonic() + 130
    while first_ended is None:
        states = runs(platform, "busy")
        assert states.count("running") + states.count("waiting") <= 1, states
        assert time.monotonic() < deadline, states
        if states[-1] == "done":
            first_ended = time.monotonic()
        time.sleep(0.5)
    while len(runs(platform, "busy")) < 2:  # the start that fell into it comes right after it
        assert time.monotonic() < first_ended + 30
        time.sleep(0.5)
    events = client.CoreV1Api(platform.cluster.client).list_namespaced_event(
        NAMESPACE, field_selector="involvedObject.kind=CronJob,involvedObject.name=busy"
    )
    assert "JobAlreadyActive" in {event.reason for event in events.items}
    switch(platform, "suspend", "busy")
    for run in platform.history.runs():
        if run.schedule == "busy" and not run.state.ended:
            platform.cloister("cancel", run.run_id, "--team", TEAM)
