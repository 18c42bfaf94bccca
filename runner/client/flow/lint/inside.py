"""What counts as inside for the flow at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cloister.declarations import Declarations, Team, names


@dataclass(frozen=True)
class Inside:
    """The flow's team as the rules need it. Where no team is named nothing is its own, and it runs sealed."""

    network: Literal["sealed", "project"] = "sealed"
    team: str | None = None
    buckets: frozenset[str] = frozenset()
    images: tuple[str, ...] = ()  # prefixes that boundary.yaml trusts

    @property
    def sealed(self) -> bool:
        return self.network == "sealed"


def of_team(declarations: Declarations, team: Team) -> Inside:
    """What the declarations say of a team."""
    return Inside(
        network=team.network,
        team=team.team,
        buckets=frozenset(names.buckets(declarations.boundary.project, team.team).values()),
        images=tuple(declarations.boundary.trusted.images),
    )
