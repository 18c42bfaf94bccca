"""Breaking out of containers (K8S-17)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policies.channels.evidence import Advice, Control, Evidence, Step
from policies.channels.k8s.wording import leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import Pool, clusters, pools
from policies.facts.kubernetes.namespaces import ENFORCE, SYSTEM, Namespace, namespace, namespaces
from policies.facts.kubernetes.pod_security import Break, breaks, held
from policies.facts.kubernetes.tenancy import runs_pods
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.mediation import mediation
from policies.facts.world import World

_NODE = "the node, and with it the tokens and volumes of every pod on it"


@channel("K8S-17")
def pods_stay_in_their_containers(world: World) -> Iterator[Evidence]:
    """Pod Security enforces baseline or restricted wherever pods run, no pod asks for more, and nodes are shielded."""
    for space in sorted(namespaces(world).values(), key=lambda space: space.name):
        yield from _level(world, space)
    for name, workload in _elsewhere(world).items():
        attribute = workload.obj.where("metadata.namespace")
        yield from _level(
            world, replace(namespace(world, name), address=workload.address, attribute=attribute)
        )
    for workload, found in breaks(world):
        contained = held(world, workload)
        if found.kind not in ("host network", "host port"):
            yield _break(workload, found, contained)
    for cluster in clusters(world):
        shielded = cluster.on("enable_shielded_nodes", True)
        if isinstance(shielded, Unknown):
            yield leak(
                "undecided",
                cluster.subject,
                f"Whether nodes of cluster {cluster.subject} are shielded is not known: {shielded.reason}",
                address=cluster.res.address,
                attribute="enable_shielded_nodes",
            )
        elif shielded:
            yield Control(cluster.res.address, "enable_shielded_nodes")
        else:
            sentence = f"Nodes of cluster {cluster.subject} are not shielded: whoever breaks out can join other machines to the cluster with a node's credentials; only Pod Security keeps pods from breaking out"
            yield leak(
                "weakened",
                cluster.subject,
                sentence,
                (),
                "set enable_shielded_nodes = true",
                cluster.res.address,
                "enable_shielded_nodes",
            )
    for pool in pools(world):
        yield from _pool(pool)
    yield from _admission(world)


def _elsewhere(world: World) -> dict[str, Workload]:
    """A workload of each namespace that the snapshot does not create and the cluster's components do not live in."""
    known = {*namespaces(world), *SYSTEM}
    return {
        w.namespace: w for w in workloads(world) if isinstance(w.namespace, str) and w.namespace not in known
    }


def _level(world: World, space: Namespace) -> Iterator[Evidence]:
    level = space.enforce
    attribute = space.attribute
    if level == "unknown":
        sentence = f"The Pod Security level of namespace {space.name} is not known"
        yield leak(
            "undecided", space.name, sentence, (), f"label it {ENFORCE}=restricted", space.address, attribute
        )
    elif space.contained:
        yield Control(space.address, attribute)
        if level == "baseline":
            yield Advice(
                f"namespace {space.name} enforces baseline, not restricted", space.address, attribute
            )
    elif runs_pods(world, space):
        step = Step(
            f"a pod of namespace {space.name}",
            _NODE,
            f"Pod Security enforces {level} there",
            space.address,
            attribute,
        )
        sentence = f"Pod Security does not hold pods of namespace {space.name} (it enforces {level}): a privileged one takes {_NODE}"
        yield leak(
            "open",
            space.name,
            sentence,
            (step,),
            f"label namespace {space.name} {ENFORCE}=restricted",
            space.address,
            attribute,
        )
    else:
        sentence = f"Pod Security does not hold pods of namespace {space.name} (it enforces {level}); only that nobody runs any there keeps nodes whole"
        yield leak(
            "weakened",
            space.name,
            sentence,
            (),
            f"label namespace {space.name} {ENFORCE}=restricted",
            space.address,
            attribute,
        )


def _break(workload: Workload, found: Break, contained: bool) -> Evidence:
    fix = f"remove {found.attribute}"
    if found.unknown is not None:
        sentence = f"Whether a pod of {workload} {found.does} is not known: {found.unknown.reason}"
        return leak("undecided", workload.subject, sentence, (), fix, workload.address, found.attribute)
    sentence = f"A pod of {workload} {found.does}, and so can break out to {_NODE}"
    if contained:
        return leak(
            "weakened",
            workload.subject,
            f"{sentence}; only that Pod Security refuses it keeps it from running",
            (),
            fix,
            workload.address,
            found.attribute,
        )
    step = Step(f"a pod of {workload}", _NODE, f"it {found.does}", workload.address, found.attribute)
    return leak("open", workload.subject, sentence, (step,), fix, workload.address, found.attribute)


def _pool(pool: Pool) -> Iterator[Evidence]:
    attribute = "shielded_instance_config.enable_secure_boot"
    value, address, where = pool.first((pool.config, attribute))
    if isinstance(value, Unknown):
        yield leak(
            "undecided",
            pool.subject,
            f"Whether nodes of pool {pool.name} boot verified code is not known: {value.reason}",
            address=address,
            attribute=where,
        )
    elif value is not None and str(value).lower() == "false":
        sentence = f"Nodes of pool {pool.name} boot unverified code: a break-out can stay; only Pod Security keeps pods from breaking out"
        yield leak("weakened", pool.subject, sentence, (), f"set {where} = true", address, where)
    elif value is None:
        yield Advice(f"pool {pool.name} does not boot verified code only", address, where)
    if pool.config.get("sandbox_config") is None and pool.config.get("gvisor_config") is None:
        yield Advice(
            f"pool {pool.name} runs pods without GKE Sandbox", address, pool.config.at("sandbox_config")
        )


def _admission(world: World) -> Iterator[Evidence]:
    """Admission policies that are there and let through what they are there to refuse."""
    for gap in mediation(world).admission_gaps:
        yield leak("weakened", gap.subject, gap.sentence, (), gap.fix, gap.address, gap.attribute)
