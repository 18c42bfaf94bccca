"""What the team's members may do in their namespace: start jobs and read about them."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team
from stacks import cdk
from stacks.base import Stack

READ = ["get", "list", "watch"]
READ_RULES: tuple[dict[str, list[str]], ...] = (
    {"api_groups": [""], "resources": ["pods", "events", "resourcequotas"], "verbs": READ},
    {"api_groups": [""], "resources": ["pods/log"], "verbs": ["get"]},
)

# Never exec, attach, port-forward, proxy or ephemeral containers; never secrets, tokens, network policies, roles.
MEMBER_RULES: tuple[dict[str, list[str]], ...] = (
    {
        "api_groups": ["batch"],
        "resources": ["jobs", "cronjobs"],
        "verbs": [*READ, "create", "update", "patch", "delete"],
    },
    *READ_RULES,
)


def build_rights(stack: Stack, team: Team, namespace: str) -> None:
    """The members' role in their namespace, and its binding."""
    # Members start jobs and read about them; they never reach into a pod.
    role = cdk.kubernetes.RoleV1(
        stack.scope,
        "members",
        metadata={"name": "members", "namespace": namespace},
        rule=[dict(rule) for rule in MEMBER_RULES],
    )
    # Gives it to the team's members, in their namespace.
    bind_members(stack, team, "members_binding", namespace, role)


def bind_members(stack: Stack, team: Team, name: str, namespace: str, role: Any) -> None:
    """Bind a role of a namespace to the team's members."""
    cdk.kubernetes.RoleBindingV1(
        stack.scope,
        name,
        metadata={"name": "members", "namespace": namespace},
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": cdk.attribute(role, "metadata[0].name"),
        },
        subject=[subject_of(team.members)],
    )


def subject_of(member: str) -> dict[str, str]:
    """The Kubernetes subject of an IAM member: GKE knows people and service accounts by their addresses."""
    kind, _, address = member.partition(":")
    return {
        "api_group": "rbac.authorization.k8s.io",
        "kind": "Group" if kind == "group" else "User",
        "name": address,
    }
