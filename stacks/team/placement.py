"""On which nodes the pods of a team's own stack run: spot ones too, and its own where it has such."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names


def placement(team: Team) -> dict[str, Any]:
    """`node_selector` and `toleration` of a pod."""
    spot = {"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    own = {"key": names.TEAM_LABEL, "operator": "Equal", "value": team.team, "effect": "NoSchedule"}
    dedicated = team.isolation == "dedicated"
    return {
        "node_selector": {names.TEAM_LABEL: team.team} if dedicated else None,
        "toleration": [spot, own] if dedicated else [spot],
    }
