"""Alerts, dashboard and budget: what tells people that something needs them."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.team import Budget
from stacks import cdk, metrics
from stacks.alerting import alert, count_above_zero
from stacks.base import Stack
from stacks.channels import notification_channels
from stacks.team.dashboard import build_dashboard

# The watch looks every ten minutes; a period takes in one look at least, and two at most.
_TWO_LOOKS = "1200s"


def build_alerts(stack: Stack, team: Team) -> None:
    """Alerts on failed runs, missed schedules and services, a dashboard, and a budget where one is declared."""
    channels = notification_channels(stack)
    _failure_alert(stack, team, channels)
    if team.schedules:
        _missed_alert(stack, team, channels)
    if team.services:
        _service_alert(stack, team, channels)
    build_dashboard(stack, team)
    if stack.platform.billing_account and team.budget:
        _budget(stack, team, team.budget, channels)


def _failure_alert(stack: Stack, team: Team, channels: list[Any]) -> None:
    """Tell people that an attempt of a run failed; preempted ones start again and are no failure."""
    told = alert(
        stack,
        title=f"{team.team}: a job failed",
        conditions={
            "A run ended with an error": count_above_zero(metrics.of_runs(metrics.FAILURES, team), "300s")
        },
        advice=f"`cloister job list --team {team.team}` names the run,"
        f" `cloister job errors --team {team.team}` the reason.",
        runbook="job-failed",
        channels=channels,
        labels=names.team_labels(team.team),
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_failures", **told)


def _missed_alert(stack: Stack, team: Team, channels: list[Any]) -> None:
    """Tell people of a schedule that was due and has not succeeded; the watch's records are there although nothing ran."""
    told = alert(
        stack,
        title=f"{team.team}: a schedule was missed",
        conditions={
            "A schedule was due and has not succeeded": count_above_zero(
                metrics.of_schedules(metrics.MISSED, team), _TWO_LOOKS, by="metric.label.schedule"
            )
        },
        advice=f"`cloister job schedule list --team {team.team}` shows every schedule, its last start and its next;"
        f" `cloister job list --team {team.team}` what became of its runs.",
        runbook="schedule-missed",
        channels=channels,
        labels=names.team_labels(team.team),
        close_after="3600s",  # the records stop saying so once the schedule has succeeded
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_missed", **told)


def _service_alert(stack: Stack, team: Team, channels: list[Any]) -> None:
    """Tell people that a service fails on requests, or that a promoted version does not stand and the old one serves on."""
    told = alert(
        stack,
        title=f"{team.team}: a service fails",
        conditions={
            "A service failed on requests": count_above_zero(
                metrics.of_services(metrics.UNSERVED, team), _TWO_LOOKS
            ),
            "A version that was promoted does not stand": count_above_zero(
                metrics.of_services(metrics.UNREADY, team), _TWO_LOOKS
            ),
        },
        advice=f"`cloister model list --team {team.team}` names what is in each stage;"
        f" `cloister model rollback MODEL --team {team.team} --stage production` goes back to the version before.",
        runbook="service-fails",
        channels=channels,
        labels=names.team_labels(team.team),
        close_after="3600s",
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_services", **told)


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
