"""DNS-02, DNS-03 and DNS-07: name servers of others, and others that ask ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policies.channels.dns.recursion import RESOLVER
from policies.channels.evidence import Control, Evidence, Failing, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.dns.resolution import fresh, resolve
from policies.facts.dns.zones import Zone, server_policies, targets, zones
from policies.facts.grants import outside_grants
from policies.facts.naming import short
from policies.facts.network.addresses import PRIVATE, parse
from policies.facts.network.exits import machine_at
from policies.facts.network.links import links_of
from policies.facts.network.networks import Key, flag, foreign_project, inside, network_key, networks, strings
from policies.facts.resource import Block, Res
from policies.facts.world import World


def _server(world: World, block: Block, seen_by: Iterable[Key]) -> tuple[Failing | None, str]:
    """(status, phrase) of a name server that queries go to; None for one of the snapshot."""
    name = block.get("domain_name")
    if name is not None:
        return (
            ("undecided", "a name server that is not known")
            if isinstance(name, Unknown)
            else ("open", str(name))
        )
    value = (
        block.get("ipv4_address") or block.get("ipv6_address")
        if not block.unknowns("ipv4_address")
        else Unknown("")
    )
    address = parse(value) if isinstance(value, str) else None
    if address is None:
        return "undecided", "a name server that is not known"
    if not address <= PRIVATE:
        return "open", f"{value}, a name server outside"
    if machine_at(world, value) is not None and block.get("forwarding_path") == "private":
        return None, f"{value}, a machine of the snapshot"
    if address <= inside(world):
        return "weakened", f"{value}, which no machine of the snapshot has"
    if any(links_of(world, key) for key in seen_by):
        return "open", f"{value}, beyond a link to another network"
    return "weakened", f"{value}, to which only a missing link still takes nothing"


@channel("DNS-02")
def no_other_name_servers_are_asked_first(world: World) -> Iterable[Evidence]:
    """No server policy sends the queries of a network to alternative name servers."""
    for policy in server_policies(world):
        if policy.res.unknowns("alternative_name_server_config") and not policy.servers:
            yield _asks(policy.res, "undecided", "name servers that are not known", "")
        for block in policy.servers:
            status, phrase = _server(world, block, policy.view.networks)
            if status is None:
                yield Control(policy.res.address, block.path)
                continue
            attached = bool(policy.view.networks) or policy.view.unknown
            if not attached and status == "open":
                status = "weakened"
            end = (
                "" if attached else " Only that the policy is attached to no network still keeps the data in."
            )
            yield _asks(policy.res, status, phrase, end)
        if not policy.servers:
            yield Control(policy.res.address, "alternative_name_server_config")


def _asks(res: Res, status: Failing, phrase: str, end: str) -> Leak:
    path = (
        Step("a workload", RESOLVER, "every machine may ask it, whatever the firewall says"),
        Step(RESOLVER, phrase, f"DNS policy {res.subject} sends every query there first", res.address, "alternative_name_server_config"),
    )  # fmt: skip
    return Leak(
        status, res.subject,
        f"DNS policy {res.subject} sends every query of its networks to {phrase}, before any zone or response rule is asked.{end}",
        path if status == "open" else (), f"remove alternative_name_server_config from {res.address}", res.address,
        "alternative_name_server_config",
    )  # fmt: skip


@channel("DNS-03")
def no_zone_hands_queries_on(world: World) -> Iterable[Evidence]:
    """No zone forwards, peers or delegates to name servers outside."""
    for zone in zones(world):
        if zone.form == "plain":
            yield Control(zone.res.address, "dns_name")
        elif zone.form == "forwarding":
            yield from _forwarding(world, zone)
        elif zone.form == "peering":
            yield from _peering(world, zone)
        else:
            yield _directory(zone)
        for suffix, record in zone.delegated:
            if zone.private is not False:
                servers = ", ".join(strings(record, "rrdatas")[0])
                yield _handed(
                    record, "open" if _used(world, zone) else "weakened", suffix, servers, "rrdatas"
                )
    for res in world.of("google_service_networking_peered_dns_domain"):
        yield Leak(
            "weakened", res.subject,
            f"{res.subject} lets the producer networks of {res.get('service', 'Google services')} ask this network for names below "
            f"{res.get('dns_suffix')}: what runs there can pass data in names.",
            (), f"remove {res.address}", res.address, "dns_suffix",
        )  # fmt: skip


def _used(world: World, zone: Zone) -> bool:
    """Whether a query of some network gets to the zone and is handed on."""
    if zone.suffix is None:
        return bool(zone.view.networks) or zone.view.unknown
    name = fresh(zone.suffix)
    return any(
        zone.view.possible(key) and resolve(world, key, name).by is zone.res for key in networks(world)
    ) or bool(zone.delegated and zone.view.networks)


def _handed(res: Res, status: Failing, suffix: str | None, to: str, attribute: str) -> Leak:
    names = (
        "names that are not known"
        if suffix is None
        else "every name"
        if suffix == "."
        else f"names below {suffix}"
    )
    path = (
        Step("a workload", RESOLVER, "every machine may ask it, whatever the firewall says"),
        Step(RESOLVER, to, f"zone {res.subject} hands {names} on", res.address, attribute),
    )
    end = "" if status == "open" else " Only that no query gets that far still keeps the data in."
    return Leak(
        status, res.subject, f"{res.subject} hands queries for {names} to {to}: data leaves in the names.{end}",
        path if status == "open" else (), f"remove {attribute} from {res.address}", res.address, attribute,
    )  # fmt: skip


def _forwarding(world: World, zone: Zone) -> Iterator[Evidence]:
    servers = targets(zone)
    if not servers:
        yield _handed(
            zone.res, "undecided", zone.suffix, "name servers that are not known", "forwarding_config"
        )
    for block in servers:
        status, phrase = _server(world, block, zone.view.networks)
        if status is None:
            yield Control(zone.res.address, "forwarding_config")
            continue
        if status == "open" and not _used(world, zone):
            status = "weakened"
        yield _handed(zone.res, status, zone.suffix, phrase, "forwarding_config")


def _peering(world: World, zone: Zone) -> Iterator[Evidence]:
    value = zone.res.get("peering_config.target_network.network_url")
    target = network_key(world, value, zone.res)
    attribute = "peering_config[0].target_network[0].network_url"
    if target is not None and target in networks(world):
        outcome = resolve(world, target, fresh(zone.suffix or "."))
        if outcome.end in ("answered", "google"):
            yield Control(zone.res.address, attribute)
            return
        yield _handed(
            zone.res,
            "open" if _used(world, zone) else "weakened",
            zone.suffix,
            f"network {target}, which resolves them outside",
            attribute,
        )
        return
    project = foreign_project(world, value)
    status: Failing = "open" if project else "undecided"
    if status == "open" and not _used(world, zone):
        status = "weakened"
    yield _handed(
        zone.res,
        status,
        zone.suffix,
        f"a network of project {project}" if project else "a network that is not in the snapshot",
        attribute,
    )


def _directory(zone: Zone) -> Leak:
    return Leak(
        "weakened", zone.res.subject,
        f"Zone {zone.res.subject} answers from Service Directory: whoever may write that namespace chooses the answers.",
        (), f"remove service_directory_config from {zone.res.address}", zone.res.address, "service_directory_config",
    )  # fmt: skip


@channel("DNS-07")
def nobody_outside_asks_for_private_names(world: World) -> Iterable[Evidence]:
    """No inbound forwarding, no zone or policy on a network of others, no reader of Service Directory outside."""
    for policy in server_policies(world):
        inbound = flag(policy.res.get("enable_inbound_forwarding"), False)
        if inbound is False:
            yield Control(policy.res.address, "enable_inbound_forwarding")
            continue
        linked = any(links_of(world, key) for key in policy.view.networks)
        end = (
            "The network is linked to another, which may ask."
            if linked
            else "Only a missing link still keeps others from asking."
        )
        status: Failing = "undecided" if isinstance(inbound, Unknown) else "open" if linked else "weakened"
        step = Step(
            "a machine beyond the link",
            "private names",
            "inbound forwarding answers it",
            policy.res.address,
            "enable_inbound_forwarding",
        )
        yield Leak(
            status, policy.res.subject, f"DNS policy {policy.res.subject} answers queries from outside the network. {end}",
            (step,) if linked else (), f"set enable_inbound_forwarding = false on {policy.res.address}", policy.res.address,
            "enable_inbound_forwarding",
        )  # fmt: skip
    yield from _foreign_views(world)
    for grant, who in outside_grants(
        world,
        "google_service_directory_namespace",
        "google_service_directory_service",
        "google_dns_managed_zone",
    ):
        if grant.kind == "google_dns_managed_zone":
            continue  # DNS-06: writing a zone is the greater harm
        yield Leak(
            "undecided" if who.kind == "unknown" else "open", grant.subject,
            f"{grant.member}, {who.why}, may read names of Service Directory ({grant.role}).",
            (Step(str(grant.member), grant.subject, f"it holds {grant.role}", grant.res.address, grant.attribute),),
            f"remove {grant.member} from {grant.res.address}", grant.res.address, grant.attribute,
        )  # fmt: skip


_VIEWERS = {
    "google_dns_managed_zone": "private_visibility_config",
    "google_dns_response_policy": "",
    "google_dns_policy": "",
}  # fmt: skip


def _foreign_views(world: World) -> Iterator[Evidence]:
    for type_, holder in _VIEWERS.items():
        for res in world.of(type_):
            for base in res.blocks(holder) if holder else [res]:
                for block in base.blocks("networks"):
                    yield from _viewer(world, res, block)


def _viewer(world: World, res: Res, block: Block) -> Iterator[Evidence]:
    value: Any = block.get("network_url")
    project = foreign_project(world, value)
    if project:
        step = Step(
            f"network {short(value)} of project {project}",
            res.subject,
            "it sees the names",
            res.address,
            block.at("network_url"),
        )
        yield Leak(
            "open", res.subject, f"{res.subject} is seen by network {short(value)} of project {project}, which learns its private names.",
            (step,), f"remove {block.at('network_url')} from {res.address}", res.address, block.at("network_url"),
        )  # fmt: skip
    elif isinstance(value, Unknown) and network_key(world, value, res) is None:
        yield Leak(
            "undecided", res.subject, f"A network that sees {res.subject} is not known ({value.reason}).",
            (), f"write {block.at('network_url')} of {res.address} as a literal", res.address, block.at("network_url"),
        )  # fmt: skip
    else:
        yield Control(res.address, block.at("network_url"))
