"""The answer for programs: stable, documented in docs/reference/status.md."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from runner.client.cluster.shown import rfc3339
from runner.client.status.model import PlatformStatus, Runs, TeamStatus


def as_dict(status: PlatformStatus) -> dict[str, Any]:
    """`null` is what could not be read; `unread` says why."""
    return {
        "version": 1,
        "project": status.project,
        "at": rfc3339(status.at),
        "attention": list(status.attention()),
        "unread": list(status.unread()),
        "image": _plain(asdict(status.image)),
        "budgets_watched": status.budgets,
        "expiries": [_plain(asdict(each)) for each in status.expiries],
        "teams": [_team(team) for team in status.teams],
    }


def _team(team: TeamStatus) -> dict[str, Any]:
    return {
        "team": team.team,
        "runs": None if team.runs is None else _runs(team.runs),
        "queue": None if team.queue is None else _plain(asdict(team.queue)),
        "schedules": None if team.schedules is None else [_plain(asdict(each)) for each in team.schedules],
        "quota": None if team.quota is None else [_plain(asdict(each)) for each in team.quota],
        "models": None if team.models is None else [_plain(asdict(each)) for each in team.models],
        "budget": team.budget,
        "unread": list(team.unread),
    }


def _runs(runs: Runs) -> dict[str, Any]:
    return {
        "since": rfc3339(runs.since),
        "weeks": [_plain(asdict(week)) for week in runs.weeks],
        "success": runs.success,
        "last_success": rfc3339(runs.last_success),
    }


def _plain(mapping: dict[str, Any]) -> dict[str, Any]:
    return {key: _value(value) for key, value in mapping.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.isoformat() if isinstance(value, date) else value
