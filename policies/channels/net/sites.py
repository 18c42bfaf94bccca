"""NET-11 and NET-12: tunnels to other sites, peerings and hubs to networks of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.network.addresses import PRIVATE
from policies.facts.network.denies import deny_controls
from policies.facts.network.links import Link, links, producer_guarded
from policies.facts.network.networks import flag, inside, network_key, networks
from policies.facts.network.passage import passage
from policies.facts.resource import Res
from policies.facts.world import World

# What belongs to a connection to another site and carries nothing by itself.
_PARTS = {
    "google_compute_external_vpn_gateway": ("interface", "names the VPN gateway of another site"),
    "google_compute_ha_vpn_gateway": ("network", "is a VPN gateway of the network"),
    "google_compute_vpn_gateway": ("network", "is a VPN gateway of the network"),
    "google_compute_interconnect": ("location", "is a line to another site"),
    "google_compute_interconnect_group": ("name", "groups lines to other sites"),
    "google_compute_interconnect_attachment_group": ("name", "groups attachments to other sites"),
    "google_compute_cross_site_network": ("name", "joins sites of others"),
    "google_compute_wire_group": ("name", "is a wire between sites"),
    "google_network_security_sac_realm": ("name", "hands traffic to a secure access provider"),
    "google_network_security_sac_attachment": ("ncc_gateway", "hands traffic to a secure access provider"),
    "google_network_connectivity_transport": ("network", "joins the network to another cloud or site"),
    "google_network_connectivity_gateway_advertised_route": ("spoke", "announces routes to other sites"),
    "google_network_connectivity_multicloud_data_transfer_config": ("services", "carries data to other clouds"),
    "google_network_connectivity_destination": ("endpoints", "names endpoints in other clouds"),
    "google_edgenetwork_interconnect_attachment": ("interconnect", "is a line to another site"),
}  # fmt: skip


@channel("NET-11")
def no_tunnel_leads_to_another_site(world: World) -> Iterable[Evidence]:
    """No VPN, interconnect or wire, and no announcement of Google's VIPs to one."""
    found: list[Evidence] = []
    for link in links(world):
        if link.kind == "tunnel" or link.res.type == "google_compute_interconnect_attachment":
            found.append(_site(world, link))
    for type_, (attribute, phrase) in _PARTS.items():
        for res in world.of(type_):
            found.append(
                Leak(
                    "weakened",
                    res.subject,
                    f"{res.subject} {phrase}. Only a missing tunnel or the firewall still keeps the data in.",
                    (),
                    f"remove {res.address}",
                    res.address,
                    attribute,
                )
            )
    found += _advertised(world)
    yield from found
    if not found:
        yield from deny_controls(world)


def _site(world: World, link: Link) -> Leak:
    through = passage(world, link.network, link.remote - inside(world))
    step = Step(
        "the network",
        link.far,
        f"{link.res.type} {link.res.subject} leads there",
        link.res.address,
        link.attribute,
    )
    return Leak(
        "open" if through.any else "weakened", link.res.subject,
        f"{link.res.subject} is a tunnel from the network to {link.far}. {through.sentence}",
        (*through.steps, step) if through.any else (), f"remove {link.res.address}", link.res.address, link.attribute,
    )  # fmt: skip


def _advertised(world: World) -> Iterator[Leak]:
    """Routers and sessions that announce ranges of their own choosing to another site."""
    for type_, mode, ranges in (
        ("google_compute_router", "bgp.advertise_mode", "bgp.advertised_ip_ranges"),
        ("google_compute_router_peer", "advertise_mode", "advertised_ip_ranges"),
    ):
        for res in world.of(type_):
            value = res.get(mode, "DEFAULT")
            if value == "DEFAULT":
                continue
            names = ", ".join(str(block.get("range")) for block in res.blocks(ranges)) or "no ranges"
            yield Leak(
                "undecided" if isinstance(value, Unknown) else "weakened", res.subject,
                f"Router {res.subject} announces {names} to its peers ({mode} = CUSTOM): machines of another site reach these "
                f"addresses through this network. Only a missing session still prevents it.",
                (), f"set {mode} = DEFAULT on {res.address}", res.address, ranges,
            )  # fmt: skip


@channel("NET-12")
def no_network_of_others_is_joined(world: World) -> Iterable[Evidence]:
    """No peering, hub or producer network but Google's own behind the guard of Service Networking."""
    found: list[Evidence] = []
    for link in links(world):
        if link.kind in ("peering", "hub"):
            found.append(_joined(world, link))
    found += _own_peerings(world)
    found += _route_settings(world)
    found += _hubs(world)
    found += _producers(world)
    yield from found
    if not any(isinstance(item, Leak) for item in found):
        yield from deny_controls(world)


def _joined(world: World, link: Link) -> Leak:
    through = passage(world, link.network, link.remote - inside(world))
    step = Step(
        "the network",
        link.far,
        f"{link.res.type} {link.res.subject} joins them",
        link.res.address,
        link.attribute,
    )
    value = link.res.get(link.attribute)
    unsure = isinstance(value, Unknown) and world.referred(value) is None
    return Leak(
        "open" if through.any else "undecided" if unsure else "weakened", link.res.subject,
        f"{link.res.subject} joins the network to {link.far}, whose routes and firewall are not in the snapshot. {through.sentence}",
        (*through.steps, step) if through.any else (), f"remove {link.res.address}", link.res.address, link.attribute,
    )  # fmt: skip


def _own_peerings(world: World) -> Iterator[Evidence]:
    for res in world.of("google_compute_network_peering"):
        key = network_key(world, res.get("peer_network"), res)
        if key in networks(world):
            yield Control(res.address, "peer_network")
            if flag(res.get("export_custom_routes"), False) is not False:
                text = "the peer takes this network's custom routes as well"
                yield Advice(text, res.address, "export_custom_routes")
    for connection in world.of("google_service_networking_connection"):
        guard = producer_guarded(world, connection)
        if guard is not None:
            yield Control(guard.address, "enabled")


def _route_settings(world: World) -> Iterator[Leak]:
    own = {str(res.get("name")) for res in world.of("google_compute_network_peering")
           if network_key(world, res.get("peer_network"), res) in networks(world)}  # fmt: skip
    for res in world.of("google_compute_network_peering_routes_config"):
        shared = [
            name
            for name in ("export_custom_routes", "import_custom_routes")
            if flag(res.get(name), False) is not False
        ]
        if not shared or str(res.get("peering")) in own:
            continue
        yield Leak(
            "weakened", res.subject,
            f"Peering {res.get('peering')} exchanges custom routes ({', '.join(shared)}): what the far network routes, this one "
            f"takes. Only the firewall still keeps the data in.",
            (), f"set {shared[0]} = false on {res.address}", res.address, shared[0],
        )  # fmt: skip


def _hubs(world: World) -> Iterator[Leak]:
    for res in world.of("google_network_connectivity_group"):
        projects = res.get("auto_accept.auto_accept_projects")
        foreign = (
            [p for p in projects if world.owns_project(p) is not True]
            if isinstance(projects, list | tuple)
            else []
        )
        if foreign or isinstance(projects, Unknown):
            yield Leak(
                "weakened" if foreign else "undecided", res.subject,
                f"Group {res.subject} of a hub accepts spokes of {', '.join(map(str, foreign)) or 'projects that are not known'} "
                f"without asking. Only the firewall still keeps the data in.",
                (), f"remove auto_accept from {res.address}", res.address, "auto_accept",
            )  # fmt: skip


# Services that put a network of Google's beside the project's: (type, network argument, connection argument).
_PRODUCERS = (
    ("google_redis_instance", "authorized_network", "connect_mode"),
    ("google_memcache_instance", "authorized_network", ""),
    ("google_filestore_instance", "networks.network", "networks.connect_mode"),
    ("google_sql_database_instance", "settings.ip_configuration.private_network", ""),
)


def _producers(world: World) -> Iterator[Leak]:
    for type_, argument, mode in _PRODUCERS:
        for res in world.of(type_):
            value = res.get(argument)
            if value is None:
                continue
            direct = bool(mode) and res.get(mode, "DIRECT_PEERING") == "DIRECT_PEERING"
            if not direct and _guarded(world, res, value):
                continue
            through = passage(world, network_key(world, value, res), PRIVATE - inside(world))
            yield Leak(
                "open" if through.any else "weakened", res.subject,
                f"{res.subject} is served from a network of Google's that is peered with this one, and no "
                f"google_service_networking_vpc_service_controls takes its way to the internet out. {through.sentence}",
                (*through.steps, Step("the network", "the producer network", "peering of the service", res.address, argument))
                if through.any else (),
                f"use private service access with google_service_networking_vpc_service_controls.enabled = true for {res.address}",
                res.address, argument,
            )  # fmt: skip


def _guarded(world: World, res: Res, value: object) -> bool:
    network = network_key(world, value, res)
    connections = [
        c for c in world.of("google_service_networking_connection")
        if network is not None and network_key(world, c.get("network"), c) == network
    ]  # fmt: skip
    return bool(connections) and all(producer_guarded(world, c) is not None for c in connections)
