"""DNS-01 and DNS-04: whether a query for a name of somebody's choosing leaves the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.dns.resolution import Outcome, fresh, google_name, resolve, suffixes
from policies.facts.dns.zones import ResponseRule, Zone, response_policies, zones
from policies.facts.network.networks import Key, networks
from policies.facts.network.nics import nics_by_network
from policies.facts.resource import Res
from policies.facts.world import World

RESOLVER = "the network's resolver (169.254.169.254)"


def outcomes(world: World, network: Key) -> Iterator[tuple[str, Outcome]]:
    """Where a fresh name below each suffix ends, seen from a network."""
    for suffix in suffixes(world):
        yield suffix, resolve(world, network, fresh(suffix))


@channel("DNS-01")
def no_name_is_resolved_on_the_internet(world: World) -> Iterable[Evidence]:
    """In every network each name is answered by an authoritative private zone or by local data."""
    for key, network in networks(world).items():
        leaving: tuple[str, Outcome] | None = None
        for suffix, outcome in outcomes(world, key):
            if outcome.end == "answered" and suffix == "." and outcome.by is not None:
                yield Control(outcome.by.address, "dns_name")
            handed_on = suffix == "." and outcome.end in ("forwarded", "peered")
            if (handed_on or outcome.end == "public") and outcome.bypassed is None and leaving is None:
                leaving = suffix, outcome
        if leaving is not None:
            yield _tunnel(world, key, network.res, leaving[0])


def _tunnel(world: World, key: Key, res: Res, suffix: str) -> Leak:
    group = nics_by_network(world).get(key, [])
    culprit, phrase, unsure = _sinkhole(world, key)
    subject = culprit if culprit is not None else res
    where = "any name" if suffix == "." else f"names below {suffix}"
    sentence = f"Network {key} resolves {where} on the internet: {phrase}."
    fix = f'attach a private zone with dns_name = "." to network {key}'
    attribute = "private_visibility_config" if culprit is not None else "name"
    if not group:
        return Leak(
            "undecided" if unsure else "weakened", subject.subject, f"{sentence} Only that nothing runs in it still keeps the data in.",
            (), fix, subject.address, attribute,
        )  # fmt: skip
    if suffix == "." and _cluster_scoped(world):
        return Leak(
            "weakened", subject.subject,
            f"{sentence} Pods are answered by zones of their cluster alone; a node or machine can still send data in names.",
            (), fix, subject.address, attribute,
        )  # fmt: skip
    path = (
        Step(group[0].what, RESOLVER, "every machine may ask it, whatever the firewall says"),
        Step(RESOLVER, "the name server of whoever owns the name", phrase, subject.address, attribute),
    )
    end = f"{group[0].what} can send data out in the names it asks for."
    return Leak(
        "undecided" if unsure else "open",
        subject.subject,
        f"{sentence} {end}",
        path,
        fix,
        subject.address,
        attribute,
    )


def _sinkhole(world: World, key: Key) -> tuple[Res | None, str, bool]:
    """The zone that should answer every name and does not, why, and whether that is only not known."""
    for zone in zones(world):
        if zone.suffix is None and isinstance(zone.res.get("dns_name"), Unknown):
            return zone.res, f"the name of zone {zone.res.subject} is not known", True
    for zone in zones(world):
        if zone.suffix != ".":
            continue
        if isinstance(zone.private, Unknown):
            return zone.res, f"whether root zone {zone.res.subject} is private is not known", True
        if not zone.private:
            return zone.res, f"root zone {zone.res.subject} is not private", False
        if zone.form != "plain":
            return zone.res, f"root zone {zone.res.subject} hands its queries on", False
        if zone.view.unknown and not zone.view.certain(key):
            return zone.res, f"which networks see root zone {zone.res.subject} is not known", True
        if not zone.view.certain(key):
            return zone.res, f"root zone {zone.res.subject} is not attached to it", False
    return None, "no private root zone and no wildcard response rule answers it", False


def _cluster_scoped(world: World) -> bool:
    """Whether every cluster has a root sinkhole of its own."""
    clusters = {res.address for res in world.of("google_container_cluster")}
    covered: set[str] = set()
    for zone in zones(world):
        if zone.suffix == "." and zone.form == "plain" and zone.private is True:
            covered |= zone.view.clusters
    for policy in response_policies(world):
        if any(rule.answers and rule.wildcard and rule.suffix == "." for rule in policy.rules):
            covered |= policy.view.clusters
    return bool(clusters) and clusters <= covered


@channel("DNS-04")
def no_bypass_reaches_public_names(world: World) -> Iterable[Evidence]:
    """Every response rule that lets a query go on ends in a private zone, and for Google's names only."""
    for policy in response_policies(world):
        for rule in policy.rules:
            if rule.answers:
                yield Control(rule.res.address, "local_data")
            else:
                yield from _bypass(world, policy.view.networks, rule)


def _bypass(world: World, seen_by: frozenset[Key], rule: ResponseRule) -> Iterator[Evidence]:
    res = rule.res
    if rule.suffix is None:
        yield Leak(
            "undecided", res.subject, f"Which names response rule {res.subject} lets past is not known.",
            (), f"write dns_name of {res.address} as a literal", res.address, "dns_name",
        )  # fmt: skip
        return
    public = [
        key for key in networks(world)
        if key in seen_by and resolve(world, key, fresh(rule.suffix)).end == "public"
    ]  # fmt: skip
    covered = all(_zone_for(world, key, rule.suffix) is not None for key in seen_by if key in networks(world))
    if not public and google_name(rule.suffix) and covered:
        yield Control(res.address, "dns_name")
        if not world.of("google_dns_managed_zone"):
            yield Advice("no private zone answers what this rule lets past", res.address, "dns_name")
        return
    names = f"names below {rule.suffix}" if rule.wildcard else rule.suffix
    end = (
        "They are resolved on the internet."
        if public
        else "Only a private zone behind it still answers them."
    )
    path = (
        Step("a workload", RESOLVER, "every machine may ask it"),
        Step(RESOLVER, f"the name servers of {rule.suffix}", f"response rule {res.subject} lets the query go on", res.address, "behavior"),
    )  # fmt: skip
    yield Leak(
        "open" if public else "weakened", res.subject,
        f"Response rule {res.subject} takes {names} out of the response policy. {end}",
        path if public else (), f"remove {res.address}, or give {rule.suffix} a private zone", res.address, "behavior",
    )  # fmt: skip


def _zone_for(world: World, key: Key, suffix: str) -> Zone | None:
    """A plain private zone of a network that answers every name below a suffix."""
    outcome = resolve(world, key, fresh(suffix))
    return next((z for z in zones(world) if outcome.end == "answered" and z.res is outcome.by), None)
