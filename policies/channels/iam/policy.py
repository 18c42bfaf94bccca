"""Nothing that runs may grant, change a role, or take a control away."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, role, sentence, thing, where
from policies.facts.admission import runtime
from policies.facts.conditions import read
from policies.facts.grants import ELSEWHERE, WIDE, Grant, grants
from policies.facts.members import parse
from policies.facts.rights import BIND_TAGS, CHANGE_CONTROL, DATA, policy_changes
from policies.facts.roles import permissions
from policies.facts.world import World


@channel("IAM-07")
def no_runtime_identity_changes_policy(world: World) -> Iterator[Evidence]:
    """No run-time identity holds a permission that changes policies, roles or controls."""
    for grant in grants(world):
        if grant.kind == ELSEWHERE or parse(str(grant.member)).kind == "convenience":
            continue
        if grant.permissions is None:
            yield grant_leak(
                "undecided",
                grant,
                f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)}; neither Google nor the snapshot "
                f"says what it permits, so it may permit changing the policy ({where(grant)}).",
                f"use a predefined role in {grant.res.address}, or define the role in the snapshot",
            )
        elif runtime(world, grant):
            yield from _judged(world, grant, grant.permissions)


def _judged(world: World, grant: Grant, held: frozenset[str]) -> Iterator[Evidence]:
    limited = read(grant.condition).roles
    changes = policy_changes(held) if limited is None else _granting(world, limited)
    takes = sorted((CHANGE_CONTROL | BIND_TAGS) & held) if grant.kind in WIDE else []
    if changes:
        yield grant_leak(
            failing(world, grant),
            grant,
            f"{sentence(member(grant))} holds {changes[0]} on {thing(grant)} ({role(grant)}): it can grant itself or "
            f"anybody everything there ({where(grant)}).",
        )
    elif takes:
        yield grant_leak(
            failing(world, grant),
            grant,
            f"{sentence(member(grant))} holds {takes[0]} on {thing(grant)} ({role(grant)}): it can take away controls that "
            f"this proof stands on, or route data out ({where(grant)}).",
        )
    else:
        yield Control(grant.res.address, "role")


def _granting(world: World, limited: frozenset[str]) -> list[str]:
    """What a policy change that a condition limits to some roles still gives away."""
    for name in sorted(limited):
        held = permissions(world, name)
        if held is None or policy_changes(held) or not held.isdisjoint(DATA):
            return [f"setIamPolicy for {name}"]
    return []
