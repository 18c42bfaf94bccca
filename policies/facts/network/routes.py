"""Routes of a network, Cloud NAT, and the routers they hang on (catalogue 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.network.addresses import EVERYTHING, IPV4, Addresses, parse
from policies.facts.network.firewall_rules import identity
from policies.facts.network.networks import (
    Key,
    Subnet,
    created,
    may,
    network_key,
    networks,
    strings,
    subnet_of,
)
from policies.facts.network.nics import Nic
from policies.facts.resource import Res
from policies.facts.world import World, fact

Hop = Literal["gateway", "tunnel", "instance", "ip", "ilb", "unknown"]

_HOPS: dict[str, Hop] = {
    "next_hop_gateway": "gateway",
    "next_hop_vpn_tunnel": "tunnel",
    "next_hop_instance": "instance",
    "next_hop_ip": "ip",
    "next_hop_ilb": "ilb",
}


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """``hop``: what it leads to, named by ``attribute``. ``kept``: Google's own default route, which ``res`` (the
    network) does not delete. ``tags``: only NICs that carry one of them, empty for all. ``unread``: attributes
    without a known value."""

    res: Res
    dest: Addresses
    hop: Hop
    attribute: str
    target: Any
    tags: frozenset[str] = frozenset()
    kept: bool = False
    unread: tuple[str, ...] = ()

    def serves(self, nic: Nic | None) -> bool:
        return not self.tags or nic is None or not self.tags.isdisjoint(nic.position.tags)


@fact
def routes(world: World) -> dict[Key | None, list[Route]]:
    """Static routes by network, with the default routes that Google makes where the network keeps them."""
    found: dict[Key | None, list[Route]] = {}
    for network in networks(world).values():
        if may(network.default_routes):
            unread = (
                ("delete_default_routes_on_create",) if isinstance(network.default_routes, Unknown) else ()
            )
            found.setdefault(network.key, []).append(
                Route(
                    network.res,
                    IPV4,
                    "gateway",
                    "delete_default_routes_on_create",
                    "default-internet-gateway",
                    kept=True,
                    unread=unread,
                )
            )
    for res in world.of("google_compute_route"):
        key = network_key(world, res.get("network"), res)
        found.setdefault(key, []).append(_route(res))
    return found


def _route(res: Res) -> Route:
    attribute = next((name for name in _HOPS if res.get(name) is not None), "next_hop_gateway")
    target, dest = res.get(attribute), res.get("dest_range")
    block = parse(dest) if isinstance(dest, str) else None
    hop = _HOPS[attribute]
    unread = () if block is not None else ("dest_range",)
    if attribute == "next_hop_gateway" and (isinstance(target, Unknown) or target is None):
        hop, unread = "unknown", (*unread, attribute)
    known, unknown = strings(res, "tags")
    tags = frozenset(identity(item) for item in (*known, *unknown))
    return Route(res, EVERYTHING if block is None else block, hop, attribute, target, tags, unread=unread)


@fact
def routers(world: World) -> dict[str, Key | None]:
    """The network of each router, by the router's address."""
    return {r.address: network_key(world, r.get("network"), r) for r in world.of("google_compute_router")}


def router_network(world: World, value: Any, beside: Res) -> Key | None:
    """The network of the router that ``value`` names, None when it cannot be told."""
    router = created(world, "google_compute_router", value, beside)
    return routers(world)[router.address] if router is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class Nat:
    """A NAT configuration. ``network``: None when its router is not in the snapshot. ``subnets``: those it covers, by
    address, None for all: of a subnet that is listed any range may be translated, for pods leave with their node's address."""

    res: Res
    network: Key | None
    public: bool | Unknown
    subnets: frozenset[str] | None
    endpoints: frozenset[str]
    nat64: bool

    def covers(self, nic: Nic) -> bool:
        """Whether packets of the NIC, or of a pod behind it, may be translated."""
        if self.network is not None and nic.network != self.network:
            return False
        if self.subnets is None or nic.subnet is None:
            return True
        return nic.subnet.res.address in self.subnets or "?" in self.subnets


@fact
def nats(world: World) -> tuple[Nat, ...]:
    """Every NAT of the snapshot."""
    return tuple(_nat(world, res) for res in world.of("google_compute_router_nat"))


def _nat(world: World, res: Res) -> Nat:
    kind = res.get("type", "PUBLIC")
    ranges = res.get("source_subnetwork_ip_ranges_to_nat")
    subnets: frozenset[str] | None = None
    if ranges == "LIST_OF_SUBNETWORKS":
        subnets = frozenset(_listed(world, res))
    known, unknown = strings(res, "endpoint_types")
    endpoints = frozenset(known) or frozenset({"ENDPOINT_TYPE_VM"})
    if unknown:
        endpoints |= {"ENDPOINT_TYPE_VM"}
    v6 = res.get("source_subnetwork_ip_ranges_to_nat64")
    return Nat(
        res, router_network(world, res.get("router"), res), kind if isinstance(kind, Unknown) else kind == "PUBLIC", subnets,
        endpoints, v6 is not None and v6 != "NONE",
    )  # fmt: skip


def _listed(world: World, res: Res) -> Iterator[str]:
    for block in res.blocks("subnetwork"):
        yield _subnet_key(subnet_of(world, block.get("name"), res), block.get("name"))


def _subnet_key(subnet: Subnet | None, value: Any) -> str:
    if subnet is not None:
        return subnet.res.address
    return "?" if isinstance(value, Unknown) else short(str(value))
