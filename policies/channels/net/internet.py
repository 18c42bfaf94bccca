"""NET-01, NET-06, NET-07: external addresses, Cloud NAT, and routes to the internet gateway.

The internet is reached only where all three hold: a route to the gateway, an address that comes back, and a firewall
that lets it pass. One of them alone is a finding all the same: it takes one more mistake to leak.
"""

from __future__ import annotations

from collections.abc import Iterable

from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.network.addresses import IPV4, Addresses
from policies.facts.network.denies import deny_controls
from policies.facts.network.egress import why
from policies.facts.network.exits import INTERNET, gateway_routes, internet, opens_nat, route_phrase, source
from policies.facts.network.flow import lets_in, lets_out
from policies.facts.network.networks import Key, flag, may, networks
from policies.facts.network.nics import Nic, nics, nics_by_network
from policies.facts.network.routes import Nat, Route, nats, routes
from policies.facts.world import World


def _path(world: World, nic: Nic, reach: Addresses, routes_: list[Route], last: Step) -> tuple[Step, ...]:
    """From code on ``nic`` to the internet, empty where the firewall or the routes cut it. ``last``: the step that
    the source address makes."""
    for route in routes_:
        remote = internet(route) & reach
        piece = lets_out(world, nic, remote)
        if piece is not None:
            because, address, attribute = why(piece.rule, piece.packets.within(remote))
            first = Step(nic.what, f"network {nic.network}", because, address, attribute)
            gateway = Step(
                f"network {nic.network}",
                "the internet gateway",
                route_phrase(route),
                route.res.address,
                route.attribute,
            )
            return first, gateway, last
        entry = lets_in(world, nic, remote)
        if entry is not None:
            because, address, attribute = why(entry.rule, entry.packets.within(remote))
            gateway = Step("the internet gateway", nic.what, because, address, attribute)
            return Step(INTERNET, "the internet gateway", last.because, last.address, last.attribute), gateway
    return ()


def _cut(path: tuple[Step, ...], routes_: list[Route], reach: Addresses) -> str:
    """The end of a sentence about an address: what it leads to."""
    if path:
        return "Data leaves to any host of the internet."
    if not any(internet(route) & reach for route in routes_):
        return "Only the missing route to the internet still keeps the data in."
    return "Only the firewall still keeps the data in."


@channel("NET-01")
def no_nic_has_an_external_address(world: World) -> Iterable[Evidence]:
    """No node, machine or worker has an external IPv4 address."""
    for nic in nics(world):
        if isinstance(nic.external, Unknown):
            yield Leak(
                "undecided", nic.res.subject, f"{nic.what}: whether it has an external address is not known ({nic.external.reason}).",
                (), f"write {nic.external_at} of {nic.res.address} as a literal", nic.res.address, nic.external_at,
            )  # fmt: skip
            continue
        if not nic.external:
            yield Control(nic.res.address, nic.external_at or "network_interface")
            continue
        seen = nic.network in networks(world)
        ways = gateway_routes(world, nic.network, nic)
        because = "it has an external IPv4 address"
        last = Step("the internet gateway", INTERNET, because, nic.res.address, nic.external_at)
        path = _path(world, nic, IPV4, ways, last) if seen else ()
        end = (
            _cut(path, ways, IPV4)
            if seen
            else f"Network {nic.network} is not in the snapshot: what it lets out is not known."
        )
        yield Leak(
            "open" if path else "weakened" if seen else "undecided", nic.res.subject,
            f"{nic.what} has an external IPv4 address ({nic.external_at}). {end}", path,
            _private_fix(nic), nic.res.address, nic.external_at,
        )  # fmt: skip
    yield from _public_clusters(world)


def _public_clusters(world: World) -> Iterable[Evidence]:
    """Clusters whose own setting gives nodes external addresses, where each pool only says otherwise for itself."""
    exposed = {nic.res.address for nic in nics(world) if nic.external is not False}
    for res in world.of("google_container_cluster"):
        private = flag(res.get("private_cluster_config.enable_private_nodes"), False)
        pools = [nic for nic in nics(world) if nic.nodes and nic.res is not res]
        if private is True or res.address in exposed or any(nic.res.address in exposed for nic in pools):
            continue
        attribute = "private_cluster_config[0].enable_private_nodes"
        yield Leak(
            "undecided" if isinstance(private, Unknown) else "weakened", res.subject,
            f"Cluster {res.subject} gives its nodes external IPv4 addresses ({attribute} is not true). Only its pools' own settings still "
            f"keep them private.",
            (), f"set private_cluster_config.enable_private_nodes = true on {res.address}", res.address, attribute,
        )  # fmt: skip


def _private_fix(nic: Nic) -> str:
    if nic.nodes:
        return f"set network_config.enable_private_nodes = true on {nic.res.address}"
    if nic.external_at.endswith("access_config"):
        return f"remove {nic.external_at} from {nic.res.address}"
    return f"turn the external address off: {nic.external_at} of {nic.res.address}"


@channel("NET-06")
def no_nat_translates_workloads(world: World) -> Iterable[Evidence]:
    """No public Cloud NAT serves a range that holds a workload."""
    for nat in nats(world):
        if not opens_nat(nat):
            yield Control(nat.res.address, "type" if nat.public is False else "endpoint_types")
            continue
        covered = [nic for nic in nics(world) if nat.covers(nic)]
        if nat.subnets is not None and not covered and nics(world):
            yield Control(nat.res.address, "subnetwork")
            continue
        yield _nat_leak(world, nat, covered)
    if not nats(world):
        yield from deny_controls(world)


def _nat_leak(world: World, nat: Nat, covered: list[Nic]) -> Leak:
    name = "source_subnetwork_ip_ranges_to_nat"
    last = Step(
        "the internet gateway",
        INTERNET,
        f"Cloud NAT {nat.res.subject} translates its packets",
        nat.res.address,
        name,
    )
    path: tuple[Step, ...] = ()
    ways: list[Route] = []
    for nic in covered:
        if nic.network in networks(world):
            ways = gateway_routes(world, nic.network, nic)
            path = _path(world, nic, IPV4, ways, last)
            if path:
                break
    who = (
        path[0].source if path else f"every workload of network {nat.network}" if nat.network else "workloads"
    )
    unsure = isinstance(nat.public, Unknown)
    return Leak(
        "undecided" if unsure else "open" if path else "weakened", nat.res.subject,
        f"Cloud NAT {nat.res.subject} {'may give' if unsure else 'gives'} {who[0].lower()}{who[1:]} an address on the internet. "
        f"{_cut(path, ways, IPV4)}",
        path, f"remove {nat.res.address}", nat.res.address, name,
    )  # fmt: skip


@channel("NET-07")
def only_google_vips_route_to_the_internet_gateway(world: World) -> Iterable[Evidence]:
    """Routes to the internet gateway reach Google's VIPs and nothing else."""
    for network in networks(world).values():
        if not may(network.default_routes):
            yield Control(network.res.address, "delete_default_routes_on_create")
        if may(network.auto_subnets):
            unsure = isinstance(network.auto_subnets, Unknown)
            yield Leak(
                "undecided" if unsure else "weakened", network.res.subject,
                f"Network {network.key} {'may make' if unsure else 'makes'} a subnet in every region by itself "
                f"(auto_create_subnetworks), ranges that no stack declares. Only its routes and its firewall still keep the data in.",
                (), f"set auto_create_subnetworks = false on {network.res.address}", network.res.address,
                "auto_create_subnetworks",
            )  # fmt: skip
    for key, found in routes(world).items():
        for route in found:
            if route.hop not in ("gateway", "unknown"):
                continue
            if not internet(route) and not route.unread:
                yield Control(route.res.address, "dest_range")
                continue
            yield _route_leak(world, key, route)
    yield from _default_network(world)


def _route_leak(world: World, key: Key | None, route: Route) -> Leak:
    path: tuple[Step, ...] = ()
    for nic in nics_by_network(world).get(key, []) if key is not None else nics(world):
        if nic.network not in networks(world) or not route.serves(nic):
            continue
        for res, attribute, because, family in source(world, nic):
            last = Step("the internet gateway", INTERNET, because, res.address, attribute)
            path = path or _path(world, nic, family, [route], last)
    subject = route.res.subject
    where = f"network {key}" if key is not None else "a network that is not known"
    if route.kept:
        sentence = f"Network {subject} keeps Google's default routes to the internet gateway."
        fix = f"set delete_default_routes_on_create = true on {route.res.address}"
    else:
        sentence = f"Route {subject} of {where} sends {internet(route)} to the internet gateway: wider than Google's VIPs."
        fix = f"narrow dest_range of {route.res.address} to 199.36.153.4/30"
    if route.unread:
        sentence = f"Where route {subject} of {where} leads is not known ({', '.join(route.unread)})."
    end = (
        "Data leaves to any host of the internet."
        if path
        else "Only missing external addresses and the firewall still keep the data in."
    )
    status: Failing = "open" if path else "undecided" if route.unread else "weakened"
    return Leak(status, subject, f"{sentence} {end}", path, fix, route.res.address, route.attribute)


def _default_network(world: World) -> Iterable[Evidence]:
    """NICs in the project's default network, which Google makes with default routes and open rules."""
    for nic in nics(world):
        if nic.network is None or nic.network.name != "default" or nic.network in networks(world):
            continue
        if not world.owns_project(nic.network.project):
            continue
        because = "it is the default network, whose own routes lead there and which denies no egress"
        gateway = Step(nic.what, "the internet gateway", because, nic.res.address, nic.network_at)
        last = Step(
            "the internet gateway",
            INTERNET,
            "it has an external IPv4 address",
            nic.res.address,
            nic.external_at,
        )
        yield Leak(
            "open" if nic.external is True else "weakened", nic.res.subject,
            f"{nic.what} is in the default network, which keeps its default routes to the internet gateway and denies no egress.",
            (gateway, last) if nic.external is True else (), f"put {nic.res.address} into a network of the snapshot",
            nic.res.address, nic.network_at,
        )  # fmt: skip
