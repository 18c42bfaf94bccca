"""Whose identity a pod has: one cluster issues the project's, and no other cluster issues the same names."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.k8s.wording import leak
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.principals import workload_pool
from policies.facts.world import World

_POOL = "workload_identity_config.workload_pool"

# Clusters elsewhere whose workloads share the fleet's, and so the project's, pool of identities.
_OTHERS = (
    "google_container_attached_cluster", "google_container_aws_cluster", "google_container_azure_cluster",
    "google_gkeonprem_bare_metal_cluster", "google_gkeonprem_vmware_cluster", "google_edgecontainer_cluster",
)  # fmt: skip


@channel("TEN-05")
def one_cluster_makes_the_projects_identities(world: World) -> Iterator[Evidence]:
    """One cluster, in no fleet, issues the identities of the workload pool: a name there is one workload."""
    found = clusters(world)
    issuing = [cluster for cluster in found if cluster.identity_pool is not None]
    for cluster in found[1:]:
        yield _second(cluster, found[0], cluster in issuing and found[0] in issuing)
    for cluster in issuing:
        yield from _pool(world, cluster)
    for cluster in found:
        yield from _fleet(world, cluster)
    for res in world.of(*_OTHERS):
        sentence = f"Cluster {res.subject} stands elsewhere and issues identities of the same pool: a namespace and service account of a team's names there are that team"
        step = Step(
            f"a pod of cluster {res.subject}",
            "a team's service account",
            "the pool names no cluster",
            res.address,
            "",
        )
        yield leak("open", res.subject, sentence, (step,), f"remove {res.address}", res.address)


def _second(cluster: Cluster, first: Cluster, shared: bool) -> Leak:
    name, res = cluster.subject, cluster.res
    if not shared:
        sentence = f"{name} is a second cluster of the project beside {first.subject}; only that it issues no identities of the workload pool keeps teams' names apart"
        return leak("weakened", name, sentence, (), f"remove {res.address}", res.address, _POOL)
    sentence = f"{name} is a second cluster of the project beside {first.subject}, and both issue identities of one pool: whoever makes a namespace and a service account of a team's names in either is that team"
    step = Step(
        f"a pod of cluster {name}",
        "a team's service account",
        "the pool names namespace and service account, not the cluster",
        res.address,
        _POOL,
    )
    return leak("open", name, sentence, (step,), "keep one cluster per project", res.address, _POOL)


def _pool(world: World, cluster: Cluster) -> Iterator[Evidence]:
    value, res = cluster.identity_pool, cluster.res
    if isinstance(value, Unknown):
        sentence = (
            f"Which pool the identities of cluster {cluster.subject} belong to is not known: {value.reason}"
        )
        yield leak("undecided", cluster.subject, sentence, address=res.address, attribute=_POOL)
        return
    if str(value).lower() in (workload_pool(world), "autopilot"):
        yield Control(res.address, _POOL)
        return
    sentence = f"Pods of cluster {cluster.subject} get identities of pool {value}, which another project's clusters share"
    step = Step(
        f"a pod of a cluster of {value}", "a team's service account", "the pool is shared", res.address, _POOL
    )
    yield leak(
        "open",
        cluster.subject,
        sentence,
        (step,),
        f"set {_POOL} = {workload_pool(world)}",
        res.address,
        _POOL,
    )


def _fleet(world: World, cluster: Cluster) -> Iterator[Evidence]:
    res = cluster.res
    host = res.get("fleet.project")
    if host is None or not res.blocks("fleet"):
        return
    own = world.owns_project(host)
    if own is None:
        yield leak(
            "undecided",
            cluster.subject,
            f"Whose fleet cluster {cluster.subject} joins is not known",
            address=res.address,
            attribute="fleet.project",
        )
    elif not own:
        sentence = f"Cluster {cluster.subject} joins the fleet of project {host}, whose clusters share one pool of identities: a team's names in any of them are that team"
        step = Step(
            f"a pod of another cluster of {host}'s fleet",
            "a team's service account",
            "the fleet shares one pool",
            res.address,
            "fleet.project",
        )
        yield leak(
            "open", cluster.subject, sentence, (step,), "remove the fleet block", res.address, "fleet.project"
        )
