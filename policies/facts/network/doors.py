"""Doors to Google's APIs: front ends that code in the network reaches (catalogue 2.2).

Every door serves every customer: it filters services at most, never whose bucket it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policies.facts.evidence import Step
from policies.facts.network.addresses import Addresses, parse
from policies.facts.network.egress import outside, why
from policies.facts.network.exits import gateway_routes, internet, route_phrase
from policies.facts.network.flow import lets_out
from policies.facts.network.networks import Key, created, inside, may, networks, subnet_of
from policies.facts.network.nics import Nic, nics, nics_by_network
from policies.facts.network.ranges import DIRECT_PATH, FRONT_ENDS, PRIVATE_VIP, RESTRICTED_VIP
from policies.facts.resource import Res
from policies.facts.world import World, fact

Kind = Literal["restricted", "private", "direct path", "public", "all-apis", "vpc-sc", "regional"]

NAMES: dict[Kind, str] = {
    "restricted": "the restricted VIP 199.36.153.4/30",
    "private": "the private VIP 199.36.153.8/30",
    "direct path": "the direct path range 34.126.0.0/18",
    "public": "Google's public front ends",
    "all-apis": "a Private Service Connect endpoint for all APIs",
    "vpc-sc": "a Private Service Connect endpoint for restrictable APIs",
    "regional": "a regional endpoint",
}
_VIPS: dict[Kind, Addresses] = {
    "restricted": RESTRICTED_VIP,
    "private": PRIVATE_VIP,
    "direct path": DIRECT_PATH,
}


@dataclass(frozen=True, slots=True, eq=False)
class Door:
    """A door that a NIC reaches. ``res`` and ``attribute``: what makes it, for a VIP its route."""

    kind: Kind
    nic: Nic
    res: Res
    attribute: str
    steps: tuple[Step, ...]


@fact
def doors(world: World) -> tuple[Door, ...]:
    """Every door with the first NIC that reaches it, one per network and kind or endpoint."""
    found: list[Door] = []
    for network in networks(world):
        found += _vips(world, network)
    found += _endpoints(world)
    return tuple(found)


def google_access(nic: Nic) -> bool:
    """Whether a NIC without an external address may call Google through its network. GKE turns it on for nodes."""
    return nic.nodes or nic.external is not False or nic.subnet is None or may(nic.subnet.google_access)


def _vips(world: World, network: Key) -> Iterator[Door]:
    seen: set[Kind] = set()
    for nic in nics_by_network(world).get(network, ()):
        for route in gateway_routes(world, network, nic):
            wide: dict[Kind, Addresses] = {**_VIPS, "public": FRONT_ENDS & outside(world)}
            for kind, addresses in wide.items():
                if kind == "direct path" and internet(route):
                    continue  # no door of its own: one of the many behind a wide route
                piece = lets_out(world, nic, addresses & route.dest)
                if kind in seen or piece is None or not google_access(nic):
                    continue
                seen.add(kind)
                because, address, attribute = why(piece.rule, piece.packets.within(addresses & route.dest))
                first = Step(nic.what, f"network {network}", because, address, attribute)
                second = Step(
                    f"network {network}", NAMES[kind], route_phrase(route), route.res.address, route.attribute
                )
                yield Door(kind, nic, route.res, route.attribute, (first, second))


def _endpoints(world: World) -> Iterator[Door]:
    for res, kind, attribute, where in api_endpoints(world):
        for nic in nics(world):
            piece = lets_out(world, nic, where) if where else None
            if piece is not None:
                because, address, name = why(piece.rule, piece.packets.within(where))
                first = Step(nic.what, f"network {nic.network}", because, address, name)
                second = Step(
                    f"network {nic.network}",
                    NAMES[kind],
                    f"{res.subject} is its door",
                    res.address,
                    attribute,
                )
                yield Door(kind, nic, res, attribute, (first, second))
                break


def api_endpoints(world: World) -> Iterator[tuple[Res, Kind, str, Addresses]]:
    """Endpoints for Google's APIs in the network: (resource, kind, attribute, addresses they may have)."""
    for res in world.of("google_compute_global_forwarding_rule", "google_compute_forwarding_rule"):
        target = res.get("target")
        if target in ("all-apis", "vpc-sc"):
            kind: Kind = "all-apis" if target == "all-apis" else "vpc-sc"
            yield res, kind, "target", _address(world, res, "ip_address")
    for res in world.of("google_network_connectivity_regional_endpoint"):
        yield res, "regional", "target_google_api", _address(world, res, "address")
    for res in world.of("google_compute_region_network_endpoint_group"):
        target = res.get("psc_target_service")
        if isinstance(target, str) and "/serviceAttachments/" not in target:
            yield res, "regional", "psc_target_service", inside(world)


def _address(world: World, res: Res, attribute: str) -> Addresses:
    """The address of an endpoint; where Google picks one, any of its subnet or of the networks."""
    value = res.get(attribute)
    for type_ in ("google_compute_global_address", "google_compute_address"):
        owner = created(world, type_, value, res) if value is not None else None
        if owner is not None:
            value = owner.get("address")
    block = parse(value) if isinstance(value, str) else None
    if block is not None:
        return block
    subnet = subnet_of(world, res.get("subnetwork"), res)
    if subnet is not None:
        return subnet.primary
    return inside(world)
