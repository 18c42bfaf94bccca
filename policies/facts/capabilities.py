"""What running code may do with rights it holds: grants on the whole project to the project's own identities."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.grants import Grant, grants_by_kind
from policies.facts.principals import Standing, standing
from policies.facts.world import World, fact


def held_by_workloads(world: World, *permissions: str) -> Iterator[tuple[Grant, Standing]]:
    """Project-wide grants of any of the permissions to service accounts and workloads of the project.

    People whom the boundary declares and Google's own agents are not running code.
    """
    for grant, who in _held(world):
        if grant.permits(*permissions):
            yield grant, who


@fact
def _held(world: World) -> list[tuple[Grant, Standing]]:
    judged = (
        (grant, standing(world, grant.member)) for grant in grants_by_kind(world).get("google_project", ())
    )
    return [(grant, who) for grant, who in judged if who.kind in ("own", "workload")]
