"""The end of a team whose file says `retired:`, once that day has come: its buckets may go with what they hold.

Terraform deletes a bucket's objects for `force_destroy`, and the operators hold no right on objects. They get it here,
to list and delete, never to read. It is bound to the project and limited to the team's buckets by name, because a
right on a bucket itself would be taken away before the bucket is.
"""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from stacks import cdk
from stacks.base import Stack


def allow_removal(stack: Stack, team: Team) -> Any:
    """The operators' right to empty the team's buckets; the buckets depend on it, so that it outlives them."""
    role = cdk.google.ProjectIamCustomRole(
        stack.scope,
        "role_removal",
        project=stack.project,
        role_id=names.removal_role_id(team.team),
        title=f"Empty the buckets of the retired team {team.team}",
        description=f"Declared by `retired` in teams/{team.team}.yaml",
        # The provider empties no bucket of which it cannot list the caches.
        permissions=["storage.anywhereCaches.list", "storage.objects.delete", "storage.objects.list"],
        stage="GA",
    )
    return cdk.google.ProjectIamBinding(
        stack.scope,
        "project_removal",
        project=stack.project,
        role=role.name,
        members=stack.operators,
        condition={
            "title": f"buckets of {team.team}",
            "description": f"Retired in teams/{team.team}.yaml",
            "expression": " || ".join(map(_inside, names.buckets(stack.project, team.team).values())),
        },
    )


def _inside(bucket: str) -> str:
    path = f"projects/_/buckets/{bucket}"
    return f'resource.name == "{path}" || resource.name.startsWith("{path}/")'
