"""A team's runs by week, from what Kubernetes keeps and from the run records in the team's log bucket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cloister.declarations.names import DONE, NO_FAILURE
from runner.client.cluster import manifests
from runner.client.cluster.entries import Entry, record_of
from runner.client.cluster.runs import Run, State, when
from runner.client.status.model import Runs, Week

WEEK = timedelta(days=7)
KEPT = timedelta(seconds=manifests.KEPT)  # Kubernetes forgets ended runs then


@dataclass(frozen=True)
class Ended:
    """A run that ended well or badly; cancelled ones are neither."""

    at: datetime
    done: bool


def of_cluster(runs: Iterable[Run]) -> dict[str, Ended | None]:
    """Runs that Kubernetes knows, by id; None for those that go on or were cancelled."""
    return {
        run.run_id: Ended(run.finished, run.state is State.DONE)
        if run.finished and run.state in (State.DONE, State.FAILED)
        else None
        for run in runs
    }


def of_records(entries: Iterable[Entry]) -> dict[str, Ended | None]:
    """Runs by the records of their attempts and shards: done when every shard is, failed when the last word is that."""
    records: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        if record := record_of(entry):
            records.setdefault(str(record.get("run_id", "")), []).append(record)
    return {run_id: _ended(its) for run_id, its in records.items() if run_id}


def by_week(ended: Iterable[Ended | None], since: datetime, now: datetime) -> Runs:
    """Counts of whole weeks back from `now`, as many as begin after `since`, and at least one."""
    found = [each for each in ended if each is not None]
    count = max(1, round((now - since) / WEEK))
    weeks = []
    for index in range(count):
        until = now - index * WEEK
        of_week = [each for each in found if until - WEEK < each.at <= until]
        done = sum(each.done for each in of_week)
        weeks.append(Week(until, done, len(of_week) - done))
    last = max((each.at for each in found if each.done), default=None)
    return Runs(since, tuple(weeks), last)


def _ended(records: list[dict[str, Any]]) -> Ended | None:
    done = {record.get("shard") for record in records if record.get("exit_class") == DONE}
    shards = max(int(record.get("shards") or 1) for record in records)
    at = max((at for record in records if (at := when(str(record.get("finished") or "")))), default=None)
    if at is None:
        return None
    if len(done) >= shards:
        return Ended(at, True)
    failed = any(record.get("exit_class") not in NO_FAILURE for record in records)
    return Ended(at, False) if failed else None
