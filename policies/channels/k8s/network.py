"""What pods may send, and what network policies do not hold for (K8S-07, K8S-08, K8S-10)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Advice, Control, Evidence, Leak, Step
from policies.channels.k8s.wording import CLUSTERWIDE, FIREWALL, begin, cut_or_open, leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.backstop import backstops, way_out
from policies.facts.kubernetes.clusters import Cluster, clusters, pools
from policies.facts.kubernetes.namespaces import Namespace, namespace, namespaces
from policies.facts.kubernetes.network_policies import Policy, Rule, denied, free_pod, policies, policies_of
from policies.facts.kubernetes.pod_security import breaks
from policies.facts.kubernetes.tenancy import runs_pods
from policies.facts.kubernetes.workloads import workloads
from policies.facts.network.addresses import PRIVATE, Addresses
from policies.facts.network.networks import inside
from policies.facts.network.ranges import DIRECT_PATH, RESTRICTED_VIP
from policies.facts.world import World


@channel("K8S-07")
def pods_send_only_what_policies_allow(world: World) -> Iterator[Evidence]:
    """Every pod of every namespace that runs pods is isolated, and no policy allows an address outside."""
    way = way_out(world)
    for cluster in clusters(world):
        yield from _enforced(cluster, way)
    for name in sorted({*namespaces(world), *_used(world)}):
        space = namespace(world, name)
        leaks = [*_free(world, space, way), *_answers(world, space), *_allowed(world, space, way)]
        yield from leaks
        if not leaks:
            yield from (
                Control(p.obj.address, p.obj.where("spec.podSelector")) for p, _ in policies_of(world, space)
            )
    yield from _unenforced(world)
    yield from backstops(world)


def _used(world: World) -> set[str]:
    """Namespaces that workloads name; those of the cluster's own components are Google's."""
    return {w.namespace for w in workloads(world) if isinstance(w.namespace, str)}


def _enforced(cluster: Cluster, way: tuple[Step, ...] | None) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    enforced = cluster.enforces_policies
    if enforced is True:
        yield Control(res.address, "datapath_provider")
    elif isinstance(enforced, Unknown):
        sentence = f"Whether cluster {name} enforces network policies is not known: {enforced.reason}."
        yield leak("undecided", name, sentence, address=res.address, attribute="datapath_provider")
    else:
        step = Step(
            "a pod of any namespace",
            "any address",
            f"cluster {name} enforces no network policy",
            res.address,
            "datapath_provider",
        )
        sentence = f"Cluster {name} enforces no network policy: its datapath is not ADVANCED_DATAPATH and Calico is not on"
        yield cut_or_open(
            way,
            name,
            sentence,
            step,
            "set datapath_provider = ADVANCED_DATAPATH",
            res.address,
            "datapath_provider",
        )


def _free(world: World, space: Namespace, way: tuple[Step, ...] | None) -> Iterator[Evidence]:
    """A namespace in which some pod is not isolated."""
    labels = free_pod(world, space, "egress", own=True)
    if labels is None:
        return
    cut = FIREWALL
    if free_pod(world, space, "egress") is None:
        way, cut = None, CLUSTERWIDE
    address, attribute = _place(world, space)
    if space.name == "kube-system":
        return  # Google's own components; what the snapshot puts there is K8S-08's
    if not runs_pods(world, space):
        text = f"no network policy isolates the pods of namespace {space.name}, which runs none and where no tenant may run any"
        yield Advice(text, address, attribute)
        return
    pod = f"a pod labelled {_labels(labels)}" if labels else "a pod"
    sentence = f"No network policy with Egress isolates {pod} of namespace {space.name}, so that it may send to any address"
    step = Step(
        f"{pod} of namespace {space.name}", "any address", "no network policy isolates it", address, attribute
    )
    fix = (
        f"add a network policy with an empty pod selector and policy_types [Egress] to namespace {space.name}"
    )
    yield cut_or_open(way, space.name, sentence, step, fix, address, attribute, cut)


def _answers(world: World, space: Namespace) -> Iterator[Evidence]:
    """A namespace whose pods take connections from anywhere: a reply needs no egress rule, so the default deny of a
    namespace holds only when it holds both ways (2.6 of the catalogue)."""
    if free_pod(world, space, "egress", own=True) is not None or not runs_pods(world, space):
        return
    if space.name == "kube-system" or free_pod(world, space, "ingress", own=True) is None:
        return
    sentence = (
        f"Namespace {space.name} has no default deny: no network policy with Ingress isolates its pods, and what a pod "
        f"answers to whoever connects leaves whatever its egress policies say; {FIREWALL}"
    )
    fix = f"add a network policy with an empty pod selector and policy_types [Ingress, Egress] to namespace {space.name}"
    yield leak("weakened", space.name, sentence, (), fix, *_place(world, space))


def _place(world: World, space: Namespace) -> tuple[str, str]:
    if space.obj is not None:
        return space.obj.address, space.obj.where("metadata.name")
    used = next((w for w in workloads(world) if w.namespace == space.name), None)
    return (used.address, used.obj.where("metadata.namespace")) if used is not None else (space.address, "")


def _labels(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _allowed(world: World, space: Namespace, way: tuple[Step, ...] | None) -> Iterator[Evidence]:
    """Rules that allow addresses outside, whatever the default."""
    never = denied(world, space)
    for policy, _ in policies_of(world, space):
        for rule in policy.egress:
            unknown = next((peer for peer in rule.peers or () if peer.unknown is not None), None)
            if unknown is not None and unknown.unknown is not None:
                sentence = f"What {policy.obj} allows is not known: {unknown.unknown.reason}."
                yield leak(
                    "undecided",
                    policy.obj.subject,
                    sentence,
                    address=policy.obj.address,
                    attribute=policy.obj.where(unknown.path),
                )
                continue
            wide = rule.addresses - _harmless(world)
            if wide:
                yield _wide(world, policy, rule, space, wide, wide - never, way)


def _harmless(world: World) -> Addresses:
    return PRIVATE | inside(world) | RESTRICTED_VIP | DIRECT_PATH


def _wide(
    world: World, policy: Policy, rule: Rule, space: Namespace, wide: Addresses, left: Addresses,
    way: tuple[Step, ...] | None,
) -> Leak:  # fmt: skip
    """``left``: what of ``wide`` no clusterwide policy denies."""
    obj = policy.obj
    path = rule.peers[0].path if rule.peers else rule.path
    attribute = obj.where(path)
    whom = "any address" if rule.peers is None else str(wide)
    how = "it names no peer, and so allows all" if rule.peers is None else f"it allows {whom}"
    sentence = f"Policies add up: {obj} lets the pods it selects send to {whom}"
    step = Step(f"a pod of namespace {space.name}", whom, f"{obj}: {how}", obj.address, attribute)
    reached = way_out(world, left) if way is not None and left else None
    return cut_or_open(
        reached, obj.subject, sentence, step, f"narrow {attribute} of {obj.address}", obj.address, attribute,
        FIREWALL if left else CLUSTERWIDE,
    )  # fmt: skip


def _unenforced(world: World) -> Iterator[Evidence]:
    """Clusterwide denies that the cluster does not enforce."""
    for policy in policies(world):
        if policy.namespace is None and policy.denied_egress and not policy.counts:
            attribute = policy.obj.where("spec.egressDeny")
            sentence = f"{begin(policy.obj)} denies nothing: the cluster does not enforce clusterwide policies; only what each namespace's own policies say, and the VPC firewall, keeps pods in"
            fix = "set enable_cilium_clusterwide_network_policy = true"
            yield leak("weakened", policy.obj.subject, sentence, (), fix, policy.obj.address, attribute)


@channel("K8S-08")
def no_pod_escapes_network_policies(world: World) -> Iterator[Evidence]:
    """No pod shares a node's network, processes or files, no daemon runs beside the cluster's own, no second NICs."""
    way = way_out(world)
    for workload, found in breaks(world):
        if found.kind not in ("host network", "host processes", "privileged", "host path"):
            continue
        if found.unknown is not None:
            sentence = f"Whether {workload} {found.does} is not known: {found.unknown.reason}."
            yield leak(
                "undecided",
                workload.subject,
                sentence,
                address=workload.address,
                attribute=found.attribute,
            )
            continue
        sentence = f"A pod of {workload} {found.does}, where no network policy holds for it"
        step = Step(
            f"a pod of {workload}",
            "the node's network",
            f"it {found.does}",
            workload.address,
            found.attribute,
        )
        yield cut_or_open(
            way,
            workload.subject,
            sentence,
            step,
            f"remove {found.attribute}",
            workload.address,
            found.attribute,
        )
    for workload in workloads(world):
        space = namespace(world, workload.namespace) if isinstance(workload.namespace, str) else None
        if workload.obj.kind == "DaemonSet" and space is not None and space.name == "kube-system":
            sentence = f"{workload} runs on every node among the cluster's own components, where no default deny holds"
            step = Step(
                f"a pod of {workload}",
                "any address",
                "kube-system has no default deny",
                workload.address,
                workload.obj.where("metadata.namespace"),
            )
            yield cut_or_open(
                way,
                workload.subject,
                sentence,
                step,
                f"move {workload.address} to a namespace with a default deny",
                workload.address,
                workload.obj.where("metadata.namespace"),
            )
    yield from _levels(world, way)
    yield from _second_networks(world, way)
    yield from backstops(world)


def _levels(world: World, way: tuple[Step, ...] | None) -> Iterator[Evidence]:
    """Pod Security on every namespace where tenants may run pods of their own making."""
    for space in namespaces(world).values():
        if space.contained:
            yield Control(space.address, space.attribute)
        elif runs_pods(world, space) and space.enforce != "unknown":
            sentence = f"Nothing stops a pod of namespace {space.name} from sharing the node's network, where no network policy holds: Pod Security enforces {space.enforce}"
            step = Step(
                f"a pod of namespace {space.name}",
                "the node's network",
                f"Pod Security enforces {space.enforce} there",
                space.address,
                space.attribute,
            )
            yield cut_or_open(
                way,
                space.name,
                sentence,
                step,
                f"label namespace {space.name} pod-security.kubernetes.io/enforce=restricted",
                space.address,
                space.attribute,
            )


def _second_networks(world: World, way: tuple[Step, ...] | None) -> Iterator[Evidence]:
    for pool in pools(world):
        for name in ("additional_pod_network_configs", "additional_node_network_configs"):
            for block in pool.network.blocks(name):
                sentence = f"Pods of pool {pool.name} get NICs in a second network, where the cluster's network policies do not hold"
                step = Step(
                    f"a pod on pool {pool.name}",
                    "a second network",
                    f"{name} is set",
                    pool.res.address,
                    block.path,
                )
                yield cut_or_open(
                    way, pool.subject, sentence, step, f"remove {block.path}", pool.res.address, block.path
                )
        image = pool.config.get("image_type", "COS_CONTAINERD")
        if isinstance(image, str) and image.upper().startswith("WINDOWS"):
            attribute = pool.config.at("image_type")
            sentence = (
                f"Pool {pool.name} runs Windows nodes, on which Dataplane V2 enforces no network policy"
            )
            step = Step(
                f"a pod on pool {pool.name}",
                "any address",
                "network policies do not hold on Windows nodes",
                pool.res.address,
                attribute,
            )
            yield cut_or_open(
                way, pool.subject, sentence, step, "use COS_CONTAINERD", pool.res.address, attribute
            )
    for cluster in clusters(world):
        if cluster.on("enable_multi_networking") is not False:
            sentence = f"Cluster {cluster.subject} lets pods have NICs in other networks, where its network policies do not hold"
            step = Step(
                "a pod of any team",
                "a second network",
                "enable_multi_networking is set",
                cluster.res.address,
                "enable_multi_networking",
            )
            yield cut_or_open(
                way,
                cluster.subject,
                sentence,
                step,
                "remove enable_multi_networking",
                cluster.res.address,
                "enable_multi_networking",
            )


@channel("K8S-10")
def no_policy_trusts_names(world: World) -> Iterator[Evidence]:
    """No policy allows names: a name stands for all its addresses, and for every tenant behind them."""
    way = way_out(world)
    for policy in policies(world):
        for rule in policy.egress:
            names = [name for peer in rule.peers or () for name in peer.names if not _own_name(world, name)]
            unknown = (
                next((p.unknown for p in rule.peers or () if p.unknown is not None), None)
                if policy.obj.kind == "FQDNNetworkPolicy"
                else None
            )
            if unknown is not None:
                sentence = f"Which names {policy.obj} allows is not known: {unknown.reason}."
                yield leak(
                    "undecided",
                    policy.obj.subject,
                    sentence,
                    address=policy.obj.address,
                    attribute=policy.obj.where(rule.path),
                )
            elif names:
                yield _named(policy, rule, names, way)
    for cluster in clusters(world):
        enabled = cluster.on("enable_fqdn_network_policy")
        if enabled is False:
            yield Control(cluster.res.address, "enable_fqdn_network_policy")
        else:
            sentence = f"Cluster {cluster.subject} takes network policies by name, which hold for addresses that DNS tells and every tenant behind them; {FIREWALL}."
            yield leak(
                "weakened",
                cluster.subject,
                sentence,
                (),
                "remove enable_fqdn_network_policy",
                cluster.res.address,
                "enable_fqdn_network_policy",
            )


def _own_name(world: World, name: str) -> bool:
    """Whether a literal name is answered by a private zone of the snapshot with its own record."""
    if "*" in name:
        return False
    records = (res.get("name") for res in world.of("google_dns_record_set"))
    return any(isinstance(record, str) and record.rstrip(".") == name.rstrip(".") for record in records)


def _named(policy: Policy, rule: Rule, names: list[str], way: tuple[Step, ...] | None) -> Leak:
    obj = policy.obj
    attribute = obj.where(rule.path)
    text = ", ".join(names[:3])
    sentence = (
        f"{obj} lets pods send to whatever {text} resolves to, and to every tenant behind those addresses"
    )
    step = Step(f"a pod that {obj} selects", text, "the policy allows the name", obj.address, attribute)
    return cut_or_open(way, obj.subject, sentence, step, f"remove {obj.address}", obj.address, attribute)
