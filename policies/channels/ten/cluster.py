"""Teams and the cluster's own rights: whose identity a pod has, and which namespaces a team's rights cover."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.k8s.wording import fix_of, leak, listed, subject_of
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.namespaces import team_of
from policies.facts.kubernetes.powers import (
    BIND,
    BINDINGS,
    ESCALATE,
    POWERS,
)  # fmt: skip
from policies.facts.kubernetes.rbac import Holding, holdings
from policies.facts.kubernetes.subjects import Subject
from policies.facts.principals import workload_pool
from policies.facts.world import World, fact

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


# What a team may do by IAM: find the cluster and speak to it. The rest is RBAC's to give, namespace by namespace.
_CONNECTING = frozenset(
    {
        "container.clusters.get", "container.clusters.list", "container.clusters.connect", "container.operations.get",
        "container.operations.list",
    }
)  # fmt: skip
_READING = frozenset({"get", "list", "watch"})
# Cluster-wide things that hold no team's data.
_COMMON = frozenset(
    {
        "namespaces", "nodes", "priorityclasses", "storageclasses", "runtimeclasses", "ingressclasses",
        "customresourcedefinitions", "apiservices", "clusterroles", "validatingadmissionpolicies",
        "validatingadmissionpolicybindings", "componentstatuses",
    }
)  # fmt: skip
_ASKING = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})
_MAKES_MORE = (ESCALATE.name, BIND.name, BINDINGS.name)


@channel("TEN-06")
def rights_of_teams_end_at_their_namespaces(world: World) -> Iterator[Evidence]:
    """Teams hold rights in their own namespaces only, and none by which they could give themselves others'."""
    clean = True
    for holding in holdings(world):
        for found in _crossing(world, holding):
            clean = False
            yield found
    if clean:
        for holding in holdings(world):
            if holding.subject.teams and not holding.by_iam:
                yield Control(holding.res.address, "role_ref")


def _crossing(world: World, holding: Holding) -> Iterator[Leak]:
    who = holding.subject
    if who.kind in ("system", "agent", "everyone"):
        return
    if holding.by_iam:
        if who.teams and not holding.basic and holding.permissions - _CONNECTING:
            yield _wide(holding, _named(holding.permissions - _CONNECTING))
        return
    if holding.namespace is None:
        if who.teams or who.kind in ("outside", "unknown"):
            yield from _cluster_wide(holding)
        return
    team = team_of(world, holding.namespace)
    if _stranger(world, holding, team):
        yield _other(holding, team)
    elif who.teams and not holding.unknown:
        more = [POWERS[name].does for name in _MAKES_MORE if name in holding.powers]
        if more and not _whole(holding):
            sentence = f"{who.says} may {listed(more)} {holding.where} by {holding.role}; only that the role ends at the namespace keeps it from other teams"
            yield leak(
                "weakened",
                subject_of(holding),
                sentence,
                (),
                fix_of(holding),
                holding.res.address,
                holding.attribute,
            )


def _whole(holding: Holding) -> bool:
    """Whether it is a built-in role, which K8S-04 and K8S-09 report for what it gives inside."""
    return holding.role in ("admin", "edit", "cluster-admin")


def _cluster_wide(holding: Holding) -> Iterator[Leak]:
    if holding.unknown or holding.subject.kind == "unknown":
        why = holding.unknown or holding.subject.why or "it is not known who it is"
        sentence = f"{holding.subject.says} holds {holding.role} in every namespace, and what that gives to whom is not known: {why}"
        yield leak(
            "undecided",
            subject_of(holding),
            sentence,
            (),
            fix_of(holding),
            holding.res.address,
            holding.attribute,
        )
        return
    if holding.subject.kind == "outside":
        return  # who is outside the project is K8S-04's and IAM-01's to report
    if _common(holding):
        return
    powers = [POWERS[name].does for name in POWERS if name in holding.powers]
    yield _wide(holding, listed(powers[:3]) if powers else "read objects of other teams")


def _common(holding: Holding) -> bool:
    """Whether rules are about things that hold no team's data, for reading only."""
    return all(
        rule.resources <= _ASKING or (rule.resources <= _COMMON and rule.verbs <= _READING)
        for rule in holding.rules or ()
    )


def _wide(holding: Holding, what: str) -> Leak:
    teams = f" (team {listed(sorted(holding.subject.teams))})" if holding.subject.teams else ""
    says, role = holding.subject.says, holding.role
    step = Step(
        f"{says}{teams}",
        "objects of other teams' namespaces",
        f"{role} holds in every namespace",
        holding.res.address,
        holding.attribute,
    )
    sentence = f"{says}{teams} may {what} by {role}, in every namespace, other teams' among them"
    return leak(
        "open",
        subject_of(holding),
        sentence,
        (step,),
        _bind_inside(holding),
        holding.res.address,
        holding.attribute,
    )


def _bind_inside(holding: Holding) -> str:
    return (
        fix_of(holding)
        if holding.by_iam
        else f"bind {holding.role} by a RoleBinding in the team's own namespace"
    )


def _named(permissions: frozenset[str]) -> str:
    secret = "container.secrets.get" in permissions
    what = "read secrets" if secret else f"use {listed(sorted(permissions)[:2])}"
    return f"{what} and {len(permissions) - 1} more" if len(permissions) > 1 else what


@fact
def _homes(world: World) -> dict[str, str]:
    """The team of each subject that bindings name in namespaces of several teams: the one its name speaks of, else
    that of its first binding."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for holding in holdings(world):
        team = team_of(world, holding.namespace)
        if holding.namespace is not None and team is not None and not holding.by_iam:
            seen.setdefault(holding.subject.says, []).append((holding.namespace, team))
    return {
        says: next((team for space, team in found if space in says), found[0][1])
        for says, found in seen.items()
    }


def _stranger(world: World, holding: Holding, team: str | None) -> bool:
    """Whether a namespaced binding names a subject of another team, or pods of another team."""
    who: Subject = holding.subject
    if team is None or not who.teams:
        return False
    if who.kind == "pods":
        return bool(who.teams - {team})
    declared = _members(world).get(who.says)
    return team not in declared if declared else _homes(world).get(who.says, team) != team


@fact
def _members(world: World) -> dict[str, frozenset[str]]:
    """The teams whose files name a subject as their members."""
    found: dict[str, frozenset[str]] = {}
    for name, team in (world.declared.teams if world.declared is not None else {}).items():
        found[team.members.lower()] = found.get(team.members.lower(), frozenset()) | {name}
    return found


def _other(holding: Holding, team: str | None) -> Leak:
    says, role = holding.subject.says, holding.role
    powers = [POWERS[name].does for name in POWERS if name in holding.powers]
    what = listed(powers[:3]) if powers else "read objects"
    step = Step(
        says,
        f"objects of namespace {holding.namespace}",
        f"{role} is bound to it there",
        holding.res.address,
        holding.attribute,
    )
    sentence = f"{says} may {what} in namespace {holding.namespace}, which is team {team}'s, by {role}"
    return leak(
        "open",
        subject_of(holding),
        sentence,
        (step,),
        f"remove the subject from {holding.res.address}",
        holding.res.address,
        holding.attribute,
    )
