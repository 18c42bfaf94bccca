"""API-01 to API-04 and API-11: doors to Google's APIs, and what keeps foreign tenants behind them out of reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Failing, Leak, Residual, Step
from policies.channels.registry import channel
from policies.facts.dns.zones import normal, response_policies, zone_of
from policies.facts.mediation import mediation
from policies.facts.network.addresses import Addresses, parse
from policies.facts.network.denies import working_denies
from policies.facts.network.doors import NAMES, Door, api_endpoints, doors, google_access
from policies.facts.network.egress import openings
from policies.facts.network.exits import gateway_routes, internet
from policies.facts.network.networks import flag, networks, subnets
from policies.facts.network.nics import nics
from policies.facts.network.ranges import DIRECT_PATH, FRONT_ENDS, PRIVATE_VIP
from policies.facts.network.routes import Route, routes
from policies.facts.perimeter.guard import guard
from policies.facts.resource import Res
from policies.facts.world import World

_BUCKET = "a bucket of somebody else's project"


def _walls(world: World) -> Iterator[Evidence]:
    for rules in working_denies(world).values():
        for rule in rules:
            yield Control(
                rule.res.address, rule.attribute("deny" if rule.res.get("deny") is not None else "action")
            )


def _closed_or(world: World, because: str, closes: str) -> Iterable[Evidence]:
    """Closed by a perimeter, by the seal, or by having no door; else residual or, where the level demands more, open.

    ``because``: how bytes get to another project once code has a door.
    """
    level = world.boundary.assurance
    standing = guard(world)
    if standing.holds:
        yield from standing.controls
        return
    if level == "perimeter":
        yield from _unguarded(world, because)
        return
    found = doors(world)
    seal = mediation(world)
    if not found and networks(world) and all(nic.network in networks(world) for nic in nics(world)):
        yield from _walls(world)
        return
    if seal.holds:
        yield from seal.controls
        return
    if level == "project":
        yield Residual(because, closes)
        return
    yield from _unsealed(world, found, because)


def _door_steps(found: tuple[Door, ...], because: str) -> tuple[Step, ...]:
    if not found:
        return ()
    steps = found[0].steps
    return (*steps, Step(steps[-1].target, _BUCKET, because))


def _unguarded(world: World, because: str) -> Iterator[Leak]:
    """Leaks of the level ``perimeter``: what the perimeter lacks."""
    steps = _door_steps(doors(world), because)
    for missing in guard(world).missing:
        target = world.at(missing.address) if missing.address else None
        yield Leak(
            "open", target.subject if target is not None else world.project,
            f"{because[0].upper()}{because[1:]}: {missing.sentence}.",
            steps or (Step("a workload", _BUCKET, because),),
            "put the project into an enforced perimeter that restricts every data service and limits accessible services",
            missing.address, missing.attribute,
        )  # fmt: skip


def _unsealed(world: World, found: tuple[Door, ...], because: str) -> Iterator[Leak]:
    """Leaks of the level ``mediated``: where the seal does not hold."""
    seal = mediation(world)
    steps = _door_steps(found, because) or (Step("a workload", _BUCKET, because),)
    if not seal.gaps:
        yield Leak(
            "open", world.project, f"Nothing proves that team code is sealed: {because}.", steps,
            "admit only sealed pods into team namespaces (admission policy, runner digest, fixed entry point)",
        )  # fmt: skip
    for gap in seal.gaps:
        yield Leak(
            "open",
            gap.subject,
            f"{gap.sentence} {because[0].upper()}{because[1:]}.",
            steps,
            "",
            gap.address,
            gap.attribute,
        )


@channel("API-01")
def no_foreign_credential_reaches_a_google_api(world: World) -> Iterable[Evidence]:
    """Team code has no door to a Google API, is sealed from it, or stands in a perimeter that refuses other tenants."""
    yield from _closed_or(
        world, "code that brings a foreign token can send bytes to a foreign bucket through the same front end",
        "a service perimeter, or sealed jobs for every team (assurance: mediated)",
    )  # fmt: skip


@channel("API-02")
def no_own_identity_copies_to_a_foreign_resource(world: World) -> Iterable[Evidence]:
    """The identity that reads the data is in nobody's hands but the runner's, or a perimeter refuses the copy."""
    yield from _closed_or(
        world, "an own identity can copy objects to a bucket whose owner grants it write, and no grant of that shows here",
        "a service perimeter, or sealed jobs for every team (assurance: mediated)",
    )  # fmt: skip


@channel("API-03")
def own_credentials_work_inside_only(world: World) -> Iterable[Evidence]:
    """A perimeter refuses own credentials that come from outside."""
    standing = guard(world)
    if standing.holds:
        yield from standing.controls
        return
    because = "a token of the project works from anywhere until it expires, for nothing asks where a request comes from"
    if world.boundary.assurance == "perimeter":
        yield from _unguarded(world, because)
        return
    yield Residual(because, "a service perimeter whose ingress is narrow; for buckets also ip_filter")


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
        yield from _walls(world)


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
        for value in values:
            block = parse(str(value))
            if block is not None:
                addresses |= block & PRIVATE_VIP
            elif normal(str(value)) == "private.googleapis.com.":
                names.append(str(value))
        if addresses or names:
            status, steps, end = _said(door, "Only routes and the firewall still keep code from it.")
            yield Leak(
                status, res.subject,
                f"Record {res.get('name', res.get('dns_name'))} answers with the private VIP ({names[0] if names else addresses}). {end}",
                steps, f"answer with 199.36.153.4 to .7: {res.address}", res.address, attribute,
            )  # fmt: skip


def _answers(world: World) -> Iterator[tuple[Res, str, list[object]]]:
    """What private zones and response policies answer: (resource, attribute, values)."""
    for record in world.of("google_dns_record_set"):
        zone = zone_of(world, record)
        if zone is not None and zone.get("visibility", "public") == "public":
            continue
        values = (
            list(record.get("rrdatas", ()) or ()) if isinstance(record.get("rrdatas"), list | tuple) else []
        )
        for block in record.blocks("routing_policy.wrr") + record.blocks("routing_policy.geo"):
            values += list(block.get("rrdatas", ()) or ())
        yield record, "rrdatas", values
    for policy in response_policies(world):
        for rule in policy.rules:
            for block in rule.res.blocks("local_data.local_datas"):
                yield rule.res, block.at("rrdatas"), list(block.get("rrdatas", ()) or ())


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
        yield from _walls(world)


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
            if flag(res.get(path), False) is not False:
                yield Leak(
                    "open" if door else "weakened", res.subject,
                    f"Workloads of {res.subject} talk to Google past the usual front ends (ALTS). "
                    f"{'Route and firewall let them.' if door else 'Only the firewall still keeps them from it.'}",
                    door.steps if door else (), f"set {path} = false on {res.address}", res.address, path,
                )  # fmt: skip
