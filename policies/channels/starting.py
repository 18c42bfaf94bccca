"""What a grant lets its holder start at run time: managed compute that no configuration and no plan shows."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Evidence
from policies.channels.said import failing, grant_leak, member, role, sentence, where
from policies.facts.admission import runtime
from policies.facts.denies import denied_to_runtime
from policies.facts.grants import WIDE, grants
from policies.facts.services import may_be_on
from policies.facts.world import World


def may_start(world: World, service: str, permissions: tuple[str, ...], does: str) -> Iterator[Evidence]:
    """Project-wide grants by which whoever runs in the project, or belongs to a team, starts what ``does`` says.

    Weakened where no stack enables the service, or a deny policy takes all of it back: then only that keeps them from it.
    """
    denied = denied_to_runtime(world)
    for grant in grants(world):
        if grant.kind not in WIDE or grant.permissions is None or not grant.permits(*permissions):
            continue
        if not runtime(world, grant):
            continue
        says = f"{sentence(member(grant))} may {does} ({role(grant)} at {where(grant)})"
        off = [] if may_be_on(world, service) else [f"that no stack enables {service}"]
        if grant.permissions.intersection(permissions) <= denied:
            off.append("a deny policy")
        if off:
            says += f"; only {' and '.join(off)} keep{'s' if len(off) == 1 else ''} it from that"
        yield grant_leak(failing(world, grant, "weakened" if off else "open"), grant, f"{says}.")
