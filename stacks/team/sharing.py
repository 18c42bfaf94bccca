"""Shares with other teams and releases to people: read-only, on one bucket, until a day has passed."""

from __future__ import annotations

from datetime import date, timedelta

from cloister.declarations import Team, names
from cloister.declarations.names import BucketKind
from stacks.base import Stack

Readers = dict[date, list[str]]


def readers(stack: Stack, team: Team, kind: BucketKind) -> Readers:
    """Who may read a bucket besides the team's jobs, by the last day on which they may."""
    found: dict[date, set[str]] = {}
    for share in team.shares:
        if share.bucket == kind:
            email = names.team_service_account_email(stack.project, share.with_)
            found.setdefault(share.until, set()).add(f"serviceAccount:{email}")
    for release in team.releases:
        if release.bucket == kind:
            found.setdefault(release.until, set()).add(release.to)
    return {until: sorted(members) for until, members in sorted(found.items())}


def until_condition(team: Team, until: date) -> dict[str, str]:
    """The IAM condition that holds up to and on the day `until`."""
    return {
        "title": f"until {until.isoformat()}",
        "description": f"Declared in teams/{team.team}.yaml",
        "expression": f'request.time < timestamp("{until + timedelta(days=1)}T00:00:00Z")',
    }
