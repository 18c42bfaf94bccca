"""What can be requested, or is held for a time, counts as held."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault
from policies.channels.registry import channel
from policies.channels.said import failing, grant_leak, member, role, sentence, thing, where
from policies.facts.admission import ruling, runtime
from policies.facts.conditions import read
from policies.facts.grants import WIDE, Grant, grants
from policies.facts.rights import BECOME, DATA, policy_changes
from policies.facts.world import World

ENTITLEMENT = "google_privileged_access_manager_entitlement"


@channel("IAM-17")
def nothing_is_elevated_in_time(world: World) -> Iterator[Evidence]:
    """No entitlement and no time-bound grant gives anybody more than they have."""
    for grant in grants(world):
        if grant.form == "entitlement":
            yield _requested(world, grant)
        elif _bounded(world, grant):
            until = read(grant.condition).until
            end = f"until {until:%Y-%m-%d}" if until else "at times"
            yield grant_leak(
                failing(world, grant, "open" if runtime(world, grant) else "weakened"),
                grant,
                f"{sentence(member(grant))} holds {role(grant)} on {thing(grant)} {end}: a capability held for a time is "
                f"held ({where(grant)}).",
            )
    for res in world.of(ENTITLEMENT):
        for path, _ in (*res.unknowns("eligible_users"), *res.unknowns("privileged_access")):
            says = "Who may request what by entitlement {} is not known"
            yield fault(res, path, says, "undecided", f"write {path} of {res.address} out")
        if not res.blocks("approval_workflow") and not res.unknowns("approval_workflow"):
            says = "Entitlement {} is granted to whoever asks: nobody approves a request"
            yield fault(
                res, "approval_workflow", says, "open", f"require approvals in {res.address}, or remove it"
            )


def _requested(world: World, grant: Grant) -> Evidence:
    found = ruling(world, grant)
    who = sentence(member(grant))
    text = f"{who} may request {role(grant)} on {thing(grant)}: what can be requested is reachable ({where(grant)})."
    if found.answer == "outside":
        return grant_leak(
            "undecided" if found.who.kind == "unknown" else "open", grant, f"{text[:-1]}, by {found.why}."
        )
    if not _gives(grant):
        return Control(grant.res.address, grant.attribute)
    return grant_leak(failing(world, grant, "open" if runtime(world, grant) else "weakened"), grant, text)


def _bounded(world: World, grant: Grant) -> bool:
    """Whether a grant on the whole project that gives data or policies hangs on the time alone."""
    return (
        grant.kind in WIDE
        and grant.condition is not None
        and read(grant.condition).kind == "time"
        and _gives(grant)
    )


def _gives(grant: Grant) -> bool:
    return grant.permits(*DATA, *BECOME) or bool(policy_changes(grant.permissions))
