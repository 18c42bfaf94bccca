"""Schedules: what the team file declares, what the cluster has, and when they start next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from cloister.declarations import Team
from cloister.declarations.schedule import Schedule
from runner.client.cluster import labels
from runner.client.cluster.connection import Json
from runner.client.cluster.runs import when
from runner.watch.cron import Cron, CronError


@dataclass(frozen=True)
class Installed:
    """A schedule by name: declared, deployed, or both."""

    name: str
    declared: Schedule | None
    cron_job: Json | None

    @property
    def suspended(self) -> bool:
        return bool(self.cron_job and self.cron_job["spec"].get("suspend"))

    @property
    def last(self) -> datetime | None:
        """When it started last."""
        return when((self.cron_job or {}).get("status", {}).get("lastScheduleTime"))

    @property
    def state(self) -> str:
        """One word, or what is wrong and how to cure it."""
        if self.cron_job is None:
            return "declared, not deployed: cloister job deploy"
        if self.declared is None:
            return "deployed, no longer declared: cloister job deploy --prune"
        spec = self.cron_job["spec"]
        if (spec["schedule"], spec.get("timeZone")) != (self.declared.cron, self.declared.time_zone):
            return "declared otherwise since: cloister job deploy"
        return "suspended" if self.suspended else "active"

    @property
    def cron(self) -> tuple[str, str]:
        """Expression and time zone in force: the cluster's where it is deployed."""
        if self.cron_job is not None:
            spec = self.cron_job["spec"]
            return spec["schedule"], spec.get("timeZone") or "UTC"
        assert self.declared is not None
        return self.declared.cron, self.declared.time_zone

    def next(self, count: int, now: datetime | None = None) -> list[datetime]:
        """The next starts, in the schedule's time zone; none while it is suspended, not deployed, or not to be told."""
        if self.suspended or self.cron_job is None:
            return []
        try:
            return next_starts(*self.cron, count, now)
        except CronError:  # made by hand, in words that Kubernetes reads and a team file may not have
            return []


def installed(team: Team, cron_jobs: list[Json]) -> list[Installed]:
    """Every schedule of the team, by name."""
    declared = {schedule.name: schedule for schedule in team.schedules}
    deployed = {
        job["metadata"]["name"]: job
        for job in cron_jobs
        if labels.SCHEDULE in job["metadata"].get("labels", {})
    }
    return [
        Installed(name, declared.get(name), deployed.get(name)) for name in sorted({*declared, *deployed})
    ]


def next_starts(cron: str, time_zone: str, count: int, now: datetime | None = None) -> list[datetime]:
    """The next starts of a cron expression after `now`, in its time zone. Raises CronError."""
    due = Cron.parse(cron, time_zone)
    return [start.astimezone(due.zone) for start in islice(due.starts(now or datetime.now(UTC)), count)]
