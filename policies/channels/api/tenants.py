"""API-01 to API-03: what keeps the resources of other tenants out of reach behind Google's shared front ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Evidence, Leak, Residual, Step
from policies.channels.registry import channel
from policies.facts.mediation import mediation
from policies.facts.network.denies import deny_controls
from policies.facts.network.doors import Door, doors
from policies.facts.network.networks import networks
from policies.facts.network.nics import nics
from policies.facts.perimeter.guard import Missing, guard
from policies.facts.world import World

_BUCKET = "a bucket of somebody else's project"


def _closed_or(world: World, missing: tuple[Missing, ...], because: str) -> Iterable[Evidence]:
    """Closed by a perimeter, by the seal, or by having no door; else residual or, where the level demands more, open.

    ``missing``: what the perimeter lets pass; ``because``: how bytes get to another project once code has a door.
    """
    level = world.boundary.assurance
    if not missing:
        yield from guard(world).controls
        return
    if level == "perimeter":
        yield from _unguarded(world, missing, because, _door_steps(doors(world), because))
        return
    found = doors(world)
    seal = mediation(world)
    if not found and networks(world) and all(nic.network in networks(world) for nic in nics(world)):
        yield from deny_controls(world)
        return
    if seal.holds and not seal.declared_open:
        yield from seal.controls
        return
    if level == "project":
        yield Residual(because, "a service perimeter, or sealed jobs for every team (assurance: mediated)")
        return
    yield from _unsealed(world, found, because)


def _door_steps(found: tuple[Door, ...], because: str) -> tuple[Step, ...]:
    if not found:
        return ()
    steps = found[0].steps
    return (*steps, Step(steps[-1].target, _BUCKET, because))


def _unguarded(
    world: World, missing: tuple[Missing, ...], because: str, steps: tuple[Step, ...]
) -> Iterator[Leak]:
    """Leaks of the level ``perimeter``: what the perimeter lacks."""
    for item in missing:
        target = world.at(item.address) if item.address else None
        yield Leak(
            "open", target.subject if target is not None else world.project,
            f"{because[0].upper()}{because[1:]}: {item.sentence}.",
            steps or (Step("a workload", _BUCKET, because),),
            "put the project into an enforced perimeter that restricts every data service and limits accessible services",
            item.address, item.attribute,
        )  # fmt: skip


def _unsealed(world: World, found: tuple[Door, ...], because: str) -> Iterator[Leak]:
    """Leaks of the level ``mediated``: where the seal does not hold."""
    seal = mediation(world)
    steps = _door_steps(found, because) or (Step("a workload", _BUCKET, because),)
    for team in seal.declared_open:
        yield Leak(
            "open", team,
            f"Team {team} asks for network: project, so that its own code holds the network. {because[0].upper()}{because[1:]}.",
            steps, f"set network: sealed for team {team}, or sign an exception for it",
        )  # fmt: skip
    if not seal.holds and not seal.gaps:
        yield Leak(
            "open", world.project, f"Nothing proves that team code is sealed: {because}.", steps,
            "admit only sealed pods into team namespaces (admission policy, runner digest, fixed entry point)",
        )  # fmt: skip
    for gap in seal.gaps:
        sentence = f"{gap.sentence} {because[0].upper()}{because[1:]}."
        yield Leak("open", gap.subject, sentence, steps, gap.fix, gap.address, gap.attribute)


@channel("API-01")
def no_foreign_credential_reaches_a_google_api(world: World) -> Iterable[Evidence]:
    """Team code has no door to a Google API, is sealed from it, or stands in a perimeter that refuses other tenants."""
    yield from _closed_or(
        world, guard(world).outward,
        "code that brings a foreign token can send bytes to a foreign bucket through the same front end",
    )  # fmt: skip


@channel("API-02")
def no_own_identity_copies_to_a_foreign_resource(world: World) -> Iterable[Evidence]:
    """The identity that reads the data is in nobody's hands but the runner's, or a perimeter refuses the copy."""
    yield from _closed_or(
        world, guard(world).copies,
        "an own identity can copy objects to a bucket whose owner grants it write, and no grant of that shows here",
    )  # fmt: skip


@channel("API-03")
def own_credentials_work_inside_only(world: World) -> Iterable[Evidence]:
    """A perimeter refuses own credentials that come from outside."""
    missing = guard(world).inward
    if not missing:
        yield from guard(world).controls
        return
    because = "a token of the project works from anywhere until it expires, for nothing asks where a request comes from"
    if world.boundary.assurance == "perimeter":
        yield from _unguarded(
            world, missing, because, (Step("a host of the internet", "the project's data", because),)
        )
        return
    yield Residual(because, "a service perimeter whose ingress is narrow; for buckets also ip_filter")
