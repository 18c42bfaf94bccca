"""NET-09 and NET-10: routes that steer around the design, and routes that others announce."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.network.addresses import EVERYTHING, NOTHING, Addresses, parse
from policies.facts.network.denies import deny_controls
from policies.facts.network.exits import hop_inside, machine_at
from policies.facts.network.links import links
from policies.facts.network.networks import Key, flag, inside, network_key, networks
from policies.facts.network.nics import MACHINES, nics
from policies.facts.network.passage import Passage, passage
from policies.facts.network.ranges import VIPS
from policies.facts.network.routes import Route, routes
from policies.facts.resource import Res
from policies.facts.world import World


@channel("NET-09")
def no_route_steers_around_the_gateway(world: World) -> Iterable[Evidence]:
    """No policy-based route, no route to a machine, address, balancer or tunnel, no machine that forwards or bridges."""
    found = [*_policy_routes(world), *_next_hops(world), *_forwarders(world), *_overlaps(world)]
    yield from found
    if not any(isinstance(item, Leak) for item in found):
        yield from deny_controls(world)


def _policy_routes(world: World) -> Iterator[Evidence]:
    for res in world.of("google_network_connectivity_policy_based_route"):
        hop = res.get("next_hop_ilb_ip")
        if hop is None:
            continue  # next_hop_other_routes = DEFAULT_ROUTING only takes other policy-based routes out
        dest = res.get("filter.dest_range", "0.0.0.0/0")
        block = parse(dest) if isinstance(dest, str) else None
        remote = (block or EVERYTHING) - inside(world)
        through = passage(world, network_key(world, res.get("network"), res), remote)
        step = Step(
            "the network",
            str(hop),
            f"policy-based route {res.subject} sends {dest} there",
            res.address,
            "next_hop_ilb_ip",
        )
        known = isinstance(hop, str) and machine_at(world, hop) is not None
        yield Leak(
            "open" if through.out and not known else "weakened", res.subject,
            f"Policy-based route {res.subject} comes before every other route and sends {dest} to {hop}, which may pass it on. "
            f"{through.sentence}",
            (*through.steps, step) if through.out and not known else (), f"remove {res.address}", res.address, "next_hop_ilb_ip",
        )  # fmt: skip


def _next_hops(world: World) -> Iterator[Evidence]:
    for key, found in routes(world).items():
        for route in found:
            if route.hop in ("gateway", "unknown"):
                continue
            # Google's VIPs have routes of their own, which are more specific.
            remote = route.dest - inside(world) - (NOTHING if route.dest <= VIPS else VIPS)
            target = hop_inside(world, route)
            if target is not None and not remote:
                yield Control(route.res.address, route.attribute)
                continue
            yield _next_hop(world, key, route, remote, target)


def _next_hop(world: World, key: Key | None, route: Route, remote: Addresses, target: Res | None) -> Leak:
    through = passage(world, key, remote)
    hop = short(str(route.target)) if isinstance(route.target, str) else "something that is not known"
    step = Step(
        "the network",
        hop,
        f"route {route.res.subject} sends {route.dest} there",
        route.res.address,
        route.attribute,
    )
    opened = bool(through.out) and target is None
    return Leak(
        "open" if opened else "weakened", route.res.subject,
        f"Route {route.res.subject} sends {route.dest} to {hop} ({route.attribute}), which passes it on by rules of its own. "
        f"{through.sentence}",
        (*through.steps, step) if opened else (), f"remove {route.res.address}", route.res.address, route.attribute,
    )  # fmt: skip


def _forwarders(world: World) -> Iterator[Evidence]:
    by_machine: dict[str, list[Key | None]] = {}
    for nic in nics(world):
        if nic.res.type in MACHINES:
            by_machine.setdefault(nic.res.address, []).append(nic.network)
    for address, joined in by_machine.items():
        res = world.at(address)
        assert res is not None
        forwards = flag(res.get("can_ip_forward"), False)
        if forwards is not False:
            unsure = isinstance(forwards, Unknown)
            yield Leak(
                "undecided" if unsure else "weakened", res.subject,
                f"Machine {res.subject} {'may' if unsure else 'can'} forward packets that are not its own (can_ip_forward): a route "
                f"to it carries other machines' data past their own rules.",
                (), f"set can_ip_forward = false on {address}", address, "can_ip_forward",
            )  # fmt: skip
        if len(set(joined)) > 1:
            names = " and ".join(
                sorted({str(key) if key else "a network that is not known" for key in joined})
            )
            yield Leak(
                "weakened", res.subject,
                f"Machine {res.subject} has a foot in {names}: what it forwards between them meets the rules of neither.",
                (), f"give {address} one network interface", address, "network_interface",
            )  # fmt: skip


def _overlaps(world: World) -> Iterator[Evidence]:
    for res in world.of("google_compute_subnetwork"):
        if flag(res.get("allow_subnet_cidr_routes_overlap"), False) is not False:
            yield Leak(
                "weakened", res.subject,
                f"Subnet {res.subject} lets static and learned routes take over parts of its own range: a route may send traffic "
                f"that should stay inside elsewhere.",
                (), f"remove allow_subnet_cidr_routes_overlap from {res.address}", res.address, "allow_subnet_cidr_routes_overlap",
            )  # fmt: skip


@channel("NET-10")
def no_peer_announces_routes(world: World) -> Iterable[Evidence]:
    """No BGP session: a peer can announce any prefix, the default route among them."""
    found = False
    for link in links(world):
        if link.kind != "session":
            continue
        found = True
        through = passage(world, link.network, link.remote - inside(world))
        yield _session(link.res, link.attribute, link.far, through)
    for res in world.of("google_compute_router_peer"):
        if flag(res.get("enable"), True) is False:
            found = True
            yield _idle(res, "enable", f"The BGP session {res.subject} is configured, only switched off.")
    for res in world.of("google_compute_router_interface"):
        if not _internal(res):
            found = True
            yield _idle(
                res,
                "router",
                f"Router interface {res.subject} is ready for a BGP session; only the session is missing.",
            )
    for res in world.of("google_compute_vpn_tunnel"):
        if res.get("router") is not None:
            found = True
            yield _idle(
                res,
                "router",
                f"VPN tunnel {res.subject} takes its routes from a router: what its peer announces.",
            )
    for res in world.of("google_network_connectivity_spoke"):
        if res.blocks("linked_router_appliance_instances"):
            found = True
            through = passage(world, None, EVERYTHING - inside(world))
            yield _session(
                res, "linked_router_appliance_instances", "the router appliances of the spoke", through
            )
    if found:
        return
    for network in networks(world).values():
        yield Control(network.res.address, "routing_mode")
        if network.res.get("routing_mode") == "GLOBAL":
            text = "routes learned in one region would be taken in all of them"
            yield Advice(text, network.res.address, "routing_mode")


def _internal(res: Res) -> bool:
    """An interface in a subnet serves a router appliance of the network, which its own rules hold."""
    return (
        res.get("subnetwork") is not None
        and res.get("vpn_tunnel") is None
        and res.get("interconnect_attachment") is None
    )


def _session(res: Res, attribute: str, far: str, through: Passage) -> Leak:
    step = Step(
        "the network", far, f"{res.subject} takes every route that {far} announces", res.address, attribute
    )
    return Leak(
        "open" if through.any else "weakened", res.subject,
        f"{res.subject} lets {far} announce routes into the network: any prefix may lead there. {through.sentence}",
        (*through.steps, step) if through.any else (), f"remove {res.address}", res.address, attribute,
    )  # fmt: skip


def _idle(res: Res, attribute: str, sentence: str) -> Leak:
    return Leak("weakened", res.subject, sentence, (), f"remove {res.address}", res.address, attribute)
