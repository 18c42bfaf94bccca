"""What became of a schedule: one of the states below, from what was declared and what Kubernetes says.

A schedule is judged by the last time it was due, the last few minutes left out: its start may still come. Times from
before the schedule was last changed do not count: nobody can tell whether it was due then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from runner.watch.cron import Cron, CronError

# Kubernetes' controller starts a run within seconds; this much later a start is missed.
GRACE = timedelta(minutes=10)

Json = Mapping[str, Any]


class State(StrEnum):
    """What became of it, the last time it was due."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"  # not due since it is what it is
    SUSPENDED = "suspended"  # by a person; nothing is due
    NOT_STARTED = "not-started"
    NOT_SUCCEEDED = "not-succeeded"  # started, over, and no run has succeeded since
    NOT_DEPLOYED = "not-deployed"  # declared, due, and no CronJob
    UNKNOWN = "unknown"  # its expression or time zone cannot be evaluated


MISSED = frozenset({State.NOT_STARTED, State.NOT_SUCCEEDED, State.NOT_DEPLOYED})


@dataclass(frozen=True)
class Declared:
    """A schedule of a team file, and when the platform last wrote it down."""

    name: str
    cron: str
    time_zone: str
    since: datetime


@dataclass(frozen=True)
class Schedule:
    """A schedule by name: declared, deployed as a CronJob, or both."""

    name: str
    declared: Declared | None
    cron_job: Json | None

    @property
    def expression(self) -> tuple[str, str]:
        """Cron expression and time zone: what is in force, else what is declared."""
        if self.cron_job is not None:
            spec = self.cron_job["spec"]
            return str(spec["schedule"]), str(spec.get("timeZone") or "UTC")
        assert self.declared is not None
        return self.declared.cron, self.declared.time_zone

    @property
    def since(self) -> datetime:
        """Since when it is what it is."""
        if self.cron_job is not None:
            return changed(self.cron_job)
        assert self.declared is not None
        return self.declared.since

    def record(self, now: datetime) -> dict[str, Any]:
        """Everything known of it, with null for what is not: the fields of its log entry."""
        status: Json = (self.cron_job or {}).get("status", {})
        started, succeeded = moment(status.get("lastScheduleTime")), moment(status.get("lastSuccessfulTime"))
        suspended = bool(self.cron_job and self.cron_job["spec"].get("suspend"))
        due = following = None
        wrong = ""
        try:
            cron = Cron.parse(*self.expression)
            due, following = cron.previous(now - GRACE), None if suspended else cron.next(now)
        except CronError as error:
            wrong = str(error)
        if due is not None and due <= self.since:
            due = None
        if wrong:
            state = State.UNKNOWN
        elif suspended:
            state = State.SUSPENDED
        elif status.get("active"):
            state = State.RUNNING
        else:
            state = self._over(due, started, succeeded)
        expression, time_zone = self.expression
        return {
            "schedule": self.name,
            "state": state.value,
            "missed": state in MISSED,
            "never_ran": started is None,
            "declared": self.declared is not None,
            "deployed": self.cron_job is not None,
            "as_declared": self.declared is not None
            and self.expression == (self.declared.cron, self.declared.time_zone),
            "cron": expression,
            "time_zone": time_zone,
            "due": rfc3339(due),
            "started": rfc3339(started),
            "succeeded": rfc3339(succeeded),
            "seconds_since_success": seconds(succeeded, now),
            "next_due": rfc3339(following),
            "seconds_to_next_due": seconds(now, following),
            "reason": wrong,
        }

    def _over(self, due: datetime | None, started: datetime | None, succeeded: datetime | None) -> State:
        """The state of a schedule none of whose runs goes on."""
        if due is None:
            return State.DONE if succeeded else State.WAITING
        if started is not None and started >= due and succeeded is not None and succeeded >= due:
            return State.DONE
        if self.cron_job is None:
            return State.NOT_DEPLOYED
        return State.NOT_STARTED if started is None or started < due else State.NOT_SUCCEEDED


def schedules(declared: list[Declared], cron_jobs: list[Json]) -> Iterator[Schedule]:
    """Every schedule of a team, by name."""
    by_name = {each.name: each for each in declared}
    deployed = {str(job["metadata"]["name"]): job for job in cron_jobs}
    for name in sorted({*by_name, *deployed}):
        yield Schedule(name, by_name.get(name), deployed.get(name))


def changed(obj: Json) -> datetime:
    """When somebody last changed what an object says; its controller's notes of its status are no change."""
    metadata: Json = obj["metadata"]
    times = [metadata["creationTimestamp"]]
    times += [
        entry["time"]
        for entry in metadata.get("managedFields", ())
        if entry.get("time") and entry.get("subresource") != "status"
    ]
    return max(found for found in map(moment, times) if found)


def moment(text: str | None) -> datetime | None:
    """A time as the API writes it."""
    return datetime.fromisoformat(text) if text else None


def rfc3339(time: datetime | None) -> str | None:
    """UTC, as RFC 3339."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if time else None


def seconds(earlier: datetime | None, later: datetime | None) -> int | None:
    """Whole seconds from one moment to another."""
    return int((later - earlier).total_seconds()) if earlier and later else None
