"""The ways out of a network: for a NIC, the addresses that its packets would reach if the firewall let them pass.

Reach = a route to it, and for the internet a source address that comes back: an external one, or NAT. What the firewall
lets pass is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.evidence import Step
from policies.facts.naming import short
from policies.facts.network.addresses import EVERYTHING, IPV4, IPV6, NOTHING, PRIVATE, Addresses, parse
from policies.facts.network.links import links_of
from policies.facts.network.networks import Key, created, inside, may, network_key
from policies.facts.network.nics import Nic
from policies.facts.network.ranges import VIPS
from policies.facts.network.routes import Nat, Route, nats, routes
from policies.facts.resource import Res
from policies.facts.world import World

INTERNET = "the internet"


@dataclass(frozen=True, slots=True, eq=False)
class Exit:
    """``remote``: what can be reached through it. ``steps``: from the network to the outside."""

    res: Res
    remote: Addresses
    steps: tuple[Step, ...]


def network_routes(world: World, network: Key | None) -> list[Route]:
    """The routes of a network, and those whose network is not known."""
    return routes(world).get(network, []) + (routes(world).get(None, []) if network is not None else [])


def gateway_routes(world: World, network: Key | None, nic: Nic | None = None) -> list[Route]:
    """Routes to the internet gateway that serve the NIC."""
    return [r for r in network_routes(world, network) if r.hop in ("gateway", "unknown") and r.serves(nic)]


def internet(route: Route) -> Addresses:
    """What a route to the internet gateway reaches of the internet: Google's VIPs are not announced there."""
    return route.dest - VIPS - PRIVATE


def exits(world: World, network: Key, nic: Nic | None) -> list[Exit]:
    """Every way out for a NIC of ``network``; for a network without NICs, those that need none."""
    found = list(_internet(world, network, nic)) if nic is not None else []
    found += _next_hops(world, network, nic)
    found += _links(world, network)
    found += _policy_routes(world, network, nic)
    return found


def source(world: World, nic: Nic) -> Iterator[tuple[Res, str, str, Addresses]]:
    """What gives a NIC's packets an address that comes back: (resource, attribute, phrase, family)."""
    if isinstance(nic.external, Unknown) or nic.external:
        yield nic.res, nic.external_at, "it has an external IPv4 address", IPV4
    if isinstance(nic.external_v6, Unknown) or nic.external_v6:
        yield nic.res, nic.external_v6_at, "it has an external IPv6 address", IPV6
    elif nic.subnet is not None and nic.subnet.ipv6 is not False and nic.subnet.external_ipv6 is not False:
        yield nic.subnet.res, "ipv6_access_type", "its subnet gives external IPv6 addresses", IPV6
    for nat in nats(world):
        if opens_nat(nat) and nat.covers(nic):
            name = "source_subnetwork_ip_ranges_to_nat"
            yield nat.res, name, f"Cloud NAT {nat.res.subject} translates its packets", IPV4


def opens_nat(nat: Nat) -> bool:
    """Whether a NAT serves VMs towards the internet."""
    return may(nat.public) and "ENDPOINT_TYPE_VM" in nat.endpoints


def _internet(world: World, network: Key, nic: Nic) -> Iterator[Exit]:
    for res, attribute, phrase, family in source(world, nic):
        for route in gateway_routes(world, network, nic):
            remote = internet(route) & family
            if family == IPV6 and not remote and nic.subnet is not None and nic.subnet.res is res:
                continue
            if remote:
                yield Exit(
                    res, remote,
                    (
                        Step(f"network {network}", "the internet gateway", route_phrase(route), route.res.address, route.attribute),
                        Step("the internet gateway", INTERNET, phrase, res.address, attribute),
                    ),
                )  # fmt: skip


def route_phrase(route: Route) -> str:
    if route.kept:
        return f"network {route.res.subject} keeps its default routes"
    return f"route {route.res.subject} sends {route.dest} there"


def _next_hops(world: World, network: Key, nic: Nic | None) -> Iterator[Exit]:
    """Static routes to something other than the internet gateway and not to a closed machine of the snapshot."""
    for route in network_routes(world, network):
        if route.hop in ("gateway", "unknown") or not route.serves(nic):
            continue
        # Google's VIPs have routes of their own, which are more specific.
        remote = route.dest - inside(world) - (NOTHING if route.dest <= VIPS else VIPS)
        if remote and hop_inside(world, route) is None:
            target = route.target if isinstance(route.target, str) else route.attribute
            yield Exit(
                route.res, remote,
                (Step(f"network {network}", short(str(target)), f"route {route.res.subject} sends {route.dest} there", route.res.address, route.attribute),),
            )  # fmt: skip


def hop_inside(world: World, route: Route) -> Res | None:
    """The machine or balancer of the snapshot that a route leads to, where it stands in one network only."""
    if route.hop == "ilb":
        return created(world, "google_compute_forwarding_rule", route.target, route.res) or machine_at(
            world, route.target
        )
    if route.hop == "ip":
        return machine_at(world, route.target)
    machine = (
        created(world, "google_compute_instance", route.target, route.res)
        if route.hop == "instance"
        else None
    )
    return machine if machine is not None and len(machine.blocks("network_interface")) == 1 else None


def machine_at(world: World, value: Any) -> Res | None:
    """The machine or balancer of the snapshot that has an internal address, and no second network."""
    for res in world.of("google_compute_instance"):
        interfaces = res.blocks("network_interface")
        if len(interfaces) == 1 and value is not None and interfaces[0].get("network_ip") == value:
            return res
    for res in world.of("google_compute_forwarding_rule"):
        if value is not None and res.get("ip_address") == value:
            return res
    return None


def _links(world: World, network: Key) -> Iterator[Exit]:
    for link in links_of(world, network):
        remote = link.remote - inside(world)
        if remote:
            because = f"{link.res.type} {link.res.subject} joins the network to it"
            yield Exit(
                link.res,
                remote,
                (Step(f"network {network}", link.far, because, link.res.address, link.attribute),),
            )


def _policy_routes(world: World, network: Key, nic: Nic | None) -> Iterator[Exit]:
    for res in world.of("google_network_connectivity_policy_based_route"):
        if (
            network_key(world, res.get("network"), res) not in (network, None)
            or res.get("next_hop_ilb_ip") is None
        ):
            continue
        dest = res.get("filter.dest_range", "0.0.0.0/0")
        block = parse(dest) if isinstance(dest, str) else EVERYTHING
        hop = res.get("next_hop_ilb_ip")
        remote = (block or EVERYTHING) - inside(world)
        if remote and machine_at(world, hop) is None:
            because = f"policy-based route {res.subject} sends {dest} to {hop}"
            yield Exit(
                res, remote, (Step(f"network {network}", str(hop), because, res.address, "next_hop_ilb_ip"),)
            )


def reached(found: list[Exit], wanted: Addresses) -> Exit | None:
    """The shortest exit that reaches some of ``wanted``."""
    hits = [way for way in found if way.remote & wanted]
    return min(hits, key=lambda way: len(way.steps), default=None)
