"""Networks and subnets by one key, however a resource names them, and the addresses that lie inside.

A network is named by self link, by ``projects/P/global/networks/N``, by its plain name, or by a reference: all of them
lead to the same ``Key``, so that stacks may refer to each other by deterministic names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.naming import find
from policies.facts.network.addresses import NOTHING, Addresses, parse
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

_GLOBAL = re.compile(r"(?:^|/)projects/([^/]+)/global/networks/([^/]+)$")
_REGIONAL = re.compile(r"(?:^|/)projects/([^/]+)/regions/([^/]+)/subnetworks/([^/]+)$")
_PARTIAL = re.compile(r"^(?:regions/([^/]+)/subnetworks/)?([^/]+)$")
_AUTO = "10.128.0.0/9"  # the range that auto mode networks take their subnets from


@dataclass(frozen=True, slots=True)
class Key:
    """``project`` is the boundary's project id where it is its own, by id or number."""

    project: str
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """``default_routes``: whether Google's routes to the internet gateway are kept. ``policies_first``: whether
    network firewall policies come before classic rules."""

    key: Key
    res: Res
    default_routes: bool | Unknown
    policies_first: bool | Unknown
    auto_subnets: bool | Unknown


@dataclass(frozen=True, slots=True, eq=False)
class Subnet:
    """``primary`` and ``secondary`` (by range name) are IPv4. ``google_access``: Private Google Access."""

    res: Res
    name: str
    region: str | None
    network: Key | None
    primary: Addresses
    secondary: dict[str, Addresses]
    ipv6: bool | Unknown
    external_ipv6: bool | Unknown
    google_access: bool | Unknown

    @property
    def addresses(self) -> Addresses:
        found = self.primary
        for block in self.secondary.values():
            found |= block
        return found


def own(world: World, project: Any) -> str | None:
    """A project by the boundary's id where it is its own; None when it cannot be known."""
    mine = world.owns_project(project)
    if mine is None:
        return None
    return world.project if mine else str(project)


def network_key(world: World, value: Any, beside: Res) -> Key | None:
    """The network a value names, None when it names none that can be known. A plain name lies in the project of
    ``beside``, the resource that names it."""
    if isinstance(value, Unknown):
        target = world.referred(value)
        if target is None:
            return None
        if target.type == "google_compute_network":
            return _own_key(world, target)
        if target.type == "google_compute_subnetwork":
            return network_key(world, target.get("network"), target)
        return None
    if not isinstance(value, str) or not value:
        return None
    found = _GLOBAL.search(value)
    if found:
        project = own(world, found[1])
        return Key(project or found[1], found[2])
    if "/" in value and not value.startswith("global/networks/"):
        return None
    project = own(world, beside.project)
    return Key(project, value.rsplit("/", 1)[-1]) if project else None


def _own_key(world: World, res: Res) -> Key | None:
    project, name = own(world, res.project), res.get("name")
    if project is None:
        return None
    return Key(project, name if isinstance(name, str) else res.address)


def flag(value: Any, default: bool) -> bool | Unknown:
    """A boolean argument: ``default`` when absent."""
    if isinstance(value, Unknown):
        return value
    if value is None:
        return default
    return str(value).lower() == "true"


def may(value: bool | Unknown) -> bool:
    """Whether a flag is or may be set."""
    return isinstance(value, Unknown) or value


@fact
def networks(world: World) -> dict[Key, Network]:
    """Every network of the snapshot."""
    found: dict[Key, Network] = {}
    for res in world.of("google_compute_network"):
        key = _own_key(world, res)
        if key is None:
            continue
        order = res.get("network_firewall_policy_enforcement_order", "AFTER_CLASSIC_FIREWALL")
        dropped = flag(res.get("delete_default_routes_on_create"), False)
        found[key] = Network(
            key, res,
            dropped if isinstance(dropped, Unknown) else not dropped,
            order if isinstance(order, Unknown) else order == "BEFORE_CLASSIC_FIREWALL",
            flag(res.get("auto_create_subnetworks"), True),
        )  # fmt: skip
    return found


@fact
def subnets(world: World) -> tuple[Subnet, ...]:
    """Every subnet of the snapshot."""
    return tuple(_subnet(world, res) for res in world.of("google_compute_subnetwork"))


def _subnet(world: World, res: Res) -> Subnet:
    stack = res.get("stack_type", "IPV4_ONLY")
    access = res.get("ipv6_access_type", "")
    region = res.get("region")
    dual: bool | Unknown = stack if isinstance(stack, Unknown) else stack in ("IPV4_IPV6", "IPV6_ONLY")
    external: bool | Unknown = access if isinstance(access, Unknown) else access == "EXTERNAL"
    return Subnet(
        res, str(res.get("name")), region if isinstance(region, str) else None,
        network_key(world, res.get("network"), res),
        _block(res.get("ip_cidr_range")),
        {str(b.get("range_name")): _block(b.get("ip_cidr_range")) for b in res.blocks("secondary_ip_range")},
        dual, external, flag(res.get("private_ip_google_access"), False),
    )  # fmt: skip


def _block(value: Any) -> Addresses:
    return (parse(value) if isinstance(value, str) else None) or NOTHING


@fact
def _subnets_by_name(world: World) -> dict[str, list[Subnet]]:
    found: dict[str, list[Subnet]] = {}
    for subnet in subnets(world):
        found.setdefault(subnet.name, []).append(subnet)
    return found


@fact
def _subnets_by_address(world: World) -> dict[str, Subnet]:
    return {subnet.res.address: subnet for subnet in subnets(world)}


def subnet_of(world: World, value: Any, beside: Res) -> Subnet | None:
    """The subnet of the snapshot a value names, None when the snapshot has none of that name and project."""
    if isinstance(value, Unknown):
        target = world.referred(value)
        return _subnets_by_address(world).get(target.address) if target is not None else None
    if not isinstance(value, str):
        return None
    full = _REGIONAL.search(value)
    partial = None if full else _PARTIAL.match(value)
    if full is None and partial is None:
        return None
    project, region, name = full.groups() if full else (beside.project, *partial.groups())  # type: ignore[union-attr]
    region = region or beside.get("region")
    mine = own(world, project)
    for subnet in _subnets_by_name(world).get(name, ()):
        same_region = not isinstance(region, str) or subnet.region is None or subnet.region == region
        if same_region and mine is not None and own(world, subnet.res.project) == mine:
            return subnet
    return None


def foreign_project(world: World, value: Any) -> str | None:
    """The other project that a network's or subnet's full name lies in, None when it is the own one or unsaid."""
    found = re.search(r"(?:^|/)projects/([^/]+)/", value) if isinstance(value, str) else None
    return found[1] if found and found[1] != "_" and not world.owns_project(found[1]) else None


def created(world: World, type_: str, value: Any, beside: Res | None = None) -> Res | None:
    """The resource of the snapshot that a name, full name or reference means; None where the snapshot has none, or
    where the full name lies in another project."""
    if foreign_project(world, value):
        return None
    res = find(world, type_, value, beside)
    return res if res is None or world.owns_project(res.project) is not False else None


@fact
def inside(world: World) -> Addresses:
    """Every address range that the snapshot's own networks hold: subnets, pods, services, control planes."""
    found = NOTHING
    for subnet in subnets(world):
        found |= subnet.addresses
    for network in networks(world).values():
        if may(network.auto_subnets):
            found |= _block(_AUTO)
    for block in _declared_ranges(world):
        found |= block
    return found


def _declared_ranges(world: World) -> Iterator[Addresses]:
    for cluster in world.of("google_container_cluster"):
        for path in (
            "cluster_ipv4_cidr", "private_cluster_config.master_ipv4_cidr_block",
            "ip_allocation_policy.cluster_ipv4_cidr_block", "ip_allocation_policy.services_ipv4_cidr_block",
        ):  # fmt: skip
            yield _block(cluster.get(path))
        for pool in cluster.blocks("node_pool"):
            yield _block(pool.get("network_config.pod_ipv4_cidr_block"))
    for pool in world.of("google_container_node_pool"):
        yield _block(pool.get("network_config.pod_ipv4_cidr_block"))
    for address in world.of("google_compute_address"):
        if address.get("address_type") == "INTERNAL":
            yield _block(address.get("address"))
    for connector in world.of("google_vpc_access_connector"):
        yield _block(connector.get("ip_cidr_range"))


_OWN_ADDRESSES = {  # attributes that hold an address of the network itself, whatever it will be
    "google_container_cluster": (
        "private_endpoint",
        "master_ipv4_cidr_block",
        "cluster_ipv4_cidr",
        "services_ipv4_cidr",
    ),
    "google_compute_subnetwork": ("ip_cidr_range", "gateway_address"),
    "google_compute_instance": ("network_ip",),
    "google_compute_address": ("address",),
    "google_compute_forwarding_rule": ("ip_address",),
}


def own_address(world: World, value: Unknown) -> bool:
    """Whether a value that is known only later is an address inside, by what it refers to."""
    target = world.referred(value)
    if target is None or not value.refs:
        return False
    attribute = value.refs[0].rsplit(".", 1)[-1]
    if target.type not in _OWN_ADDRESSES or not attribute.startswith(_OWN_ADDRESSES[target.type]):
        return False
    if target.type == "google_compute_address":
        return bool(target.get("address_type") == "INTERNAL")
    if target.type == "google_compute_forwarding_rule":
        return str(target.get("load_balancing_scheme", "EXTERNAL")).startswith("INTERNAL")
    return True


def strings(block: Block, name: str) -> tuple[tuple[str, ...], tuple[Unknown, ...]]:
    """A list argument as its known strings and its unknowns; a single value counts as a list of one."""
    value = block.get(name)
    if value is None:
        return (), ()
    items = value if isinstance(value, list | tuple) else [value]
    return (
        tuple(str(item) for item in items if item is not None and not isinstance(item, Unknown)),
        tuple(item for item in items if isinstance(item, Unknown)),
    )
