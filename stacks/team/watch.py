"""What the platform's watch may know of a team: the schedules it declares, and the CronJobs of its namespace."""

from __future__ import annotations

import json

from cloister.declarations import Team, names
from stacks import cdk
from stacks.base import Stack


def build_watch_access(stack: Stack, team: Team, namespace: str) -> None:
    """The declarations in the platform's own namespace, and the right to list the team's CronJobs."""
    declared = {
        "team": team.team,
        "namespace": names.namespace(team.team),
        "serving": names.serving_namespace(team.team) if team.services else None,
        "schedules": [
            {"name": each.name, "cron": each.cron, "time_zone": each.time_zone} for each in team.schedules
        ],
    }
    # What the watch compares with what runs: a schedule without a CronJob would leave no trace.
    cdk.kubernetes.ConfigMapV1(
        stack.scope,
        "schedules",
        metadata={
            "name": names.team_schedules(team.team),
            "namespace": names.PLATFORM_NAMESPACE,
            "labels": {**names.team_labels(team.team), names.TEAM_LABEL: team.team},
        },
        data={names.SCHEDULES_KEY: json.dumps(declared, sort_keys=True)},
    )
    # The watch may list the CronJobs of this namespace.
    cdk.kubernetes.RoleBindingV1(
        stack.scope,
        "watch_binding",
        metadata={"name": names.WATCH, "namespace": namespace},
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": names.watch_role(),
        },
        subject=[
            {"kind": "ServiceAccount", "name": names.WATCH, "namespace": names.PLATFORM_NAMESPACE},
        ],
    )
