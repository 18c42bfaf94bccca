"""API-04 and API-11: which of Google's front ends the network leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.dns.resolution import google_name
from policies.facts.dns.zones import normal, response_policies, zone_of
from policies.facts.network.addresses import Addresses, parse
from policies.facts.network.denies import deny_controls
from policies.facts.network.doors import NAMES, Door, api_endpoints, doors, google_access
from policies.facts.network.egress import openings
from policies.facts.network.exits import gateway_routes, internet
from policies.facts.network.networks import flag, networks, strings, subnets
from policies.facts.network.nics import nics
from policies.facts.network.ranges import DIRECT_PATH, FRONT_ENDS, PRIVATE_VIP
from policies.facts.network.routes import Route, routes
from policies.facts.perimeter.guard import guard
from policies.facts.resource import Res
from policies.facts.world import World

_BUCKET = "a bucket of somebody else's project"


@channel("API-04")
def only_the_restricted_vip_is_used(world: World) -> Iterable[Evidence]:
    """No route, rule, record or endpoint leads to front ends that serve APIs outside VPC Service Controls."""
    reached = {door.kind: door for door in doors(world)}
    found = [
        *_wide_access(world, reached.get("public")), *_private_routes(world, reached.get("private")),
        *_private_rules(world, reached.get("private")), *_private_records(world, reached.get("private")),
        *_bundles(world, reached.get("all-apis")),
    ]  # fmt: skip
    yield from found
    if not found:
        for key, group in routes(world).items():
            if key is not None:
                yield from (Control(route.res.address, "dest_range") for route in group if not route.kept)
        yield from deny_controls(world)


def _said(door: Door | None, cut: str) -> tuple[Failing, tuple[Step, ...], str]:
    if door is None:
        return "weakened", (), cut
    target = door.steps[-1].target
    return (
        "open",
        door.steps,
        f"{door.nic.what} reaches {target}, where every API answers, Drive and Gmail among them.",
    )


def _wide_access(world: World, door: Door | None) -> Iterator[Leak]:
    """Private Google Access where a route to the internet gateway is wider than the VIPs."""
    for network in networks(world):
        wide = [r for r in gateway_routes(world, network) if r.dest & FRONT_ENDS and not r.unread]
        users = [nic for nic in nics(world) if nic.network == network and google_access(nic)]
        opened = [s for s in subnets(world) if s.network == network and s.google_access is not False]
        for route in wide if users or opened else ():
            status, steps, end = _said(
                door, "Only the firewall still keeps code from Google's public front ends."
            )
            subnet = opened[0].res.subject if opened else users[0].res.subject
            yield Leak(
                status, route.res.subject,
                f"Private Google Access ({subnet}) and {_route_name(route)} open all of Google's public front ends. {end}",
                steps, f"route 199.36.153.4/30 only: {route.res.address}", route.res.address, route.attribute,
            )  # fmt: skip


def _route_name(route: Route) -> str:
    return (
        f"the default routes of network {route.res.subject}" if route.kept else f"route {route.res.subject}"
    )


def _private_routes(world: World, door: Door | None) -> Iterator[Leak]:
    for group in routes(world).values():
        for route in group:
            if (
                route.kept
                or route.hop not in ("gateway", "unknown")
                or route.unread
                or not route.dest & PRIVATE_VIP
            ):
                continue
            if route.dest & FRONT_ENDS:
                continue  # a wide route: said above
            status, steps, end = _said(door, "Only the firewall still keeps code from it.")
            yield Leak(
                status, route.res.subject, f"Route {route.res.subject} leads to the private VIP 199.36.153.8/30. {end}", steps,
                f"set dest_range = 199.36.153.4/30 on {route.res.address}", route.res.address, "dest_range",
            )  # fmt: skip


def _private_rules(world: World, door: Door | None) -> Iterator[Leak]:
    for opening in openings(world):
        rule = opening.rule
        packets = opening.packets.within(PRIVATE_VIP)
        if rule is None or rule.broad or not packets or opening.packets.addresses.size > 2**16:
            continue
        status, steps, end = _said(door, "Only the missing route still keeps code from it.")
        yield Leak(
            status, rule.subject, f"Firewall rule {rule.subject} allows {packets} to the private VIP 199.36.153.8/30. {end}", steps,
            f"allow 199.36.153.4/30 instead: {rule.res.address}", rule.res.address,
            rule.attribute("destination_ranges" if rule.res.get("destination_ranges") is not None else "match"),
        )  # fmt: skip


def _private_records(world: World, door: Door | None) -> Iterator[Leak]:
    for res, attribute, values in _answers(world):
        addresses = Addresses()
        names = []
        unsure: Unknown | None = None
        for value in values:
            block = parse(value) if isinstance(value, str) else None
            if isinstance(value, Unknown):
                unsure = unsure or value
            elif block is not None:
                addresses |= block & PRIVATE_VIP
            elif normal(str(value)) == "private.googleapis.com.":
                names.append(str(value))
        if unsure is not None and not addresses and not names:
            yield Leak(
                "undecided", res.subject, f"What record {res.get('name')} answers for Google's names is not known ({unsure.reason}).",
                (), f"answer with 199.36.153.4 to .7: {res.address}", res.address, attribute,
            )  # fmt: skip
        if addresses or names:
            status, steps, end = _said(door, "Only routes and the firewall still keep code from it.")
            yield Leak(
                status, res.subject,
                f"Record {res.get('name', res.get('dns_name'))} answers with the private VIP ({names[0] if names else addresses}). {end}",
                steps, f"answer with 199.36.153.4 to .7: {res.address}", res.address, attribute,
            )  # fmt: skip


def _answers(world: World) -> Iterator[tuple[Res, str, list[object]]]:
    """What private zones and response policies answer for Google's names: (resource, attribute, values)."""
    for record in world.of("google_dns_record_set"):
        zone = zone_of(world, record)
        if zone is not None and zone.get("visibility", "public") == "public":
            continue
        name = normal(record.get("name"))
        known, unknown = strings(record, "rrdatas")
        unknown = unknown if name is None or google_name(name.removeprefix("*.")) else ()
        values: list[object] = [*known, *unknown]
        for block in record.blocks("routing_policy.wrr") + record.blocks("routing_policy.geo"):
            values += strings(block, "rrdatas")[0]
        yield record, "rrdatas", values
    for policy in response_policies(world):
        for rule in policy.rules:
            for block in rule.res.blocks("local_data.local_datas"):
                yield rule.res, block.at("rrdatas"), list(strings(block, "rrdatas")[0])


def _bundles(world: World, door: Door | None) -> Iterator[Leak]:
    for res, kind, attribute, _ in api_endpoints(world):
        if kind != "all-apis":
            continue
        status, steps, end = _said(door, "Only the firewall still keeps code from it.")
        yield Leak(
            status, res.subject, f"Endpoint {res.subject} is a door to all of Google's APIs (target = all-apis). {end}", steps,
            f"set target = vpc-sc on {res.address}", res.address, attribute,
        )  # fmt: skip


@channel("API-11")
def no_other_door_leads_to_google(world: World) -> Iterable[Evidence]:
    """No regional endpoint, bundle endpoint or direct path beside the restricted VIP."""
    held = guard(world).holds
    found: list[Evidence] = []
    for res, kind, attribute, _ in api_endpoints(world):
        door = next((door for door in doors(world) if door.res is res), None)
        if kind == "vpc-sc":
            found.append(Control(res.address, attribute))
            if not held:
                found.append(
                    Advice(
                        "the same services as the restricted VIP, as a door of its own",
                        res.address,
                        attribute,
                    )
                )
            continue
        end = f"{door.nic.what} reaches it." if door else "Only the firewall still keeps code from it."
        tail = (Step(NAMES[kind], _BUCKET, "it serves every customer"),)
        found.append(
            Leak(
                "open" if door else "weakened",
                res.subject,
                f"{res.subject} is {NAMES[kind]}, an internal address behind which every customer's resources answer. {end}",
                (*door.steps, *tail) if door else (),
                f"remove {res.address}",
                res.address,
                attribute,
            )
        )
    found += _direct_path(world)
    yield from found
    if not any(isinstance(item, Leak) for item in found):
        yield from deny_controls(world)


def _direct_path(world: World) -> Iterator[Evidence]:
    door = next((door for door in doors(world) if door.kind == "direct path"), None)
    if door is not None:
        yield Leak(
            "open", door.res.subject,
            f"{door.nic.what} reaches {NAMES['direct path']}, a second door to every customer's resources beside the restricted VIP.",
            (*door.steps, Step(NAMES["direct path"], _BUCKET, "it serves every customer")),
            f"remove {door.res.address}", door.res.address, door.attribute,
        )  # fmt: skip
    else:
        for group in routes(world).values():
            for route in group:
                if not route.kept and route.dest & DIRECT_PATH and not internet(route):
                    yield Advice(
                        "nothing may use this route: no rule allows the direct path",
                        route.res.address,
                        "dest_range",
                    )
    for res in world.of("google_container_cluster", "google_container_node_pool"):
        for path in ("workload_alts_config.enable_alts", "node_config.workload_alts_config.enable_alts"):
            alts = flag(res.get(path), False)
            if alts is not False:
                yield Leak(
                    "undecided" if isinstance(alts, Unknown) else "open" if door else "weakened", res.subject,
                    f"Workloads of {res.subject} talk to Google past the usual front ends (ALTS). "
                    f"{'Route and firewall let them.' if door else 'Only the firewall still keeps them from it.'}",
                    door.steps if door else (), f"set {path} = false on {res.address}", res.address, path,
                )  # fmt: skip
