"""Alerts, dashboard and budget: what tells people that something needs them."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.team import Budget
from stacks import cdk
from stacks.base import Stack
from stacks.channels import notification_channels
from stacks.team.dashboard import build_dashboard
from stacks.team.metrics import build_metrics, metric_filter


def build_alerts(stack: Stack, team: Team) -> None:
    """Metrics over the run records, an alert on failed runs, a dashboard, and a budget where one is declared."""
    channels = notification_channels(stack)
    runs, failures = build_metrics(stack, team)
    _failure_alert(stack, team, failures, channels)
    build_dashboard(stack, team, runs, failures)
    if stack.platform.billing_account and team.budget:
        _budget(stack, team, team.budget, channels)


def _failure_alert(stack: Stack, team: Team, failures: Any, channels: list[Any]) -> None:
    cdk.google.MonitoringAlertPolicy(
        stack.scope,
        "alert_failures",
        project=stack.project,
        display_name=f"{team.team}: a job failed",
        combiner="OR",
        severity="ERROR",
        notification_channels=channels,
        conditions=[
            {
                "display_name": "A run ended with an error",
                "condition_threshold": {
                    "filter": metric_filter(failures),
                    "comparison": "COMPARISON_GT",
                    "threshold_value": 0,
                    "duration": "0s",
                    "aggregations": [
                        {
                            "alignment_period": "300s",
                            "per_series_aligner": "ALIGN_SUM",
                            "cross_series_reducer": "REDUCE_SUM",
                        }
                    ],
                },
            }
        ],
        alert_strategy={"auto_close": "86400s"},
        documentation={
            "content": f"`cloister job list --team {team.team}` names the run,"
            f" `cloister job errors --team {team.team}` the reason.",
            "mime_type": "text/markdown",
        },
        user_labels=names.team_labels(team.team),
    )


def _budget(stack: Stack, team: Team, budget: Budget, channels: list[Any]) -> None:
    """An estimate: GKE splits the cost of shared nodes by namespace."""
    cdk.google.BillingBudget(
        stack.scope,
        "budget",
        billing_account=stack.platform.billing_account,
        display_name=f"{team.team} (shared nodes are an estimate)",
        budget_filter={
            "projects": [f"projects/{stack.boundary.project_number}"],
            "labels": {"k8s-namespace": names.namespace(team.team)},
            "calendar_period": "MONTH",
        },
        amount={"specified_amount": {"units": str(budget.monthly), "currency_code": budget.currency}},
        threshold_rules=[{"threshold_percent": share} for share in (0.5, 0.9, 1.0)],
        all_updates_rule={
            "monitoring_notification_channels": channels,
            "disable_default_iam_recipients": True,
        },
    )
