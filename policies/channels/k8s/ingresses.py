"""Ingresses and gateways, which controllers turn into load balancers at run time (K8S-15)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Step
from policies.channels.k8s.wording import begin, fix_of, leak, subject_of, tenant
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.powers import INGRESSES
from policies.facts.kubernetes.rbac import holders
from policies.facts.world import World

_INGRESS_CLASS = "kubernetes.io/ingress.class"


@channel("K8S-15")
def no_ingress_controller_opens_the_cluster(world: World) -> Iterator[Evidence]:
    """The controllers of ingresses and gateways are off, nothing asks for an external one, and tenants cannot."""
    on = {
        name: any(live for kind, live in _controllers(world) if kind == name)
        for name in ("ingress", "gateway")
    }
    for cluster in clusters(world):
        yield from _addons(cluster)
    for obj in objects(world, "Ingress", "MultiClusterIngress", "Gateway"):
        yield from _ingress(obj, on["gateway" if obj.kind == "Gateway" else "ingress"])
    for res in world.of("google_gke_hub_feature"):
        if str(res.get("name")) in ("multiclusteringress", "multiclusterservicediscovery"):
            sentence = f"Fleet feature {res.get('name')} makes load balancers across clusters; only that nothing asks for one keeps the cluster shut"
            yield leak("weakened", res.subject, sentence, (), f"remove {res.address}", res.address, "name")
    for holding, _ in holders(world, INGRESSES.name):
        if tenant(holding) and not holding.whole and not holding.unknown:
            live = any(on.values())
            sentence = (
                f"{holding.subject.says} may create ingresses and gateways by {holding.role} {holding.where}"
            )
            step = Step(
                "a client on the internet",
                f"pods {holding.where}",
                "an ingress leads to them",
                holding.res.address,
                holding.attribute,
            )
            if live:
                yield leak(
                    "open",
                    subject_of(holding),
                    f"{sentence}, and a controller of the cluster makes load balancers of them",
                    (step,),
                    fix_of(holding),
                    holding.res.address,
                    holding.attribute,
                )
            else:
                yield leak(
                    "weakened",
                    subject_of(holding),
                    f"{sentence}; only that no controller serves them keeps the cluster shut",
                    (),
                    fix_of(holding),
                    holding.res.address,
                    holding.attribute,
                )


def _controllers(world: World) -> Iterator[tuple[str, bool]]:
    """Which controllers may run in some cluster."""
    for cluster in clusters(world):
        yield (
            "ingress",
            cluster.autopilot or cluster.on("addons_config.http_load_balancing.disabled") is not True,
        )
        yield (
            "gateway",
            cluster.res.get("gateway_api_config.channel", "CHANNEL_DISABLED") != "CHANNEL_DISABLED",
        )


def _addons(cluster: Cluster) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    addon = "addons_config.http_load_balancing.disabled"
    disabled = cluster.on(addon)
    if isinstance(disabled, Unknown):
        yield leak(
            "undecided",
            name,
            f"Whether cluster {name} serves ingresses is not known: {disabled.reason}",
            address=res.address,
            attribute=addon,
        )
    elif disabled and not cluster.autopilot:
        yield Control(res.address, addon)
    else:
        sentence = f"Cluster {name} makes external load balancers of ingresses (the HTTP load balancing add-on is on); only that nothing asks for one keeps it shut"
        yield leak("weakened", name, sentence, (), f"set {addon} = true", res.address, addon)
    path = "gateway_api_config.channel"
    value = res.get(path, "CHANNEL_DISABLED")
    if isinstance(value, Unknown):
        yield leak(
            "undecided",
            name,
            f"Whether cluster {name} serves gateways is not known: {value.reason}",
            address=res.address,
            attribute=path,
        )
    elif value == "CHANNEL_DISABLED":
        yield Control(res.address, path)
    else:
        sentence = f"Cluster {name} makes load balancers of gateways ({value}); only that nothing asks for one keeps it shut"
        yield leak("weakened", name, sentence, (), f"set {path} = CHANNEL_DISABLED", res.address, path)


def _ingress(obj: Object, served: bool) -> Iterator[Evidence]:
    notes = obj.annotations if not isinstance(obj.annotations, Unknown) else {}
    if obj.kind == "Gateway":
        name, attribute = obj.body.get("spec.gatewayClassName"), obj.where("spec.gatewayClassName")
    else:
        name, attribute = (
            notes.get(_INGRESS_CLASS, obj.body.get("spec.ingressClassName", "gce")),
            obj.where("spec"),
        )
    if isinstance(name, Unknown):
        yield leak(
            "undecided",
            obj.subject,
            f"Which class {obj} has is not known: {name.reason}",
            address=obj.address,
            attribute=attribute,
        )
        return
    if name == "gce-internal" or "rilb" in str(name) or "internal" in str(name):
        return
    says = begin(obj)
    known = str(name).startswith("gce") or "external" in str(name) or "gxlb" in str(name)
    if served and known:
        step = Step(
            "a client on the internet",
            str(obj),
            f"the controller of class {name} makes a load balancer of it",
            obj.address,
            attribute,
        )
        reply = Step(str(obj), "a client on the internet", "replies to what came in always pass")
        yield leak(
            "open",
            obj.subject,
            f"{says} of class {name} becomes a load balancer with an address on the internet",
            (step, reply),
            f"remove {obj.address}",
            obj.address,
            attribute,
        )
    else:
        why = (
            "no controller of the cluster serves it"
            if known
            else f"nothing in the snapshot serves class {name}"
        )
        yield leak(
            "weakened",
            obj.subject,
            f"{says} asks for an address on the internet by class {name}; only that {why} keeps it shut",
            (),
            f"remove {obj.address}",
            obj.address,
            attribute,
        )
