"""The team's dashboard: runs, successes, schedules, waiting, and what it all takes."""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.platform import Prices
from stacks import cdk, metrics
from stacks.base import Stack
from stacks.team import cost

_WEEK = "604800s"
_DAY = "86400s"
_HOUR = "3600s"
_LOOK = "600s"  # how often the watch looks
_MINUTE = "60s"
_DAYS = 30  # of the cost that is added up
_COLUMNS = 12
_HEIGHT = 4
_SCHEDULE = 'metric.label."schedule"'


def build_dashboard(stack: Stack, team: Team) -> None:
    """Runs per week, success rate, time since a schedule's last success, queue wait, use and cost."""
    tiles = [
        *_runs(team),
        *(_schedules(team) if team.schedules else ()),
        *(_services(team) if team.services else ()),
        *_use(team),
        *_cost(team, stack.platform.prices),
    ]
    layout = {
        "displayName": f"Team {team.team}",
        "mosaicLayout": {
            "columns": _COLUMNS,
            "tiles": [
                {
                    **_place(index),
                    "width": _COLUMNS // 2,
                    "height": _HEIGHT,
                    "widget": tile,
                }
                for index, tile in enumerate(tiles)
            ],
        },
    }
    cdk.google.MonitoringDashboard(
        stack.scope, "dashboard", project=stack.project, dashboard_json=json.dumps(layout, sort_keys=True)
    )


def _place(index: int) -> dict[str, int]:
    """Two tiles a row. Google leaves zeros out of what it answers, so that one written here would differ at every deploy."""
    at = {"xPos": _COLUMNS // 2 * (index % 2), "yPos": _HEIGHT * (index // 2)}
    return {key: value for key, value in at.items() if value}


def _runs(team: Team) -> list[dict[str, Any]]:
    done, failed, ended = (
        metrics.of_runs(what, team) for what in (metrics.RUNS, metrics.FAILURES, metrics.ENDED)
    )
    wait = metrics.of_runs(metrics.QUEUE_WAIT, team)
    return [
        _number("Runs done this week", _query(done, _WEEK)),
        _number("Success rate this week", _rate(done, ended, _WEEK)),
        _chart("Runs done a week", {"runs": _query(done, _WEEK)}),
        _chart("Success rate a day", {"rate": _rate(done, ended, _DAY)}, bars=False),
        _chart("Attempts failed a day", {"attempts": _query(failed, _DAY)}),
        _chart(
            "Queue wait, from asking for a run to its start (s)",
            {
                "half of the runs": _query(wait, _HOUR, "ALIGN_DELTA", "REDUCE_PERCENTILE_50"),
                "95 of 100": _query(wait, _HOUR, "ALIGN_DELTA", "REDUCE_PERCENTILE_95"),
            },
            bars=False,
        ),
    ]


def _schedules(team: Team) -> list[dict[str, Any]]:
    since = metrics.of_schedules(metrics.SINCE_SUCCESS, team)
    missed = metrics.of_schedules(metrics.MISSED, team)
    return [
        _chart(
            "Time since the last success, by schedule (s)",
            # Each look writes one value for a schedule, so that the mean is the value.
            {"": _query(since, _LOOK, "ALIGN_DELTA", "REDUCE_MEAN", by=_SCHEDULE)},
            bars=False,
        ),
        _chart("Looks at a missed schedule, by schedule", {"": _query(missed, _HOUR, by=_SCHEDULE)}),
    ]


def _services(team: Team) -> list[dict[str, Any]]:
    took = metrics.of_services(metrics.LATENCY, team)
    served, unserved, unready = (
        metrics.of_services(what, team) for what in (metrics.SERVED, metrics.UNSERVED, metrics.UNREADY)
    )
    return [
        _chart(
            "Requests to services a minute",
            {"answered": _query(served, _MINUTE), "failed on": _query(unserved, _MINUTE)},
        ),
        _chart(
            "Time that services take for a request (ms)",
            {
                "half of the requests": _query(took, _MINUTE, "ALIGN_DELTA", "REDUCE_PERCENTILE_50"),
                "95 of 100": _query(took, _MINUTE, "ALIGN_DELTA", "REDUCE_PERCENTILE_95"),
            },
            bars=False,
        ),
        _chart("Starts of a model that failed", {"starts": _query(unready, _HOUR)}),
    ]


def _use(team: Team) -> list[dict[str, Any]]:
    def asked(what: str, aligner: str) -> dict[str, Any]:
        written = f'metric.type="kubernetes.io/container/{what}" AND resource.type="k8s_container"'
        inside = f'resource.labels.namespace_name="{names.namespace(team.team)}"'
        return _query(f"{written} AND {inside}", _MINUTE, aligner)

    return [
        _chart(
            "CPUs in use and asked for",
            {
                "in use": asked("cpu/core_usage_time", "ALIGN_RATE"),
                "asked for": asked("cpu/request_cores", "ALIGN_MEAN"),
            },
            bars=False,
        ),
        _chart(
            "Memory in use and asked for",
            {
                "in use": asked("memory/used_bytes", "ALIGN_MEAN"),
                "asked for": asked("memory/request_bytes", "ALIGN_MEAN"),
            },
            bars=False,
        ),
    ]


def _cost(team: Team, prices: Prices | None) -> list[dict[str, Any]]:
    if prices is None:
        said = "platform.yaml declares no `prices`: what an hour of a CPU, of memory and of a GPU costs."
        return [{"title": "Cost, estimated", "text": {"content": said, "format": "MARKDOWN"}}]
    what = f"estimated from what pods ask for ({prices.currency})"
    return [
        _number(f"Cost of {_DAYS} days, {what}", {"prometheusQuery": cost.of_days(team, prices, _DAYS)}),
        _chart(
            f"Cost an hour, {what}", {"cost": {"prometheusQuery": cost.an_hour(team, prices)}}, bars=False
        ),
    ]


def _query(
    filter_: str, period: str, aligner: str = "ALIGN_SUM", reducer: str = "REDUCE_SUM", by: str | None = None
) -> dict[str, Any]:
    return {
        "timeSeriesFilter": {"filter": filter_, "aggregation": _aggregation(period, aligner, reducer, by)}
    }


def _rate(part: str, whole: str, period: str) -> dict[str, Any]:
    """One count over another."""
    over = _aggregation(period, "ALIGN_SUM", "REDUCE_SUM")
    return {
        "timeSeriesFilterRatio": {
            "numerator": {"filter": part, "aggregation": over},
            "denominator": {"filter": whole, "aggregation": over},
        }
    }


def _aggregation(period: str, aligner: str, reducer: str, by: str | None = None) -> dict[str, Any]:
    grouped = {"groupByFields": [by]} if by else {}
    return {
        "alignmentPeriod": period,
        "perSeriesAligner": aligner,
        "crossSeriesReducer": reducer,
        **grouped,
    }


def _number(title: str, query: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "scorecard": {"timeSeriesQuery": query}}


def _chart(title: str, queries: dict[str, dict[str, Any]], *, bars: bool = True) -> dict[str, Any]:
    """Queries by what their line is called; an empty word calls it by the labels it is grouped by."""
    sets = [
        {
            "plotType": "STACKED_BAR" if bars else "LINE",
            "timeSeriesQuery": query,
            **({"legendTemplate": legend} if legend else {}),
        }
        for legend, query in queries.items()
    ]
    return {"title": title, "xyChart": {"dataSets": sets}}
