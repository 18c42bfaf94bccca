"""Whether a grant stays inside: the member's standing, and what a declaration admits it to.

Trusted principals are inside. A team's members are inside except for data, which people read through a release only. A
release admits to the one bucket it names, for reading; a source that no stack creates, to writing its team's ``data``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cloister.declarations import names
from policies.expressions.values import Unknown
from policies.facts.grants import Grant, grants
from policies.facts.ownership import owner, teams_of
from policies.facts.principals import Declaration, Standing, declarations, standing
from policies.facts.rights import READ, policy_changes
from policies.facts.world import World, fact

Answer = Literal["inside", "assumed", "outside"]

# What people of a team may read: their own log view, which TEN-10 judges.
_LOGS = frozenset(p for p in READ if p.startswith("logging."))


@dataclass(frozen=True, slots=True)
class Ruling:
    """``assumed``: a release admits it, see ``release``. ``why`` says who it is or why it is outside."""

    answer: Answer
    who: Standing
    why: str
    release: Declaration | None = None


def ruling(world: World, grant: Grant) -> Ruling:
    """Whether a grant stays inside."""
    who = standing(world, grant.member)
    if who.outside:
        return Ruling("outside", who, who.why)
    if who.kind != "team" or isinstance(grant.member, Unknown):
        return Ruling("inside", who, who.why)
    declared = declarations(world)[who.member]
    release = next(
        (item for item in declared if item.role == "release" and _releases(world, grant, item)), None
    )
    if release is not None:
        return Ruling("assumed", who, f"released by {release.owner}", release)
    if any(item.role == "members" for item in declared):
        if _reads(grant):
            return Ruling("outside", who, "people of a team, who may read data only through a release")
        return Ruling("inside", who, who.why)
    if any(item.role == "source" and _feeds(world, grant, item) for item in declared):
        return Ruling("inside", who, who.why)
    return Ruling("outside", who, "declared as a source or for a release of something else")


def _feeds(world: World, grant: Grant, source: Declaration) -> bool:
    """Whether a source's declaration covers a grant: writing, never reading, that team's bucket `data`."""
    named = source.team is not None and grant.target == names.bucket(world.project, source.team, "data")
    return grant.kind == "google_storage_bucket" and named and not _reads(grant)


def _reads(grant: Grant) -> bool:
    return grant.permissions is None or not grant.permissions.isdisjoint(READ - _LOGS)


def _releases(world: World, grant: Grant, release: Declaration) -> bool:
    """Whether a release covers a grant: that team's bucket of that kind, and nothing but reading."""
    if grant.kind != "google_storage_bucket" or grant.on is None or release.team is None:
        return False
    kind: names.BucketKind = release.bucket  # type: ignore[assignment]
    expected = names.bucket(world.project, release.team, kind)
    return (
        grant.target == expected
        and owner(world, grant.on) == release.team
        and grant.permissions is not None
        and not policy_changes(grant.permissions)
        and grant.permissions.isdisjoint(_WRITES)
    )


_WRITES = frozenset({"storage.objects.create", "storage.objects.delete", "storage.objects.update"})


@fact
def leaving(world: World) -> tuple[tuple[Grant, Ruling], ...]:
    """Grants that do not stay inside."""
    judged = ((grant, ruling(world, grant)) for grant in grants(world))
    return tuple((grant, found) for grant, found in judged if found.answer == "outside")


@fact
def released(world: World) -> tuple[tuple[Grant, Declaration], ...]:
    """Grants that stand on a release."""
    judged = ((grant, ruling(world, grant)) for grant in grants(world))
    return tuple((grant, found.release) for grant, found in judged if found.release is not None)


def runtime(world: World, grant: Grant) -> bool:
    """Whether the holder is one of those that run, see ``runs``."""
    return runs(world, grant.member)


def runs(world: World, member: str | Unknown) -> bool:
    """Whether a member is neither a trusted principal of the boundary nor a Google service agent of the project: an
    identity that runs, or people of a team."""
    kind = standing(world, member).kind
    return kind != "agent" and (kind != "declared" or bool(teams_of(world, member)))
