"""How often and how fast a team's models change: from the records that `cloister model` leaves in the team's log bucket.

The four measures are DORA's (dora.dev/guides/dora-metrics-four-keys), read from steps of a stage: how often versions go
there, how long from a run's submission until its version is there, the share that was rolled back, and how long the
version that was then undone had been there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from runner.client.cluster.entries import Entry
from runner.client.cluster.runs import when
from runner.client.status.model import ModelStatus
from runner.image.models.words import PROMOTE, RECORD, ROLLBACK
from runner.image.occasion import asked_at

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class _Step:
    """One promotion or rollback; `number` is the version that is in the stage from here on."""

    sequence: int
    action: str
    number: int
    at: datetime


def of_records(entries: Iterable[Entry], since: datetime, now: datetime) -> tuple[ModelStatus, ...]:
    """Each stage of each model, by name. Steps before `since` tell what is in a stage, and are not counted."""
    steps: dict[tuple[str, str], dict[int, _Step]] = {}
    submitted: dict[tuple[str, int], datetime] = {}
    for entry in entries:
        record = entry.get("record")
        if entry.get("event") != RECORD or not isinstance(record, dict) or record.get("exit") != 0:
            continue
        _take(record.get("verb"), record.get("result"), steps, submitted)
    return tuple(
        _measured(model, stage, [found[key] for key in sorted(found)], submitted, since, now)
        for (model, stage), found in sorted(steps.items())
    )


def _take(verb: Any, result: Any, steps: dict[Any, dict[int, _Step]], submitted: dict[Any, datetime]) -> None:
    """A record that has not the shape the runner writes says nothing."""
    try:
        if verb == "publish":
            submitted[result["model"], int(result["number"])] = asked_at(result["lineage"]["run_id"])
        elif verb in (PROMOTE, ROLLBACK):
            at = when(result["at"])
            if at is not None:
                step = _Step(int(result["sequence"]), str(result["action"]), int(result["number"]), at)
                steps.setdefault((str(result["model"]), str(result["stage"])), {})[step.sequence] = step
    except (KeyError, TypeError, ValueError):
        return


def _measured(
    model: str, stage: str, steps: list[_Step], submitted: dict[Any, datetime], since: datetime, now: datetime
) -> ModelStatus:
    promoted = [step for step in steps if step.action == PROMOTE and step.at >= since]
    undone = [
        (step, before) for before, step in pairwise(steps) if step.action == ROLLBACK and step.at >= since
    ]
    leads = [
        (step.at - submitted[model, step.number]).total_seconds()
        for step in promoted
        if (model, step.number) in submitted
    ]
    return ModelStatus(
        model=model,
        stage=stage,
        number=steps[-1].number,
        since=steps[-1].at,
        promotions=len(promoted),
        per_week=len(promoted) / ((now - since) / WEEK),
        rolled_back=min(1.0, len(undone) / len(promoted)) if promoted else None,
        lead=median(leads) if leads else None,
        restore=median((step.at - before.at).total_seconds() for step, before in undone) if undone else None,
    )
