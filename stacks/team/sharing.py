"""Shares with other teams and releases to people: read-only, on one bucket, until a day has passed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.names import BucketKind
from stacks import cdk
from stacks.base import Stack

_VIEWER = "roles/storage.objectViewer"


def build_sharing(stack: Stack, team: Team, buckets: dict[BucketKind, Any]) -> None:
    """One conditional binding for each bucket and day, with everyone whose right ends then."""
    readers: dict[tuple[BucketKind, date], set[str]] = {}
    for share in team.shares:
        email = names.team_service_account_email(stack.project, share.with_)
        readers.setdefault((share.bucket, share.until), set()).add(f"serviceAccount:{email}")
    for release in team.releases:
        readers.setdefault((release.bucket, release.until), set()).add(release.to)
    for (kind, until), members in sorted(readers.items()):
        cdk.google.StorageBucketIamBinding(
            stack.scope,
            f"bucket_{kind}_readers_until_{until:%Y%m%d}",
            bucket=buckets[kind].name,
            role=_VIEWER,
            members=sorted(members),
            condition={
                "title": f"until {until.isoformat()}",
                "description": f"Declared in teams/{team.team}.yaml",
                "expression": f'request.time < timestamp("{until + timedelta(days=1)}T00:00:00Z")',
            },
        )
