"""Network policies of every kind in one form, and what a namespace's pods may send and receive under them.

Semantics: kubernetes.io/docs/concepts/services-networking/network-policies (catalogue 2.6). A pod is isolated in a
direction when some policy selects it for that direction; what it may do is the union of what those policies allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.kubernetes import cilium
from policies.facts.kubernetes.namespaces import Namespace
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.selectors import Selector, selector, unselected
from policies.facts.network.addresses import EVERYTHING, NOTHING, Addresses, parse
from policies.facts.resource import Block
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a rule speaks of. ``addresses``: an ipBlock; else ``namespaces`` (None: the policy's own) and ``pods``
    (None: all of them). ``names``: FQDNs. ``unknown``: it could not be read, so it may be anyone."""

    addresses: Addresses = NOTHING
    namespaces: Selector | None = None
    pods: Selector | None = None
    names: tuple[str, ...] = ()
    unknown: Unknown | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """An allow (or deny) of one direction. ``peers`` None: anyone. ``path``: where it stands in the object."""

    peers: tuple[Peer, ...] | None
    path: str

    @property
    def addresses(self) -> Addresses:
        """The addresses outside the cluster it speaks of; what is not known counts as any."""
        if self.peers is None:
            return EVERYTHING
        found = NOTHING
        for peer in self.peers:
            found |= EVERYTHING if peer.unknown is not None else peer.addresses
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """``namespace`` None: the whole cluster. ``isolates_*``: whether selected pods are cut off but for the rules.
    ``counts``: whether the cluster enforces this kind of policy; its allows are over-approximated all the same."""

    obj: Object
    namespace: str | None
    selects: Selector
    isolates_ingress: bool
    isolates_egress: bool
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    denied_egress: tuple[Rule, ...] = ()
    counts: bool = True
    derived: bool = field(default=False)  # its selector may speak of namespaces, as Cilium's do

    def within(self, space: Namespace) -> Selector | None:
        """The pods of a namespace it selects, None when it has nothing to do with the namespace."""
        if self.namespace is not None and self.namespace != space.name:
            return None
        return cilium.within(self.selects, space) if self.derived else self.selects


@fact
def policies(world: World) -> tuple[Policy, ...]:
    """Every network policy of the snapshot."""
    found = [_kubernetes(obj) for obj in objects(world, "NetworkPolicy")]
    found += [_names(obj) for obj in objects(world, "FQDNNetworkPolicy")]
    found += [
        _cilium(world, obj) for obj in objects(world, "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
    ]
    return tuple(found)


@fact
def _by_namespace(world: World) -> dict[str | None, list[Policy]]:
    found: dict[str | None, list[Policy]] = {}
    for policy in policies(world):
        found.setdefault(policy.namespace, []).append(policy)
    return found


def policies_of(world: World, space: Namespace) -> list[tuple[Policy, Selector]]:
    """The policies that select pods of a namespace, with the pods they select."""
    index = _by_namespace(world)
    found: list[tuple[Policy, Selector]] = []
    for policy in (*index.get(space.name, ()), *index.get(None, ())):
        pods = policy.within(space)
        if pods is not None:
            found.append((policy, pods))
    return found


def free_pod(world: World, space: Namespace, direction: str, own: bool = False) -> dict[str, str] | None:
    """Labels of a pod of the namespace that no policy isolates in a direction (``egress`` or ``ingress``); None where
    every pod is isolated. ``own``: only the namespace's own policies are asked."""
    return unselected(
        pods
        for policy, pods in policies_of(world, space)
        if policy.counts and (policy.isolates_egress if direction == "egress" else policy.isolates_ingress)
        and not (own and policy.namespace is None)
    )  # fmt: skip


def denied(world: World, space: Namespace) -> Addresses:
    """Addresses that clusterwide policies deny to every pod of a namespace, whatever others allow."""
    found = NOTHING
    for policy, pods in policies_of(world, space):
        if policy.counts and pods.everything:
            for rule in policy.denied_egress:
                known = rule.peers is None or all(peer.unknown is None for peer in rule.peers)
                found |= rule.addresses if known else NOTHING
    return found


def _kubernetes(obj: Object) -> Policy:
    body = obj.body
    ingress = tuple(_rules(body, "spec.ingress", "from"))
    egress = tuple(_rules(body, "spec.egress", "to"))
    types = body.get("spec.policyTypes")
    if isinstance(types, list | tuple) and types and not any(isinstance(t, Unknown) for t in types):
        inward, outward = "Ingress" in types, "Egress" in types
    else:
        inward, outward = types is None or types in ([], ()), bool(egress) and not isinstance(types, Unknown)
    return Policy(obj, _namespace(obj), _selected(body, "spec.podSelector"), inward, outward, ingress, egress)


def _names(obj: Object) -> Policy:
    """GKE's FQDNNetworkPolicy: it isolates the pods it selects and allows what names resolve to."""
    rules = tuple(
        Rule(tuple(_name_peer(match) for match in block.blocks("matches")), block.path)
        for block in obj.body.blocks("spec.egress")
    )
    return Policy(
        obj, _namespace(obj), _selected(obj.body, "spec.podSelector"), False, True, egress=rules, counts=False
    )


def _name_peer(match: Block) -> Peer:
    value = match.get("name", match.get("pattern"))
    if isinstance(value, Unknown) or value is None:
        return Peer(unknown=Unknown("it names nothing") if value is None else value, path=match.path)
    return Peer(names=(str(value),), path=match.path)


def _cilium(world: World, obj: Object) -> Policy:
    read = cilium.read(obj)
    return Policy(
        obj, _namespace(obj), read.selects, read.isolates_ingress, read.isolates_egress,
        tuple(_cilium_rules(read.ingress)), tuple(_cilium_rules(read.egress)),
        tuple(_cilium_rules(read.denied_egress)),
        cilium.enforced(world, obj), derived=True,
    )  # fmt: skip


def _cilium_rules(found: tuple[cilium.Rule, ...]) -> Iterator[Rule]:
    for rule in found:
        peers = None if rule.anyone else (
            Peer(rule.addresses, rule.namespaces, rule.pods, rule.names, rule.unknown, rule.path),
        )  # fmt: skip
        yield Rule(peers, rule.path)


def _namespace(obj: Object) -> str | None:
    return obj.namespace if isinstance(obj.namespace, str) else None if obj.namespace is None else obj.address


def _selected(body: Block, path: str) -> Selector:
    value = body.get(path)
    if isinstance(value, Unknown):
        return Selector(unknown=value)
    found = body.blocks(path)
    return selector(found[0]) if found else Selector()


def _rules(body: Block, path: str, peers: str) -> Iterator[Rule]:
    value = body.get(path)
    if isinstance(value, Unknown):
        yield Rule((Peer(unknown=value, path=path),), path)
        return
    for block in body.blocks(path):
        given = block.get(peers)
        if isinstance(given, Unknown):
            yield Rule((Peer(unknown=given, path=block.at(peers)),), block.path)
            continue
        named = block.blocks(peers)
        yield Rule(tuple(_peer(peer) for peer in named) if named else None, block.path)


def _peer(block: Block) -> Peer:
    for name in ("ipBlock", "namespaceSelector", "podSelector"):
        value = block.get(name)
        if isinstance(value, Unknown):
            return Peer(unknown=value, path=block.at(name))
    inner = block.blocks("ipBlock")
    if inner:
        return _addresses(inner[0])
    spaces, pods = block.blocks("namespaceSelector"), block.blocks("podSelector")
    return Peer(
        namespaces=selector(spaces[0]) if spaces else None,
        pods=selector(pods[0]) if pods else None,
        path=block.path,
    )


def _addresses(block: Block) -> Peer:
    found = _cidr(block.get("cidr"))
    if isinstance(found, Unknown):
        return Peer(unknown=found, path=block.at("cidr"))
    excepted = block.get("except", ())
    for item in excepted if isinstance(excepted, list | tuple) else ():
        without = _cidr(item)
        found -= NOTHING if isinstance(without, Unknown) else without
    return Peer(addresses=found, path=block.at("cidr"))


def _cidr(value: Any) -> Addresses | Unknown:
    if isinstance(value, Unknown):
        return value
    found = parse(value) if isinstance(value, str) else None
    return found if found is not None else Unknown(f"{value} is no CIDR block")
