"""API-05 to API-07: whether a perimeter enforces, holds the project, and restricts what it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.network.networks import flag
from policies.facts.network.nics import nics
from policies.facts.perimeter.model import PARTS, Perimeter, enforced, guards, own_member, perimeters
from policies.facts.perimeter.services import DATA_BEARING, UNSUPPORTED
from policies.facts.resource import Res
from policies.facts.world import World


def _request(perimeter: Perimeter, because: str, attribute: str) -> Step:
    return Step(
        "a request of a workload", "a project of somebody else's", because, perimeter.res.address, attribute
    )


@channel("API-05")
def perimeters_enforce(world: World) -> Iterable[Evidence]:
    """What a perimeter says stands in ``status``: the dry run enforces nothing."""
    held = guards(world)
    for perimeter in perimeters(world):
        dry = flag(_block(perimeter).get("use_explicit_dry_run_spec"), False)
        attribute = perimeter.attribute("use_explicit_dry_run_spec")
        status, spec = perimeter.status, perimeter.spec
        if status is not None and (status.members or status.unsure) and status.restricted:
            yield Control(perimeter.res.address, perimeter.attribute("status"))
            if dry is not False and spec is not None:
                yield Advice("a second configuration is only tried out", perimeter.res.address, attribute)
            continue
        if perimeter.bridge or (spec is None and dry is False and status is not None and held):
            continue
        unsure = status is not None and bool(status.unread)
        what = (
            "only tries its configuration out (dry run)"
            if spec is not None or dry is not False
            else "enforces nothing (status)"
        )
        yield Leak(
            "undecided" if unsure else "open", perimeter.name,
            f"Perimeter {perimeter.name} {what}: what it would refuse is only logged.",
            () if unsure else (_request(perimeter, "the perimeter logs it and lets it pass", attribute),),
            f"move spec to status on {perimeter.res.address}", perimeter.res.address, attribute,
        )  # fmt: skip
    yield from _dry_parts(world, bool(held))


def _block(perimeter: Perimeter) -> Res:
    found = [b for b in perimeter.res.blocks("service_perimeters") if b.path == perimeter.at]
    return found[0] if found else perimeter.res  # type: ignore[return-value]


def _dry_parts(world: World, held: bool) -> Iterator[Evidence]:
    """Parts of a dry run in resources of their own."""
    for type_, _, _, dry in PARTS:
        for res in world.of(type_) if dry else ():
            if held:
                yield Advice("only tried out", res.address, "perimeter")
            else:
                yield Leak(
                    "open", res.subject, f"{res.subject} is part of a dry run: it enforces nothing, and no enforced perimeter holds the project.",
                    (Step("a request of a workload", "a project of somebody else's", "a dry run lets it pass", res.address, "perimeter"),),
                    f"write {res.address} without dry_run", res.address, "perimeter",
                )  # fmt: skip


@channel("API-06")
def the_project_is_a_member(world: World) -> Iterable[Evidence]:
    """An enforced regular perimeter holds the project by its number, and the project of its network."""
    found = enforced(world)
    bridges = [p for p in perimeters(world) if p.bridge and p.status is not None]
    held = guards(world)
    for perimeter in held:
        yield Control(perimeter.res.address, perimeter.attribute("status[0].resources"))
        yield from _hosts(world, perimeter)
    if held:
        return
    for perimeter in found or bridges:
        config = perimeter.status
        assert config is not None
        mine = own_member(world, config)
        attribute = perimeter.attribute("status[0].resources")
        wanted = f"projects/{world.boundary.project_number}"
        by_id = f"projects/{world.project}" in config.members
        reason = (
            f"it names the project by its id, and only {wanted} counts"
            if by_id
            else f"{wanted} is not among its members"
        )
        if perimeter.bridge:
            reason = "it is a bridge, which restricts nothing"
        status: Failing = "undecided" if mine is None and not perimeter.bridge else "open"
        if status == "undecided":
            reason = f"a member is not known ({config.unsure[0].reason})"
        yield Leak(
            status, perimeter.name, f"Perimeter {perimeter.name} does not hold the project: {reason}.",
            (_request(perimeter, reason, attribute),) if status == "open" else (),
            f"add {wanted} to status.resources of {perimeter.res.address}", perimeter.res.address, attribute,
        )  # fmt: skip


def _hosts(world: World, perimeter: Perimeter) -> Iterator[Leak]:
    """Host projects of the networks that workloads use: they must be inside as well, and only their number tells."""
    for project in sorted({nic.network.project for nic in nics(world) if nic.network is not None}):
        if world.owns_project(project) is False:
            yield Leak(
                "undecided", perimeter.name,
                f"Workloads use a network of project {project}; whether perimeter {perimeter.name} holds that project is not known.",
                (), f"add the number of {project} to {perimeter.res.address}", perimeter.res.address,
                perimeter.attribute("status[0].resources"),
            )  # fmt: skip


@channel("API-07")
def every_data_service_is_restricted(world: World) -> Iterable[Evidence]:
    """Every enabled service that holds or moves data is restricted by the perimeter around the project."""
    held = guards(world)
    for perimeter in held:
        config = perimeter.status
        assert config is not None
        attribute = perimeter.attribute("status[0].restricted_services")
        if config.unread:
            yield Leak(
                "undecided", perimeter.name, f"What perimeter {perimeter.name} restricts is not known ({', '.join(config.unread)}).",
                (), f"write restricted_services of {perimeter.res.address} as literals", perimeter.res.address, attribute,
            )  # fmt: skip
            continue
        missing = [
            (service, res) for service, res in _enabled(world) if service in DATA_BEARING - config.restricted
        ]
        unsupported = [(service, res) for service, res in _enabled(world) if service in UNSUPPORTED]
        if missing:
            names = ", ".join(sorted({service for service, _ in missing}))
            yield Leak(
                "open", perimeter.name,
                f"Perimeter {perimeter.name} does not restrict {names}, which the project uses: requests to it cross the border unseen.",
                (_request(perimeter, f"{missing[0][0]} is not restricted", attribute),),
                f"add {names} to restricted_services of {perimeter.res.address}", perimeter.res.address, attribute,
            )  # fmt: skip
        for service, res in unsupported:
            yield Leak(
                "open", service, f"Service {service} is enabled, and no perimeter can restrict it.",
                (Step("a request of a workload", service, "no perimeter speaks of it", res.address, "service"),),
                f"remove {res.address}", res.address, "service",
            )  # fmt: skip
        if not missing and not unsupported:
            yield Control(perimeter.res.address, attribute)


def _enabled(world: World) -> Iterator[tuple[str, Res]]:
    for res in world.of("google_project_service"):
        service = res.get("service")
        if world.owns_project(res.project) is not False:
            yield ("a service that is not known" if isinstance(service, Unknown) else str(service)), res
