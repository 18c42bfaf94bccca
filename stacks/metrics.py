"""The log-based metrics over run records and the records of the watch and the canary, as alerts and dashboards refer to them."""

from __future__ import annotations

from cloister.declarations import Team, names

RUNS = "runs"  # runs done
FAILURES = "failures"  # attempts failed
ENDED = "ended"  # both
QUEUE_WAIT = "queue-wait"  # seconds from asking for a run to its start
MISSED = "missed"  # looks at a declared schedule that was due and has not succeeded
SINCE_SUCCESS = "since-success"  # seconds since a declared schedule's last success
WATCHED = "watched"  # looks at all schedules
ESCAPED = "escaped"  # ways out that the canary found open
TRIED = "tried"  # times the canary has tried them all
SERVED = "served"  # requests to services that were answered
UNSERVED = "unserved"  # requests that a service failed on
LATENCY = "latency"  # milliseconds that a service took for a request
UNREADY = "unready"  # starts of a model that failed


def metric_filter(what: str, condition: str = "") -> str:
    """The monitoring filter of one of them."""
    written = (
        f'metric.type="logging.googleapis.com/user/{names.metric(what)}" AND resource.type="k8s_container"'
    )
    return f"{written} AND {condition}" if condition else written


def of_runs(what: str, team: Team) -> str:
    """A metric over run records, of one team's namespace."""
    return metric_filter(what, f'resource.labels.namespace_name="{names.namespace(team.team)}"')


def of_services(what: str, team: Team) -> str:
    """A metric over the requests to services, of one team's serving namespace."""
    return metric_filter(what, f'resource.labels.namespace_name="{names.serving_namespace(team.team)}"')


def of_schedules(what: str, team: Team) -> str:
    """A metric over the watch's records, of one team's schedules."""
    return metric_filter(what, f'metric.labels.team="{team.team}"')
