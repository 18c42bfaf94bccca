"""The team's service account, and the one Kubernetes service account that acts as it."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from stacks import cdk
from stacks.base import Stack

# What members may do in the project: find the cluster and speak to it. What they may do there is RBAC's to say.
_MEMBER_PERMISSIONS = ["container.clusters.connect", "container.clusters.get"]


def build_identity(stack: Stack, team: Team) -> Any:
    """The service account; with it the Workload Identity binding and the members' custom role."""
    # The identity of the team's jobs: what they may read and write, it may.
    account = cdk.google.ServiceAccount(
        stack.scope,
        "account",
        project=stack.project,
        account_id=names.team_service_account_id(team.team),
        display_name=f"Jobs of the team {team.team}",
    )
    # One Kubernetes service account of one namespace acts as it, and nobody else.
    cdk.google.ServiceAccountIamBinding(
        stack.scope,
        "account_users",
        service_account_id=account.name,
        role="roles/iam.workloadIdentityUser",
        members=[names.workload_identity_member(stack.project, team.team)],
    )
    # A role of the team's own, so that no other stack binds it.
    role = cdk.google.ProjectIamCustomRole(
        stack.scope,
        "role_members",
        project=stack.project,
        role_id=names.team_custom_role_id(team.team),
        title=f"Members of the team {team.team}",
        description="Reach the cluster; rights inside it are those of the team's namespace",
        permissions=_MEMBER_PERMISSIONS,
        stage="GA",
    )
    # Gives it to the team's members.
    cdk.google.ProjectIamBinding(
        stack.scope, "project_members", project=stack.project, role=role.name, members=[team.members]
    )
    return account
