"""Services and endpoints, some of which controllers turn into doors at run time (K8S-14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Control, Evidence, Failing, Step
from policies.channels.k8s.wording import begin, cut_or_open, leak, subject_of, tenant
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.backstop import way_out
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.namespaces import namespaces
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.pod_security import breaks
from policies.facts.kubernetes.powers import SERVICES
from policies.facts.kubernetes.quotas import forbids, quotas
from policies.facts.kubernetes.rbac import Holding, holders
from policies.facts.network.addresses import PRIVATE, parse
from policies.facts.world import World

_BALANCER, _PORTS = "services.loadbalancers", "services.nodeports"
_EXTERNAL_IPS = "service_external_ips_config.enabled"
_INTERNAL = ("networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type")


@channel("K8S-14")
def no_service_opens_the_cluster(world: World) -> Iterator[Evidence]:
    """No service makes an address outside or stands for one, and quotas keep tenants from making any."""
    for obj in objects(world, "Service"):
        yield from _service(world, obj)
    for obj in objects(world, "Endpoints"):
        for block in obj.body.blocks("subsets.addresses"):
            yield from _endpoint(world, obj, block.get("ip"), obj.where(block.at("ip")))
    for obj in objects(world, "EndpointSlice"):
        for block in obj.body.blocks("endpoints"):
            addresses = block.get("addresses", ())
            for address in addresses if isinstance(addresses, list | tuple) else (addresses,):
                yield from _endpoint(world, obj, address, obj.where(block.at("addresses")))
    for workload, found in breaks(world):
        if found.kind == "host port":
            status: Failing = "undecided" if found.unknown is not None else "weakened"
            sentence = f"A pod of {workload} {found.does}; only the VPC firewall keeps others from it"
            yield leak(
                status,
                workload.subject,
                sentence,
                (),
                f"remove {found.attribute}",
                workload.address,
                found.attribute,
            )
    for holding, _ in holders(world, SERVICES.name):
        if tenant(holding) and not holding.whole and not holding.unknown and not _bounded(world, holding):
            sentence = f"{holding.subject.says} may create services by {holding.role} {holding.where}, and no quota keeps one from being a load balancer with an address on the internet"
            step = Step(
                "a client on the internet",
                f"pods {holding.where}",
                "a service of type LoadBalancer leads to them",
                holding.res.address,
                holding.attribute,
            )
            yield leak(
                "open",
                subject_of(holding),
                sentence,
                (step,),
                f"set a quota of {_BALANCER} = 0 there",
                holding.res.address,
                holding.attribute,
            )
    for quota in quotas(world):
        for name in (_BALANCER, _PORTS):
            if quota.zero(name):
                yield Control(quota.obj.address, quota.obj.where(f"spec.hard.{name}"))
    for cluster in clusters(world):
        yield from _external_ips(cluster)


def _bounded(world: World, holding: Holding) -> bool:
    names = [holding.namespace] if holding.namespace is not None else list(namespaces(world))
    return (
        bool(names)
        and holding.namespace is not None
        and all(forbids(world, name, _BALANCER) for name in names)
    )


def _external_ips(cluster: Cluster) -> Iterator[Evidence]:
    res = cluster.res
    value = res.get(_EXTERNAL_IPS)
    if isinstance(value, Unknown):
        yield leak(
            "undecided",
            cluster.subject,
            f"Whether services may claim external addresses is not known: {value.reason}",
            address=res.address,
            attribute=_EXTERNAL_IPS,
        )
    elif value is not None and str(value).lower() == "true":
        sentence = f"Cluster {cluster.subject} lets services claim addresses of others; only that no service claims one, and that the VPC lets nothing in, keeps traffic where it belongs"
        yield leak(
            "weakened",
            cluster.subject,
            sentence,
            (),
            f"set {_EXTERNAL_IPS} = false",
            res.address,
            _EXTERNAL_IPS,
        )
    elif value is not None:
        yield Control(res.address, _EXTERNAL_IPS)


def _service(world: World, obj: Object) -> Iterator[Evidence]:
    body, space = obj.body, obj.namespace if isinstance(obj.namespace, str) else ""
    kind = body.get("spec.type", "ClusterIP")
    attribute = obj.where("spec.type")
    says = begin(obj)
    if isinstance(kind, Unknown):
        yield leak(
            "undecided",
            obj.subject,
            f"The type of {obj} is not known: {kind.reason}",
            address=obj.address,
            attribute=attribute,
        )
    elif kind == "LoadBalancer" and not _internal(obj):
        ranges = body.get("spec.loadBalancerSourceRanges", ["0.0.0.0/0"])
        to = (
            "the internet"
            if isinstance(ranges, Unknown) or "0.0.0.0/0" in ranges
            else ", ".join(map(str, ranges))
        )
        sentence = f"{says} asks for a load balancer with an address outside, open to {to}; its controller also opens the firewall, where no plan shows it"
        yield _made(world, obj, space, _BALANCER, sentence, attribute)
    elif kind == "NodePort":
        cut = (
            "its namespace's quota refuses it"
            if forbids(world, space, _PORTS)
            else "the VPC firewall keeps others from it"
        )
        yield leak(
            "weakened",
            obj.subject,
            f"{says} listens on a port of every node; only that {cut} keeps it shut",
            (),
            "use type ClusterIP",
            obj.address,
            attribute,
        )
    elif kind == "ExternalName":
        yield from _named(world, obj, body.get("spec.externalName"))
    claimed = body.get("spec.externalIPs")
    if claimed:
        where = obj.where("spec.externalIPs")
        refused = [
            c
            for c in clusters(world)
            if c.res.get(_EXTERNAL_IPS) is not None and str(c.res.get(_EXTERNAL_IPS)).lower() == "false"
        ]
        cut = "the cluster refuses such services" if refused else "the VPC lets nothing in from outside"
        yield leak(
            "weakened",
            obj.subject,
            f"{says} claims the addresses {', '.join(map(str, claimed))}, so that packets for them end at its pods; only that {cut} keeps them out",
            (),
            f"remove {where}",
            obj.address,
            where,
        )


def _internal(obj: Object) -> bool:
    notes = obj.annotations if not isinstance(obj.annotations, Unknown) else {}
    annotated = any(str(notes.get(name)).lower() == "internal" for name in _INTERNAL)
    return annotated or "internal" in str(obj.body.get("spec.loadBalancerClass", ""))


def _made(world: World, obj: Object, space: str, quota: str, sentence: str, attribute: str) -> Evidence:
    if forbids(world, space, quota):
        return leak(
            "weakened",
            obj.subject,
            f"{sentence}; only that the quota of namespace {space} refuses it keeps it from being made",
            (),
            f"remove {obj.address}",
            obj.address,
            attribute,
        )
    step = Step(
        "a client on the internet",
        str(obj),
        "its load balancer has an external address",
        obj.address,
        attribute,
    )
    reply = Step(str(obj), "a client on the internet", "replies to what came in always pass")
    return leak(
        "open",
        obj.subject,
        sentence,
        (step, reply),
        "annotate it networking.gke.io/load-balancer-type: Internal, or remove it",
        obj.address,
        attribute,
    )


def _named(world: World, obj: Object, name: Any) -> Iterator[Evidence]:
    attribute = obj.where("spec.externalName")
    if isinstance(name, Unknown) or name is None:
        reason = name.reason if isinstance(name, Unknown) else "it has none"
        yield leak(
            "undecided",
            obj.subject,
            f"What {obj} stands for is not known: {reason}",
            address=obj.address,
            attribute=attribute,
        )
        return
    if str(name).endswith((".svc", ".svc.cluster.local", ".cluster.local")):
        return
    step = Step("a pod", str(name), f"{obj} stands for it", obj.address, attribute)
    sentence = f"{begin(obj)} is a name for {name}, outside the cluster"
    yield cut_or_open(
        way_out(world), obj.subject, sentence, step, f"remove {obj.address}", obj.address, attribute
    )


def _endpoint(world: World, obj: Object, value: Any, attribute: str) -> Iterator[Evidence]:
    if isinstance(value, Unknown):
        yield leak(
            "undecided",
            obj.subject,
            f"Where {obj} leads is not known: {value.reason}",
            address=obj.address,
            attribute=attribute,
        )
        return
    address = parse(str(value))
    if address is not None and address <= PRIVATE:
        return
    step = Step("a pod", str(value), f"{obj} leads there", obj.address, attribute)
    sentence = f"{begin(obj)} leads a service of the cluster to {value}, outside"
    way = way_out(world) if address is None else way_out(world, address)
    yield cut_or_open(way, obj.subject, sentence, step, f"remove {obj.address}", obj.address, attribute)
