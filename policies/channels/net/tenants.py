"""NET-22 and NET-23: networks of another project, and NICs that managed services make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.facts.network.addresses import PRIVATE
from policies.facts.network.denies import deny_controls
from policies.facts.network.egress import outside, why
from policies.facts.network.exits import exits
from policies.facts.network.flow import lets_out
from policies.facts.network.networks import foreign_project, networks
from policies.facts.network.nics import Nic, nics
from policies.facts.network.ranges import VIPS
from policies.facts.world import World


@channel("NET-22")
def every_network_is_of_this_project(world: World) -> Iterable[Evidence]:
    """No workload stands in a network of a host project, whose rules are not in the snapshot."""
    found = [*_shared(world), *_foreign(world)]
    yield from found
    if not found:
        yield from (Control(nic.res.address, nic.network_at) for nic in nics(world))


def _shared(world: World) -> Iterator[Evidence]:
    for res in world.of("google_compute_shared_vpc_host_project"):
        if world.owns_project(res.project) is not False:
            yield Leak(
                "weakened", res.subject,
                "This project is a Shared VPC host: machines of other projects may be put beside the workloads. Only a missing attachment "
                "still keeps them out.",
                (), f"remove {res.address}", res.address, "project",
            )  # fmt: skip
    for res in world.of("google_compute_shared_vpc_service_project"):
        host, service = res.get("host_project"), res.get("service_project")
        if world.owns_project(host) and world.owns_project(service) is not True:
            yield Leak(
                "open", res.subject,
                f"Project {service} is attached to this project's networks: its machines stand beside the workloads and answer to "
                f"others.",
                (Step("a workload", f"a machine of project {service}", "both stand in one shared network", res.address, "service_project"),),
                f"remove {res.address}", res.address, "service_project",
            )  # fmt: skip
        elif world.owns_project(host) is not True:
            yield Leak(
                "undecided", res.subject,
                f"This project uses the networks of host project {host}: their firewalls, routes, NAT, DNS and peerings are not in the "
                f"snapshot.",
                (), f"check the stacks of {host} as well, or remove {res.address}", res.address, "host_project",
            )  # fmt: skip


def _foreign(world: World) -> Iterator[Evidence]:
    for nic in nics(world):
        if nic.network is None:
            where = foreign_project(world, nic.network_value)
            if nic.tenant and where is None:
                continue  # NET-23 says so
            sentence = f"a network of project {where}" if where else "a network that cannot be told"
        elif not world.owns_project(nic.network.project):
            sentence = f"network {nic.network.name} of project {nic.network.project}"
        else:
            continue
        yield Leak(
            "undecided", nic.res.subject,
            f"{nic.what} is in {sentence} ({nic.network_at}): its firewall, routes, NAT and DNS are not in the snapshot.",
            (), f"put {nic.res.address} into a network of the snapshot", nic.res.address, nic.network_at,
        )  # fmt: skip


@channel("NET-23")
def no_managed_service_makes_nics(world: World) -> Iterable[Evidence]:
    """No connector, serverless revision or managed worker: their NICs follow Google's routes as well as the network's."""
    tenants = [nic for nic in nics(world) if nic.tenant]
    for nic in tenants:
        yield _tenant(world, nic)
    if not tenants:
        yield from deny_controls(world)


def _tenant(world: World, nic: Nic) -> Leak:
    path: tuple[Step, ...] = ()
    if nic.network in networks(world):
        assert nic.network is not None
        for way in exits(world, nic.network, nic):
            piece = lets_out(world, nic, way.remote)
            if piece is not None:
                because, address, attribute = why(piece.rule, piece.packets.within(way.remote))
                path = (Step(nic.what, f"network {nic.network}", because, address, attribute), *way.steps)
                break
        free = lets_out(world, nic, outside(world) - PRIVATE - VIPS) is not None
        end = "Data leaves." if path else "Only the network's egress deny still keeps the data in."
        if free and not path:
            end = "Nothing denies it egress; only a missing way out still keeps the data in."
        sentence = f"{nic.what} has a NIC in network {nic.network} that a managed service made, with Google's own routes beside the network's."
        return Leak(
            "open" if path else "weakened", nic.res.subject, f"{sentence} {end}", path, f"remove {nic.res.address}",
            nic.res.address, nic.network_at,
        )  # fmt: skip
    return Leak(
        "undecided", nic.res.subject, f"{nic.what} has a NIC in a network that is not in the snapshot.", (),
        f"put {nic.res.address} into a network of the snapshot, or remove it", nic.res.address, nic.network_at,
    )  # fmt: skip
