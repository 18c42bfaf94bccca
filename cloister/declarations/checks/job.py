"""A job against its team: it may ask for less than the team has, never for more."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations.fields import memory_bytes
from cloister.declarations.job import Job
from cloister.declarations.mistakes import Mistake, nearest
from cloister.declarations.team import Team
from cloister.declarations.tree import File


def within_team(file: File[Job], team: Team) -> Iterator[Mistake]:
    """One attempt of the job fits the team's quota, its time and its network."""
    job, quota, of_team = file.value, team.quota, f"the quota of {team.team}"
    asked = job.resources
    if asked.cpu > quota.cpu:
        yield file.wrong(("resources", "cpu"), asked.cpu, f"at most {quota.cpu}, {of_team}")
    if memory_bytes(asked.memory) > memory_bytes(quota.memory):
        yield file.wrong(("resources", "memory"), asked.memory, f"at most {quota.memory}, {of_team}")
    for gpu, count in asked.gpus.items():
        location = ("resources", "gpus", gpu)
        if gpu not in quota.gpus:
            expected = f"a GPU in {of_team}: {', '.join(quota.gpus) or 'it has none'}"
            yield file.wrong(location, gpu, expected, nearest(gpu, quota.gpus))
        elif count > quota.gpus[gpu]:
            yield file.wrong(location, count, f"at most {quota.gpus[gpu]}, {of_team}")
    if job.timeout_seconds > quota.max_run_hours * 3600:
        yield file.wrong(("timeout",), job.timeout, f"at most {quota.max_run_hours}h, {of_team}")
    if job.network == "project" and team.network == "sealed":
        yield file.wrong(
            ("network",), "project", f"sealed; {team.team} is sealed and a job may not ask for more"
        )
