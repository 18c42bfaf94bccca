"""Alerts: what is wrong, whom it reaches, and what to do about it."""

from __future__ import annotations

from typing import Any

from stacks.base import Stack


def alert(
    stack: Stack,
    *,
    title: str,
    conditions: dict[str, dict[str, Any]],
    advice: str,
    runbook: str,
    channels: list[Any],
    labels: dict[str, str] | None = None,
    close_after: str = "86400s",
    severity: str = "ERROR",
) -> dict[str, Any]:
    """The arguments of an alert policy that opens when any of the conditions, named in words, holds.

    `advice` is Markdown, `runbook` a page of docs/runbooks/.
    """
    return {
        "project": stack.project,
        "display_name": title,
        "combiner": "OR",
        "severity": severity,
        "notification_channels": channels,
        "conditions": [{"display_name": name, **condition} for name, condition in conditions.items()],
        "alert_strategy": {"auto_close": close_after},
        "documentation": documentation(advice, runbook),
        "user_labels": labels,
    }


def documentation(advice: str, runbook: str) -> dict[str, str]:
    """What a notification says: the advice, and the runbook with the rest."""
    return {"content": f"{advice}\n\nRunbook: docs/runbooks/{runbook}.md", "mime_type": "text/markdown"}


def count_above_zero(filter_: str, period: str, by: str | None = None) -> dict[str, Any]:
    """A condition: a counter grew within the period, by the values of a label."""
    return {"condition_threshold": _threshold(filter_, period, "COMPARISON_GT", 0, by)}


def count_below_one(filter_: str, period: str) -> dict[str, Any]:
    """A condition: a counter did not grow within the period."""
    return {"condition_threshold": _threshold(filter_, period, "COMPARISON_LT", 1, None)}


def absent(filter_: str, period: str) -> dict[str, Any]:
    """A condition: a counter that once was there has nothing to say for the period."""
    return {
        "condition_absent": {
            "filter": filter_,
            "duration": period,
            "aggregations": [_sum("600s", None)],
        }
    }


def _threshold(filter_: str, period: str, comparison: str, value: int, by: str | None) -> dict[str, Any]:
    return {
        "filter": filter_,
        "comparison": comparison,
        "threshold_value": value,
        "duration": "0s",
        "aggregations": [_sum(period, by)],
    }


def _sum(period: str, by: str | None) -> dict[str, Any]:
    return {
        "alignment_period": period,
        "per_series_aligner": "ALIGN_SUM",
        "cross_series_reducer": "REDUCE_SUM",
        "group_by_fields": [by] if by else None,
    }
