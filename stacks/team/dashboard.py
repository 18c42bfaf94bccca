"""The team's dashboard."""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations import Team, names
from stacks import cdk
from stacks.base import Stack
from stacks.team.metrics import metric_filter

_WEEK = "604800s"
_DAY = "86400s"


def build_dashboard(stack: Stack, team: Team, runs: Any, failures: Any) -> None:
    """Runs done and attempts failed, by week and day, and what the namespace uses of its quota."""
    namespace = names.namespace(team.team)
    used = f'resource.type="k8s_container" AND resource.labels.namespace_name="{namespace}"'
    tiles = [
        _number("Runs done this week", metric_filter(runs), _WEEK),
        _number("Attempts failed this week", metric_filter(failures), _WEEK),
        _chart("Runs done a day", metric_filter(runs), "ALIGN_SUM", _DAY),
        _chart("Attempts failed a day", metric_filter(failures), "ALIGN_SUM", _DAY),
        _chart(
            "CPU in use",
            f'metric.type="kubernetes.io/container/cpu/core_usage_time" AND {used}',
            "ALIGN_RATE",
            "60s",
        ),
        _chart(
            "Memory in use",
            f'metric.type="kubernetes.io/container/memory/used_bytes" AND {used}',
            "ALIGN_MEAN",
            "60s",
        ),
    ]
    layout = {
        "displayName": f"Team {team.team}",
        "mosaicLayout": {
            "columns": 12,
            "tiles": [
                {"xPos": 6 * (index % 2), "yPos": 4 * (index // 2), "width": 6, "height": 4, "widget": tile}
                for index, tile in enumerate(tiles)
            ],
        },
    }
    cdk.google.MonitoringDashboard(
        stack.scope, "dashboard", project=stack.project, dashboard_json=json.dumps(layout, sort_keys=True)
    )


def _query(filter_: str, aligner: str, period: str) -> dict[str, Any]:
    return {
        "timeSeriesFilter": {
            "filter": filter_,
            "aggregation": {
                "alignmentPeriod": period,
                "perSeriesAligner": aligner,
                "crossSeriesReducer": "REDUCE_SUM",
            },
        }
    }


def _number(title: str, filter_: str, period: str) -> dict[str, Any]:
    return {"title": title, "scorecard": {"timeSeriesQuery": _query(filter_, "ALIGN_SUM", period)}}


def _chart(title: str, filter_: str, aligner: str, period: str) -> dict[str, Any]:
    data = {"plotType": "STACKED_BAR", "timeSeriesQuery": _query(filter_, aligner, period)}
    return {"title": title, "xyChart": {"dataSets": [data]}}
