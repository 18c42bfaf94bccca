"""Log-based metrics over what the runners, the watch and the canary record, one set for all teams.

They are made here, long before the alerts that stand on them: Cloud Monitoring refuses an alert on a metric that it has
not heard of. A project has room for 500 of them, so none is a team's own.
"""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk, metrics
from stacks.base import Stack

_CLASS = "jsonPayload.record.exit_class"
# An indexed run counts once when it is done, and whenever one of its shards fails.
_DONE = f'({_CLASS}="{names.DONE}" AND NOT jsonPayload.record.shard>0)'
_FAILED = "(NOT {}=({}))".format(_CLASS, " OR ".join(f'"{word}"' for word in names.NO_FAILURE))
_WAITED = "jsonPayload.record.durations.queue"
_SINCE = "jsonPayload.seconds_since_success"
# From one to half a year in seconds, or five hours in milliseconds, each bucket a third wider than the one before.
_TIMES = {"num_finite_buckets": 64, "growth_factor": 1.3, "scale": 1}


def build_metrics(stack: Stack) -> None:
    """Runs done, failed and waited for; schedules missed and last done; the looks of the watch; what the canary found."""
    _of_runs(stack, metrics.RUNS, "Runs done", _DONE)
    _of_runs(stack, metrics.FAILURES, "Attempts failed", _FAILED)
    _of_runs(stack, metrics.ENDED, "Runs done and attempts failed", f"({_DONE} OR {_FAILED})")
    _of_runs(stack, metrics.QUEUE_WAIT, "Time from asking for a run to its start", f"{_WAITED}>=0", _WAITED)
    schedule = f'jsonPayload.event="{names.SCHEDULE_RECORD}" AND jsonPayload.declared=true'
    _of_watch(stack, metrics.MISSED, "Schedules due and not done", f"{schedule} AND jsonPayload.missed=true")
    _of_watch(
        stack, metrics.SINCE_SUCCESS, "Time since a schedule's success", f"{schedule} AND {_SINCE}>=0", _SINCE
    )
    _of_services(stack)
    looked = f'jsonPayload.event="{names.WATCH_RECORD}" AND jsonPayload.complete=true'
    _of_looks(stack, metrics.WATCHED, "Looks at every schedule", looked)
    found = f'jsonPayload.event="{names.PROBE_RECORD}" AND jsonPayload.outcome="escaped"'
    label = {"probe": "The way out, as the canary names it"}
    _of_canary(stack, metrics.ESCAPED, "Ways out found open", found, label)
    tried = f'jsonPayload.event="{names.CANARY_RECORD}" AND jsonPayload.complete=true'
    _of_canary(stack, metrics.TRIED, "Times all ways out were tried", tried)


def _of_runs(stack: Stack, what: str, description: str, condition: str, value: str = "") -> None:
    """What alerts and dashboards count of run records; without labels, which would carry what a tenant writes to people."""
    record = f'jsonPayload.event="{names.RUN_RECORD}" AND {condition}'
    _metric(stack, what, description, _from(f'=~"^{names.namespace("")}"', record), value)


def _of_services(stack: Stack) -> None:
    """What alerts and dashboards count of the requests to services; without labels, as those over runs."""
    asked = f'jsonPayload.event="{names.REQUEST_RECORD}"'
    where = f'=~"^{names.serving_namespace(".*")}$"'
    for what, description, condition, value in (
        (metrics.SERVED, "Requests that services answered", f"{asked} AND jsonPayload.status<500", ""),
        (metrics.UNSERVED, "Requests that services failed on", f"{asked} AND jsonPayload.status>=500", ""),
        (metrics.LATENCY, "Time that services took for a request", asked, "jsonPayload.milliseconds"),
        (
            metrics.UNREADY,
            "Starts of a model that failed",
            f'jsonPayload.event="{names.UNREADY_RECORD}"',
            "",
        ),
    ):
        _metric(stack, what, description, _from(where, condition), value, unit="ms")


def _of_watch(stack: Stack, what: str, description: str, condition: str, value: str = "") -> None:
    """What alerts and dashboards count of the watch's records, by team and schedule: words of the team files."""
    _metric(
        stack,
        what,
        description,
        _from(f'="{names.PLATFORM_NAMESPACE}"', condition),
        value,
        {"team": "The team", "schedule": "The schedule, as its team file names it"},
    )


def _of_looks(stack: Stack, what: str, description: str, condition: str) -> None:
    """What the alert on the watch's own silence counts."""
    _metric(stack, what, description, _from(f'="{names.PLATFORM_NAMESPACE}"', condition))


def _of_canary(
    stack: Stack, what: str, description: str, condition: str, labels: dict[str, str] | None = None
) -> None:
    """What the alerts on the canary's findings and on its silence count."""
    _metric(stack, what, description, _from(f'="{names.CANARY_NAMESPACE}"', condition), labels=labels)


def _from(namespaces: str, condition: str) -> str:
    """Entries of containers: nobody chooses the namespace his entries come from."""
    return f'resource.type="k8s_container" AND resource.labels.namespace_name{namespaces} AND {condition}'


def _metric(
    stack: Stack,
    what: str,
    description: str,
    filter_: str,
    value: str = "",
    labels: dict[str, str] | None = None,
    unit: str = "s",
) -> None:
    # A counter of entries, or the distribution of a value in them, in `unit`.
    labels = labels or {}
    descriptor: dict[str, Any] = {
        "metric_kind": "DELTA",
        "value_type": "DISTRIBUTION" if value else "INT64",
        "unit": unit if value else "1",
        "labels": [{"key": key, "description": labels[key], "value_type": "STRING"} for key in sorted(labels)]
        or None,
    }
    cdk.google.LoggingMetric(
        stack.scope,
        f"metric_{what}".replace("-", "_"),
        project=stack.project,
        name=names.metric(what),
        description=description,
        filter=filter_,
        metric_descriptor=descriptor,
        value_extractor=f"EXTRACT({value})" if value else None,
        bucket_options={"exponential_buckets": _TIMES} if value else None,
        label_extractors={key: f"EXTRACT(jsonPayload.{key})" for key in sorted(labels)} or None,
    )
