"""Metrics over a team's run records."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from stacks import cdk
from stacks.base import Stack
from stacks.team.logs import namespace_filter

_CLASS = "jsonPayload.record.exit_class"


def build_metrics(stack: Stack, team: Team) -> tuple[Any, Any]:
    """Counters of runs done and of attempts failed.

    An indexed run counts once when it is done, and whenever one of its shards fails.
    """
    done = f'{_CLASS}="{names.DONE}" AND NOT jsonPayload.record.shard>0'
    no_failure = " OR ".join(f'"{word}"' for word in names.NO_FAILURE)
    return (
        _metric(stack, team, "runs", "Runs done", done),
        _metric(stack, team, "failures", "Attempts failed", f"NOT {_CLASS}=({no_failure})"),
    )


def _metric(stack: Stack, team: Team, what: str, description: str, condition: str) -> Any:
    """A counter over run records. It extracts no labels: those would carry what a tenant writes to people."""
    return cdk.google.LoggingMetric(
        stack.scope,
        f"metric_{what}",
        project=stack.project,
        name=names.team_metric(team.team, what),
        description=f"{description} of the team {team.team}",
        filter=f'resource.type="k8s_container" AND {namespace_filter(team)}'
        f' AND jsonPayload.event="{names.RUN_RECORD}" AND {condition}',
        metric_descriptor={"metric_kind": "DELTA", "value_type": "INT64", "unit": "1"},
    )


def metric_filter(metric: Any) -> str:
    """The monitoring filter of a log-based metric over containers' entries."""
    return f'metric.type="logging.googleapis.com/user/{metric.name}" AND resource.type="k8s_container"'
