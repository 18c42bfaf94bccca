"""Schedules on a real cluster: deployed with pinned digests, started by the controller, suspended and resumed."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from ..support import BUCKETS
from . import company
from .conftest import TEAM, Platform, Write

NAME = "each-minute"


def repository(write: Write, program: str = "open('out/x', 'w').write('x')") -> Path:
    """A team's repository with the schedule's job in it."""
    file = write(program)
    jobs = file.parent / "jobs"
    jobs.mkdir(exist_ok=True)
    shutil.copytree(file.parent / "src", jobs / "src", dirs_exist_ok=True)
    shutil.copy(file, jobs / "small.yaml")
    return file.parent


def deploy(platform: Platform, folder: Path, *words: str) -> str:
    said = platform.cloister("deploy", "--team", TEAM, "--repository", str(folder), *words)
    assert said.code == 0, said.err
    return said.out


def state(platform: Platform) -> dict[str, object]:
    said = platform.cloister("schedule", "list", "--team", TEAM, "--format", "json")
    [found] = said.json["schedules"]
    return dict(found)


def test_a_schedules_life(platform: Platform, write: Write) -> None:
    assert str(state(platform)["state"]).startswith("declared, not deployed")
    folder = repository(write)
    would = platform.cloister("deploy", "--team", TEAM, "--repository", str(folder), "--check")
    assert (would.code, would.out) == (1, f"{NAME}: would be deployed for the first time\n"), would.err
    assert str(state(platform)["state"]).startswith("declared, not deployed")
    assert f"deployed {NAME}: * * * * * Europe/Berlin" in deploy(platform, folder)
    deployed = state(platform)
    assert (deployed["state"], len(list(deployed["next"]))) == ("active", 5)  # type: ignore[call-overload]
    assert str(deployed["image"]).endswith(platform.image)

    deadline = time.monotonic() + 150
    while not (
        runs := [run for run in platform.history.runs() if run.schedule == NAME and run.state == "done"]
    ):
        assert time.monotonic() < deadline
        time.sleep(1)
    [run] = runs[-1:]
    manifest = platform.manifest("small", run.run_id)  # the runner and the client name the run alike
    assert manifest is not None and manifest["code"] == deployed["code"]
    assert f"{BUCKETS['artifacts']}" in str(manifest["objects"])
    assert "scheduled by each-minute" in platform.cloister("status", run.run_id, "--team", TEAM).out

    assert platform.cloister("schedule", "suspend", NAME, "--team", TEAM).code == 0
    suspended = state(platform)
    assert (suspended["state"], suspended["next"]) == ("suspended", [])
    assert deploy(platform, folder, "--check") == f"{NAME}: as deployed\n"
    repository(write, "print('other code')")
    would = platform.cloister("deploy", "--team", TEAM, "--repository", str(folder), "--check")
    assert would.code == 1, would.err
    first, second = would.out.splitlines()  # the code and nothing else
    assert first == f"{NAME}: would change" and second.startswith("  code: ")
    assert state(platform) == suspended
    deploy(platform, folder)
    again = state(platform)
    assert (
        again["code"] != deployed["code"] and again["state"] == "suspended"
    )  # a deployment wakes nothing up
    shown = platform.cloister("schedule", "show", NAME, "--team", TEAM)
    assert f"run {run.run_id}: done" in shown.out
    assert platform.cloister("schedule", "resume", NAME, "--team", TEAM).code == 0
    assert state(platform)["state"] == "active"

    file = platform.home / "teams/fakespot.yaml"
    whole = file.read_text()
    file.write_text(whole.replace(company.SCHEDULE, ""))
    try:
        assert str(state(platform)["state"]).startswith("deployed, no longer declared")
        assert f"{NAME}: no longer declared" in deploy(platform, folder)
        would = platform.cloister("deploy", "--team", TEAM, "--check", "--prune", "--format", "json")
        assert would.code == 1
        assert would.json["schedules"] == [{"schedule": NAME, "would": "remove", "changes": []}]
        assert f"{NAME}: removed" in deploy(platform, folder, "--prune")
        empty = platform.cloister("schedule", "list", "--team", TEAM)
        assert empty.out == f"teams/{TEAM}.yaml declares no schedules\n"
    finally:
        file.write_text(whole)


def test_a_schedule_that_cannot_be_deployed_changes_nothing(platform: Platform, tmp_path: Path) -> None:
    said = platform.cloister("deploy", "--team", TEAM, "--repository", str(tmp_path))
    assert said.code == 2 and "jobs/small.yaml" in said.err
    said = platform.cloister("deploy", "each-minut", "--team", TEAM)
    assert said.code == 2 and "did you mean each-minute" in said.err
