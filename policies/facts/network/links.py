"""What joins a network to other networks: tunnels, interconnects, BGP sessions, peerings and hubs (catalogue 2.2).

The far side is never in the snapshot: it is taken to exist, to announce anything, and to let everything pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.network.addresses import EVERYTHING, PRIVATE, Addresses, parse
from policies.facts.network.networks import (
    Key,
    created,
    flag,
    foreign_project,
    may,
    network_key,
    networks,
    strings,
)
from policies.facts.network.routes import router_network
from policies.facts.resource import Res
from policies.facts.world import World, fact

Kind = Literal["tunnel", "session", "peering", "hub"]


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """``network``: None when it cannot be told, so any. ``remote``: the addresses that may lie behind it; ``far``: who
    is there, a phrase."""

    kind: Kind
    res: Res
    attribute: str
    network: Key | None
    remote: Addresses
    far: str


@fact
def links(world: World) -> tuple[Link, ...]:
    """Every link to a network that is not the snapshot's own."""
    return (*_tunnels(world), *_sessions(world), *_peerings(world), *_spokes(world))


@fact
def links_by_network(world: World) -> dict[Key | None, list[Link]]:
    found: dict[Key | None, list[Link]] = {}
    for link in links(world):
        found.setdefault(link.network, []).append(link)
    return found


def links_of(world: World, network: Key | None) -> list[Link]:
    """The links that traffic of a network may take."""
    by_network = links_by_network(world)
    return by_network.get(network, []) + (by_network.get(None, []) if network is not None else [])


def _tunnels(world: World) -> Iterator[Link]:
    """VPN tunnels that are not of a BGP session: what routes send into them."""
    for res in world.of("google_compute_vpn_tunnel"):
        router = res.get("router")
        gateway = res.get("target_vpn_gateway") if router is None else None
        network = router_network(world, router, res) if router is not None else None
        if gateway is not None:
            owner = created(world, "google_compute_vpn_gateway", gateway, res)
            network = network_key(world, owner.get("network"), owner) if owner is not None else None
        remote = Addresses()
        known, unknown = strings(res, "remote_traffic_selector")
        for text in known:
            remote |= parse(text) or EVERYTHING
        if unknown:
            remote = EVERYTHING
        far = tunnel_end(res)
        yield Link(
            "tunnel",
            res,
            "remote_traffic_selector" if remote else "router",
            network,
            remote or EVERYTHING,
            far,
        )


def tunnel_end(res: Res) -> str:
    """Who is at the other end of a VPN tunnel."""
    for attribute in ("peer_ip", "peer_external_gateway", "peer_gcp_gateway"):
        value = res.get(attribute)
        if isinstance(value, str):
            return f"the VPN peer {short(value)}"
        if isinstance(value, Unknown) and value.refs:
            return f"the VPN peer {value.refs[0].rsplit('.', 1)[0]}"
    return "a VPN peer"


def _sessions(world: World) -> Iterator[Link]:
    for res in world.of("google_compute_router_peer"):
        if flag(res.get("enable"), True) is False:
            continue
        far = f"the BGP peer {res.get('peer_ip_address', res.subject)}"
        yield Link("session", res, "router", router_network(world, res.get("router"), res), EVERYTHING, far)
    for res in world.of("google_compute_interconnect_attachment"):
        network = router_network(world, res.get("router"), res)
        yield Link("session", res, "router", network, EVERYTHING, "the site behind the interconnect")


def _peerings(world: World) -> Iterator[Link]:
    for res in world.of("google_compute_network_peering"):
        far = res.get("peer_network")
        key = network_key(world, far, res)
        if key is not None and key in networks(world):
            continue
        remote = PRIVATE
        for attribute in ("import_custom_routes", "import_subnet_routes_with_public_ip"):
            if may(flag(res.get(attribute), False)):
                remote = EVERYTHING
        project = foreign_project(world, far)
        where = f"network {short(far)} of project {project}" if project else "a network outside the snapshot"
        yield Link("peering", res, "peer_network", network_key(world, res.get("network"), res), remote, where)
    for res in world.of(
        "google_vmwareengine_network_peering", "google_netapp_storage_pool", "google_netapp_volume"
    ):
        yield Link("peering", res, "peer_network", _any_network(world, res), PRIVATE, "a Google-run network")
    for res in world.of("google_service_networking_connection"):
        if producer_guarded(world, res):
            continue
        service = res.get("service")
        where = f"the producer network of {service}" if isinstance(service, str) else "a producer network"
        yield Link("peering", res, "service", network_key(world, res.get("network"), res), PRIVATE, where)


def _any_network(world: World, res: Res) -> Key | None:
    for attribute in ("network", "peer_network"):
        key = network_key(world, res.get(attribute), res)
        if key in networks(world):
            return key
    return None


def producer_guarded(world: World, connection: Res) -> Res | None:
    """The resource that takes the default route out of the producer's network (``enabled``), None without one."""
    network = network_key(world, connection.get("network"), connection)
    if connection.get("service") != "servicenetworking.googleapis.com":
        return None
    for res in world.of("google_service_networking_vpc_service_controls"):
        same = network is not None and network_key(world, res.get("network"), res) == network
        if (
            same
            and res.get("service") == connection.get("service")
            and flag(res.get("enabled"), False) is True
        ):
            return res
    return None


def _spokes(world: World) -> Iterator[Link]:
    for res in world.of("google_network_connectivity_spoke"):
        block = next((b for b in res.blocks("linked_vpc_network")), None)
        network: Key | None = None
        if block is not None:
            network = network_key(world, block.get("uri"), res)
        yield Link(
            "hub",
            res,
            "hub",
            network,
            EVERYTHING if block is None else PRIVATE,
            hub_name(world, res.get("hub")),
        )


def hub_name(world: World, value: Any) -> str:
    """A hub, said so that a reader knows whose it is."""
    hub = created(world, "google_network_connectivity_hub", value)
    if hub is not None:
        return f"the spokes of hub {hub.subject}"
    project = foreign_project(world, value)
    return f"a hub of project {project}" if project else "a hub outside the snapshot"
