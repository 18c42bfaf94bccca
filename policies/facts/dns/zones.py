"""Managed zones, response policies and server policies in one form (catalogue 2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import short
from policies.facts.network.networks import Key, created, flag, network_key
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

Form = Literal["plain", "forwarding", "peering", "directory"]


@dataclass(frozen=True, slots=True)
class View:
    """Who sees a zone or policy. ``networks``: those that can be told; ``unknown``: that more may; ``clusters``: GKE
    clusters by address, which see it before their network's own."""

    networks: frozenset[Key]
    unknown: bool
    clusters: frozenset[str]

    def certain(self, network: Key) -> bool:
        return network in self.networks

    def possible(self, network: Key) -> bool:
        return network in self.networks or self.unknown


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """``suffix``: lower case with the final dot, ``.`` for the root, None when it is not known. ``delegated``: the
    suffixes that NS records below its apex hand to other name servers, with the record."""

    res: Res
    suffix: str | None
    private: bool | Unknown
    form: Form
    view: View
    delegated: tuple[tuple[str, Res], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ResponseRule:
    """``suffix`` as in ``Zone``; ``wildcard``: every name below it and not it itself. ``answers``: serves local data;
    otherwise it lets the query go on (or is not known to stop it)."""

    res: Res
    suffix: str | None
    wildcard: bool
    answers: bool


@dataclass(frozen=True, slots=True, eq=False)
class ResponsePolicy:
    res: Res
    view: View
    rules: tuple[ResponseRule, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ServerPolicy:
    """``servers``: blocks of alternative name servers, which get every query of its networks."""

    res: Res
    view: View
    servers: tuple[Block, ...]


def normal(name: Any) -> str | None:
    """A DNS name in lower case with its final dot; None when it is not known."""
    if not isinstance(name, str):
        return None
    return name.strip().lower().rstrip(".") + "."


def below(name: str, suffix: str) -> bool:
    """Whether ``name`` is ``suffix`` or lies below it. Both normal."""
    return suffix == "." or name == suffix or name.endswith("." + suffix)


def _view(world: World, res: Res, holder: str) -> View:
    """``holder``: the block that lists networks and clusters, empty for the resource itself."""
    base = res.blocks(holder) if holder else [res]
    keys: set[Key] = set()
    unknown = holder != "" and isinstance(res.get(holder), Unknown)
    clusters: set[str] = set()
    for block in base:
        unknown = unknown or isinstance(block.get("networks"), Unknown)
        for item in block.blocks("networks"):
            key = network_key(world, item.get("network_url"), res)
            if key is None:
                unknown = True
            else:
                keys.add(key)
        for item in block.blocks("gke_clusters"):
            cluster = created(world, "google_container_cluster", item.get("gke_cluster_name"), res)
            clusters.add(cluster.address if cluster is not None else str(item.get("gke_cluster_name")))
    return View(frozenset(keys), unknown, frozenset(clusters))


@fact
def zones(world: World) -> tuple[Zone, ...]:
    """Every managed zone of the snapshot."""
    delegations: dict[str, list[tuple[str, Res]]] = {}
    for record in world.of("google_dns_record_set"):
        zone = zone_of(world, record)
        name = normal(record.get("name"))
        if zone is not None and name is not None and record.get("type") == "NS":
            delegations.setdefault(zone.address, []).append((name, record))
    return tuple(
        _zone(world, res, delegations.get(res.address, [])) for res in world.of("google_dns_managed_zone")
    )


def _zone(world: World, res: Res, delegations: list[tuple[str, Res]]) -> Zone:
    visibility = res.get("visibility", "public")
    private: bool | Unknown = (
        visibility if isinstance(visibility, Unknown) else str(visibility).lower() == "private"
    )
    suffix = normal(res.get("dns_name"))
    delegated = tuple((name, record) for name, record in delegations if name != suffix)
    return Zone(res, suffix, private, _form(res), _view(world, res, "private_visibility_config"), delegated)


def _form(res: Res) -> Form:
    for block, form in _FORMS.items():
        if res.get(block) not in (None, [], ()):
            return form
    return "plain"


_FORMS: dict[str, Form] = {
    "forwarding_config": "forwarding",
    "peering_config": "peering",
    "service_directory_config": "directory",
}


def zone_of(world: World, record: Res) -> Res | None:
    """The zone a record set is in, where the snapshot creates it."""
    return created(world, "google_dns_managed_zone", record.get("managed_zone"), record)


@fact
def response_policies(world: World) -> tuple[ResponsePolicy, ...]:
    """Every response policy of the snapshot with its rules."""
    rules: dict[str, list[ResponseRule]] = {}
    for res in world.of("google_dns_response_policy_rule"):
        rules.setdefault(_policy_name(world, res.get("response_policy")), []).append(_response_rule(res))
    return tuple(
        ResponsePolicy(res, _view(world, res, ""), tuple(rules.get(str(res.get("response_policy_name")), ())))
        for res in world.of("google_dns_response_policy")
    )


def _policy_name(world: World, value: Any) -> str:
    if isinstance(value, Unknown):
        target = world.referred(value)
        return str(target.get("response_policy_name")) if target is not None else "?"
    return short(str(value))


def _response_rule(res: Res) -> ResponseRule:
    name = normal(res.get("dns_name"))
    wildcard = name is not None and name.startswith("*.")
    suffix = name[2:] or "." if name is not None and wildcard else name
    answers = bool(res.blocks("local_data")) and str(res.get("behavior", "")) != "bypassResponsePolicy"
    return ResponseRule(res, suffix, wildcard, answers)


@fact
def server_policies(world: World) -> tuple[ServerPolicy, ...]:
    """Every DNS server policy of the snapshot."""
    return tuple(
        ServerPolicy(res, _view(world, res, ""), tuple(_servers(res, "alternative_name_server_config")))
        for res in world.of("google_dns_policy")
    )


def _servers(res: Res, holder: str) -> Iterator[Block]:
    for config in res.blocks(holder):
        yield from config.blocks("target_name_servers")


def targets(zone: Zone) -> list[Block]:
    """The name servers a forwarding zone sends its queries to."""
    return list(_servers(zone.res, "forwarding_config"))


def logs_queries(world: World) -> Iterator[tuple[Res, str]]:
    """What writes DNS queries to the logs: (resource, attribute)."""
    for res in world.of("google_dns_policy"):
        if flag(res.get("enable_logging"), False) is not False:
            yield res, "enable_logging"
    for res in world.of("google_dns_managed_zone"):
        if flag(res.get("cloud_logging_config.enable_logging"), False) is not False:
            yield res, "cloud_logging_config[0].enable_logging"
