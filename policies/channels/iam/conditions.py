"""Conditions narrow what they are meant to narrow."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.registry import channel
from policies.channels.said import grant_leak, member, role, sentence, thing, where
from policies.facts.admission import ruling, runtime
from policies.facts.conditions import open_prefixes, read
from policies.facts.datanodes import reached_under, serves
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.ownership import owner, teams_of
from policies.facts.resource import Res
from policies.facts.rights import BECOME, DATA, INVENTORY, LOGS, policy_changes
from policies.facts.world import World


@channel("IAM-10")
def conditions_constrain(world: World) -> Iterator[Evidence]:
    """Every condition can be decided, and what it lets through is the holder's own."""
    for grant in grants(world):
        if grant.condition is not None:
            yield from _judged(world, grant)


def _judged(world: World, grant: Grant) -> Iterator[Evidence]:
    reading = read(grant.condition)
    holds = f"{member(grant)} holds {role(grant)} on {thing(grant)}"
    if reading.kind == "undecided":
        yield grant_leak(
            "undecided",
            grant,
            f"Whether {holds} cannot be decided: of its condition, {reading.why}; it is taken as true ({where(grant)}).",
            f"write the condition of {grant.res.address} as comparisons of resource.name",
        )
    elif reading.kind == "always" and not reading.tags:
        yield grant_leak(
            "open" if _needs(world, grant) else "weakened",
            grant,
            f"{sentence(holds)} under a condition that always holds, so without one ({where(grant)}).",
            f"name the resource in the condition of {grant.res.address}",
        )
    elif reading.kind in ("time", "always") and _needs(world, grant):
        by = "a tag" if reading.tags else "the time"
        yield grant_leak(
            "open",
            grant,
            f"{sentence(holds)} under a condition on {by} alone: while it holds, everything is let through ({where(grant)}).",
            f"name the resource in the condition of {grant.res.address}",
        )
    else:
        yield from _narrowed(world, grant, holds)


def _narrowed(world: World, grant: Grant, holds: str) -> Iterator[Evidence]:
    theirs = _others(world, grant)
    prefixes = open_prefixes(grant.condition)
    if theirs is not None:
        yield grant_leak(
            "open",
            grant,
            f"{sentence(holds)} under a condition that {theirs.subject} of team {owner(world, theirs)} fulfils too "
            f"({where(grant)}).",
            f"compare resource.name in the condition of {grant.res.address} with whole names, or prefixes that end in /",
        )
    elif prefixes:
        yield grant_leak(
            "weakened",
            grant,
            f"{sentence(holds)} under a condition on names that begin {prefixes[0]}: it ends inside a name, so the next "
            f"one that begins so is let through as well ({where(grant)}).",
            f"end the prefix in the condition of {grant.res.address} with /",
        )
    else:
        yield Control(grant.res.address, "condition[0].expression")


def _needs(world: World, grant: Grant) -> bool:
    """Whether a grant would leave its holder's scope without its condition."""
    if ruling(world, grant).answer == "outside":
        return True
    if not runtime(world, grant):
        return False
    wide = grant.permits(*DATA, *LOGS, *INVENTORY, *BECOME) or bool(policy_changes(grant.permissions))
    return grant.kind in WIDE and wide


def _others(world: World, grant: Grant) -> Res | None:
    """A data node of another team than the holder's that a grant on the whole project reaches."""
    teams = teams_of(world, grant.member)
    if grant.kind not in WIDE or not teams or not grant.permits(*DATA):
        return None
    for node in reached_under(world, grant.condition):
        theirs = owner(world, node)
        if theirs is not None and theirs not in teams and serves(grant.permissions, node):
            return node
    return None
