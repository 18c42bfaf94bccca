"""Rights in the cluster that take bytes out of it or undo its controls (K8S-04, K8S-05, K8S-09, K8S-22)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.k8s.wording import fix_of, leak, listed, subject_of, tenant
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.backstop import backstops, way_out
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.doors import ways_in
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.powers import CLUSTER, ENDPOINTS, LOGS, POLICIES, POWERS, PROXY, RELABEL, SHELL
from policies.facts.kubernetes.rbac import Holding, holders, holdings
from policies.facts.kubernetes.seal.admitted import shuts
from policies.facts.world import World


@channel("K8S-04")
def nobody_takes_bytes_out_of_pods(world: World) -> Iterator[Evidence]:
    """No person and nobody outside may exec, attach, forward, proxy or add containers; logs are for declared people."""
    names = [power.name for power in (*SHELL, *PROXY, CLUSTER)]
    clean = True
    for holding, held in holders(world, *names, LOGS.name):
        taken = [name for name in held if name != LOGS.name or holding.subject.outside]
        if not holding.subject.human or holding.subject.kind == "everyone" or not taken:
            continue
        found = _taking(world, holding, taken)
        if found is not None:
            clean = False
            yield found
    if clean:
        yield from _bindings(world)


def _taking(world: World, holding: Holding, taken: list[str]) -> Leak | None:
    way = next((steps for _, steps in ways_in(world, holding.subject)), None)
    if way is None and holding.basic:
        return None
    what = listed([POWERS[name].does for name in taken[:3]])
    subject, role = subject_of(holding), holding.role
    if holding.unknown or holding.subject.kind == "unknown":
        why = holding.unknown or holding.subject.why
        sentence = (
            f"{holding.subject.says} may {what} {holding.where} by {role}, as far as can be told: {why}."
        )
        return leak("undecided", subject, sentence, address=holding.res.address, attribute=holding.attribute)
    right = Step(
        f"pods {holding.where}",
        holding.subject.says,
        f"{role} lets it {what}",
        holding.res.address,
        holding.attribute,
    )
    does = f"{holding.subject.says} may {what} {holding.where} by {role}"
    cut = "the API server cannot be reached from outside" if way is None else ""
    if way is not None and shuts(world, holding.namespace, taken):
        cut = "admission refuses connections to teams' pods"
    if cut or way is None:
        sentence = f"{does}; only that {cut} keeps the bytes in"
        return leak(
            "weakened", subject, sentence, (), fix_of(holding), holding.res.address, holding.attribute
        )
    sentence = f"{does} and reaches the API server from outside, so that bytes of pods end on their machine"
    return leak(
        "open", subject, sentence, (*way, right), fix_of(holding), holding.res.address, holding.attribute
    )


def _bindings(world: World) -> Iterator[Control]:
    for holding in holdings(world):
        if not holding.by_iam:
            yield Control(holding.res.address, "role_ref")
    for cluster in clusters(world):
        yield Control(cluster.res.address, "private_cluster_config")


@channel("K8S-05")
def no_right_is_for_everyone(world: World) -> Iterator[Evidence]:
    """Nothing is bound to anonymous or to every authenticated user, and the cluster refuses such bindings."""
    for holding in holdings(world):
        if holding.subject.kind == "everyone" and not holding.by_iam:
            yield _public(world, holding)
    for cluster in clusters(world):
        yield from _everyone(cluster)


def _public(world: World, holding: Holding) -> Leak:
    way = next((steps for _, steps in ways_in(world, holding.subject)), None)
    who, role, address = holding.subject.says, holding.role, holding.res.address
    subject = subject_of(holding)
    if way is None:
        sentence = f"{role} is bound to {who} {holding.where}; only that the API server cannot be reached from outside keeps strangers out."
        return leak("weakened", subject, sentence, (), fix_of(holding), address, holding.attribute)
    step = Step(
        f"what {role} allows {holding.where}", who, f"it is bound to {who}", address, holding.attribute
    )
    sentence = f"{role} is bound to {who} {holding.where}, and the API server can be reached from outside."
    return leak("open", subject, sentence, (*way, step), fix_of(holding), address, holding.attribute)


def _everyone(cluster: Cluster) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    abac = cluster.on("enable_legacy_abac")
    if abac is not False:
        sentence = f"Cluster {name} keeps legacy ABAC, which gives every service account of every pod all rights, whatever RBAC says."
        step = Step(
            "a pod of any team",
            f"every object of cluster {name}",
            "legacy ABAC allows it",
            res.address,
            "enable_legacy_abac",
        )
        yield _flagged(
            cluster, abac, "open", sentence, "enable_legacy_abac", "set enable_legacy_abac = false", (step,)
        )
    for who in ("authenticated", "unauthenticated"):
        attribute = f"rbac_binding_config.enable_insecure_binding_system_{who}"
        allowed = cluster.on(attribute, True)
        if allowed is False:
            yield Control(res.address, attribute)
        elif not cluster.autopilot or res.get(attribute) is not None:
            sentence = f"Cluster {name} takes bindings to system:{who}; only that nobody has made one keeps rights from everyone."
            yield _flagged(cluster, allowed, "weakened", sentence, attribute, f"set {attribute} = false")
    mode = res.get("anonymous_authentication_config.mode")
    if mode is not None and mode != "LIMITED":
        unknown = mode if isinstance(mode, Unknown) else True
        sentence = f"Cluster {name} answers requests without an account on every path; only RBAC keeps them from objects."
        yield _flagged(
            cluster, unknown, "weakened", sentence, "anonymous_authentication_config.mode",
            "set anonymous_authentication_config.mode = LIMITED",
        )  # fmt: skip


def _flagged(
    cluster: Cluster, value: bool | Unknown, status: str, sentence: str, attribute: str, fix: str,
    path: tuple[Step, ...] = (),
) -> Leak:  # fmt: skip
    """The leak of a setting of a cluster; undecided where its value is not known."""
    if isinstance(value, Unknown):
        sentence = f"{attribute} of cluster {cluster.subject} is not known: {value.reason}."
        return leak("undecided", cluster.subject, sentence, (), fix, cluster.res.address, attribute)
    return leak(
        "open" if status == "open" else "weakened",
        cluster.subject,
        sentence,
        path,
        fix,
        cluster.res.address,
        attribute,
    )


@channel("K8S-09")
def tenants_cannot_write_network_policies(world: World) -> Iterator[Evidence]:
    """No team and nobody outside may write network policies or relabel namespaces."""
    way = way_out(world)
    clean = True
    for holding, held in holders(world, POLICIES.name, RELABEL.name):
        if (
            not tenant(holding)
            or (holding.by_iam and holding.whole)
            or (holding.unknown and holding.subject.human)
        ):
            continue
        clean = False
        what = listed([POWERS[name].does for name in held])
        says, subject = holding.subject.says, subject_of(holding)
        if holding.unknown or holding.subject.kind == "unknown":
            why = holding.unknown or holding.subject.why
            sentence = f"{says} may {what} {holding.where} by {holding.role}, as far as can be told: {why}."
            yield leak(
                "undecided", subject, sentence, address=holding.res.address, attribute=holding.attribute
            )
            continue
        step = Step(
            says,
            f"network policies {holding.where}",
            f"{holding.role} lets it {what}",
            holding.res.address,
            holding.attribute,
        )
        sentence = (
            f"{says} may {what} {holding.where} by {holding.role}, so that no default deny there is safe"
        )
        if way is None:
            sentence += "; only the VPC firewall still keeps pods from the internet."
        else:
            sentence += ", and the VPC firewall lets nodes out."
        yield leak(
            "weakened" if way is None else "open", subject, sentence, (step, *(way or ())), fix_of(holding),
            holding.res.address, holding.attribute,
        )  # fmt: skip
    if clean:
        yield from _role_controls(world)
    yield from backstops(world)


def _role_controls(world: World) -> Iterator[Control]:
    for obj in objects(world, "Role", "ClusterRole"):
        yield Control(obj.address, obj.where("rules"))


@channel("K8S-22")
def the_api_server_fetches_for_nobody(world: World) -> Iterator[Evidence]:
    """No proxy verbs on services and nodes, no aggregated API servers, no endpoints in tenants' hands beside them."""
    proxies = list(holders(world, *(power.name for power in PROXY)))
    clean = True
    for holding, held in proxies:
        platform = holding.subject.kind in ("agent", "account", "pods") and not holding.subject.teams
        if platform or holding.whole or holding.unknown:
            continue
        clean = False
        yield _fetching(world, holding, held)
    for obj in objects(world, "APIService"):
        service = obj.body.get("spec.service.name")
        if service is None:
            continue
        clean = False
        yield leak(
            "weakened", obj.subject,
            f"APIService {obj.subject} makes the API server fetch from service {service} and hand the answer to its callers; "
            "only that the service is inside keeps it from being a way out.",
            fix=f"remove {obj.address}", address=obj.address, attribute=obj.where("spec.service"),
        )  # fmt: skip
    if clean:
        yield from _role_controls(world)


def _fetching(world: World, holding: Holding, held: tuple[str, ...]) -> Leak:
    who, subject = holding.subject, subject_of(holding)
    way = next((steps for _, steps in ways_in(world, who)), None)
    what = listed([POWERS[name].does for name in held])
    if who.kind == "unknown":
        sentence = (
            f"{who.says} may {what} {holding.where} by {holding.role}, as far as can be told: {who.why}."
        )
        return leak("undecided", subject, sentence, address=holding.res.address, attribute=holding.attribute)
    chosen = _writes_endpoints(world, holding)
    sentence = f"{who.says} may {what} {holding.where} by {holding.role}{chosen}: the API server fetches for it and returns the body"
    step = Step(
        f"pods and nodes {holding.where}",
        who.says,
        f"{holding.role} lets it {what}",
        holding.res.address,
        holding.attribute,
    )
    if way is None:
        sentence += "; only that the API server cannot be reached from outside keeps the bytes in."
        return leak(
            "weakened", subject, sentence, (), fix_of(holding), holding.res.address, holding.attribute
        )
    return leak(
        "open", subject, sentence + ", to wherever the caller is.", (*way, step), fix_of(holding), holding.res.address,
        holding.attribute,
    )  # fmt: skip


def _writes_endpoints(world: World, holding: Holding) -> str:
    writes = any(
        other.subject == holding.subject and ENDPOINTS.name in other.powers for other in holdings(world)
    )
    return " and choose the endpoints it goes to" if writes else ""
