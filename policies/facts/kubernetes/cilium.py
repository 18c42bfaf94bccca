"""Cilium's network policies, as far as GKE has them: clusterwide ones where the cluster enables them.

Source: docs.cilium.io/en/stable/security/policy and cloud.google.com/kubernetes-engine/docs/how-to/cilium-clusterwide-network-policy.
A deny beats every allow. A section selects default deny for its direction unless ``enableDefaultDeny`` says no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import clusters
from policies.facts.kubernetes.namespaces import NAME, Namespace
from policies.facts.kubernetes.objects import Object
from policies.facts.kubernetes.selectors import Requirement, Selector, selector
from policies.facts.network.addresses import EVERYTHING, NOTHING, Addresses, parse
from policies.facts.resource import Block
from policies.facts.world import World

NAMESPACE = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."


@dataclass(frozen=True, slots=True)
class Rule:
    """One peer of a section. ``anyone``: the section names no peer at all."""

    path: str
    anyone: bool = False
    addresses: Addresses = NOTHING
    namespaces: Selector | None = None
    pods: Selector | None = None
    names: tuple[str, ...] = ()
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A policy of Cilium's, its sections in the form of rules."""

    selects: Selector
    isolates_ingress: bool
    isolates_egress: bool
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]
    denied_egress: tuple[Rule, ...]


def enforced(world: World, obj: Object) -> bool:
    """Whether the cluster enforces policies of this kind. GKE has no namespaced ones."""
    return obj.kind == "CiliumClusterwideNetworkPolicy" and all(
        cluster.on("enable_cilium_clusterwide_network_policy") is True for cluster in clusters(world)
    )


def read(obj: Object) -> Read:
    """``spec`` (or the first of ``specs``; others only add allows) of a Cilium policy."""
    specs = [*obj.body.blocks("spec"), *obj.body.blocks("specs")]
    first = specs[0] if specs else Block({}, "spec")
    node = first.get("nodeSelector") is not None
    chosen = first.blocks("endpointSelector")
    value = first.get("endpointSelector")
    if node or not specs or isinstance(value, Unknown):
        selects = Selector(
            unknown=value if isinstance(value, Unknown) else Unknown("it selects nodes or nothing")
        )
    else:
        selects = plain(selector(chosen[0])) if chosen else Selector(unknown=Unknown("it selects nothing"))
    return Read(
        selects,
        _isolates(first, "ingress"), _isolates(first, "egress"),
        *(
            tuple(rule for spec in specs for rule in _section(spec, name))
            for name in ("ingress", "egress", "egressDeny")
        ),
    )  # fmt: skip


def _isolates(spec: Block, direction: str) -> bool:
    stated = spec.get(f"enableDefaultDeny.{direction}")
    present = spec.get(direction) is not None or spec.get(f"{direction}Deny") is not None
    return present and stated is not False and not isinstance(stated, Unknown)


def plain(found: Selector) -> Selector:
    """A selector without the source prefixes (``k8s:``, ``any:``) of Cilium's label keys."""
    return Selector(
        tuple(Requirement(_key(part.key), part.operator, part.values) for part in found.requirements),
        found.unknown,
    )


def _key(key: str) -> str:
    for prefix in ("k8s:", "any:", "k8s.", "any."):
        if key.startswith(prefix):
            return key[len(prefix) :]
    return key


def within(found: Selector, space: Namespace) -> Selector | None:
    """What a selector says of the pods of a namespace; None where it excludes the namespace."""
    if found.unknown is not None:
        return found
    pods, spaces = split(found)
    return pods if spaces.matches(space.labels) else None


def split(found: Selector) -> tuple[Selector, Selector]:
    """A Cilium selector as one of pods and one of namespaces."""
    pods: list[Requirement] = []
    spaces: list[Requirement] = []
    for part in found.requirements:
        if part.key == NAMESPACE:
            spaces.append(Requirement(NAME, part.operator, part.values))
        elif part.key.startswith(_NAMESPACE_LABELS):
            spaces.append(Requirement(part.key.removeprefix(_NAMESPACE_LABELS), part.operator, part.values))
        else:
            pods.append(part)
    return Selector(tuple(pods), found.unknown), Selector(tuple(spaces), found.unknown)


_PEERS = {
    "ingress": ("fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes", "fromGroups"),
    "egress": (
        "toEndpoints",
        "toCIDR",
        "toCIDRSet",
        "toEntities",
        "toFQDNs",
        "toServices",
        "toNodes",
        "toGroups",
    ),
}
# Entities that are the outside world, and those that are pods of the cluster.
_WORLD = frozenset({"world", "world-ipv4", "world-ipv6", "all"})
_PODS = frozenset({"cluster", "all"})


def _section(spec: Block, name: str) -> Iterator[Rule]:
    value = spec.get(name)
    if isinstance(value, Unknown):
        yield Rule(spec.at(name), unknown=value)
        return
    for block in spec.blocks(name):
        peers = [peer for peer in _PEERS[name.removesuffix("Deny")] if block.get(peer) is not None]
        if not peers and value is not None:
            yield Rule(block.path, anyone=True)
        for peer in peers:
            yield from _peer(block, peer)


def _peer(block: Block, name: str) -> Iterator[Rule]:
    value = block.get(name)
    items = value if isinstance(value, list | tuple) else [value]
    for index, item in enumerate(items):
        path = f"{block.at(name)}[{index}]"
        if isinstance(item, Unknown):
            yield Rule(path, unknown=item)
        elif name.endswith("CIDR"):
            yield _cidr(path, item, ())
        elif name.endswith("CIDRSet"):
            yield _cidr(path, item.get("cidr"), item.get("except") or ())
        elif name.endswith("Entities"):
            yield from _entity(path, str(item))
        elif name.endswith("Endpoints"):
            found = plain(selector(Block(item, path)) if isinstance(item, Mapping) else Selector())
            pods, spaces = split(found)
            yield Rule(
                path, namespaces=spaces if spaces.requirements else None, pods=pods, unknown=found.unknown
            )
        elif name == "toFQDNs" and isinstance(item, Mapping):
            text = item.get("matchName") or item.get("matchPattern")
            yield Rule(path, names=(str(text),))
        else:
            yield Rule(path, unknown=Unknown(f"what {name} means is not modelled"))


def _entity(path: str, entity: str) -> Iterator[Rule]:
    if entity in _WORLD:
        yield Rule(path, addresses=EVERYTHING)
    if entity in _PODS:
        yield Rule(path, namespaces=Selector(), pods=Selector())


def _cidr(path: str, value: Any, excepted: Any) -> Rule:
    found = parse(value) if isinstance(value, str) else None
    if found is None:
        return Rule(path, unknown=Unknown(f"{value} is no CIDR block"))
    for item in excepted:
        found -= parse(item) or NOTHING if isinstance(item, str) else NOTHING
    return Rule(path, addresses=found)
