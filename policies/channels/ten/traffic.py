"""Traffic between teams inside the cluster (TEN-07)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.k8s.wording import begin, leak
from policies.channels.registry import channel
from policies.channels.ten.callers import callers
from policies.expressions.values import Unknown
from policies.facts.kubernetes.clusters import clusters
from policies.facts.kubernetes.namespaces import NAME, Namespace, namespaces
from policies.facts.kubernetes.network_policies import Peer, Policy, free_pod, policies_of
from policies.facts.kubernetes.objects import objects
from policies.facts.kubernetes.powers import RELABEL
from policies.facts.kubernetes.rbac import holders
from policies.facts.kubernetes.selectors import Selector
from policies.facts.kubernetes.tenancy import runs_pods
from policies.facts.ownership import all_teams
from policies.facts.world import World, fact


@channel("TEN-07")
def teams_do_not_reach_each_others_pods(world: World) -> Iterator[Evidence]:
    """Every namespace denies by default both ways, no rule names another team's namespace, and models answer declared
    callers only."""
    yield from callers(world)
    spaces = [space for space in namespaces(world).values() if space.team is not None]
    if len({space.team for space in spaces}) < 2 and len(all_teams(world)) < 2:
        return
    yield from _enforced(world)
    senders = [space for space in spaces if _sends(world, space)]
    for space in spaces:
        yield from _ingress(world, space, senders)
        yield from _rules(world, space)
    for obj in objects(world, "Service"):
        if obj.body.get("spec.type") == "NodePort":
            sentence = f"{begin(obj)} answers on every node, to pods of every team; only their own default deny keeps them from it"
            yield leak(
                "weakened",
                obj.subject,
                sentence,
                (),
                "use type ClusterIP",
                obj.address,
                obj.where("spec.type"),
            )


def _enforced(world: World) -> Iterator[Evidence]:
    for cluster in clusters(world):
        enforced, res = cluster.enforces_policies, cluster.res
        if enforced is False:
            step = Step(
                "a pod of any team",
                "pods of other teams",
                f"cluster {cluster.subject} enforces no network policy",
                res.address,
                "datapath_provider",
            )
            sentence = f"Cluster {cluster.subject} enforces no network policy, so that pods of every team reach those of all others"
            yield leak(
                "open",
                cluster.subject,
                sentence,
                (step,),
                "set datapath_provider = ADVANCED_DATAPATH",
                res.address,
                "datapath_provider",
            )
        elif isinstance(enforced, Unknown):
            yield leak(
                "undecided",
                cluster.subject,
                f"Whether cluster {cluster.subject} keeps teams' pods apart is not known: {enforced.reason}",
                address=res.address,
                attribute="datapath_provider",
            )
        visible = cluster.on("enable_intranode_visibility")
        if isinstance(visible, Unknown):
            sentence = f"Whether traffic between pods of one node of cluster {cluster.subject} passes the VPC is not known: {visible.reason}"
            yield leak(
                "undecided",
                cluster.subject,
                sentence,
                address=res.address,
                attribute="enable_intranode_visibility",
            )
        elif not visible and not cluster.autopilot:
            sentence = f"Traffic between pods of one node of cluster {cluster.subject} never passes the VPC; only network policies keep teams apart there, and no flow log shows it"
            yield leak(
                "weakened",
                cluster.subject,
                sentence,
                (),
                "set enable_intranode_visibility = true",
                res.address,
                "enable_intranode_visibility",
            )


def _sends(world: World, space: Namespace) -> bool:
    """Whether some pod of the namespace may send to pods of other teams: it is not isolated, or a rule lets it."""
    if free_pod(world, space, "egress") is not None:
        return True
    return any(
        rule.peers is None or any(_foreign(world, peer, space) is not None for peer in rule.peers)
        for policy, _ in policies_of(world, space)
        for rule in policy.egress
    )


def _ingress(world: World, space: Namespace, senders: list[Namespace]) -> Iterator[Evidence]:
    """A namespace that does not deny ingress by default."""
    labels = free_pod(world, space, "ingress")
    if labels is None:
        yield from (
            Control(policy.obj.address, policy.obj.where("spec.policyTypes"))
            for policy, _ in policies_of(world, space)
            if policy.isolates_ingress
        )
        return
    if not runs_pods(world, space):
        return
    address, attribute = (
        (space.obj.address, space.obj.where("metadata.name"))
        if space.obj is not None
        else (space.address, space.attribute)
    )
    sender = next((other for other in senders if other.team != space.team), None)
    pod = (
        "pods" if not labels else "pods labelled " + ", ".join(f"{k}={v}" for k, v in sorted(labels.items()))
    )
    sentence = f"No network policy with Ingress isolates {pod} of namespace {space.name}, so that they take connections from every namespace"
    fix = f"add a network policy with an empty pod selector and policy_types [Ingress, Egress] to namespace {space.name}"
    if sender is None:
        yield leak(
            "weakened",
            space.name,
            f"{sentence}; only that other teams' pods may not send to them keeps them apart",
            (),
            fix,
            address,
            attribute,
        )
    else:
        step = Step(
            f"a pod of namespace {sender.name}",
            f"pods of namespace {space.name}",
            "no network policy stops it at either end",
            address,
            attribute,
        )
        yield leak(
            "open",
            space.name,
            f"{sentence}, and pods of namespace {sender.name} may send to them",
            (step,),
            fix,
            address,
            attribute,
        )


def _rules(world: World, space: Namespace) -> Iterator[Evidence]:
    """Rules that name another team's pods, in either direction."""
    for policy, _ in policies_of(world, space):
        for rule in policy.ingress:
            if rule.peers is None and policy.isolates_ingress:
                yield _rule(world, policy, space, None, rule.path, True)
            for peer in rule.peers or ():
                other = _foreign(world, peer, space)
                if other is not None:
                    yield _rule(world, policy, space, other, peer.path, True)
        for rule in policy.egress:
            for peer in rule.peers or ():
                other = _foreign(world, peer, space)
                if other is not None:
                    yield _rule(world, policy, space, other, peer.path, False)


def _rule(
    world: World, policy: Policy, space: Namespace, other: Namespace | None, path: str, inward: bool
) -> Leak:
    obj = policy.obj
    attribute = obj.where(path)
    whom = f"namespace {other.name} (team {other.team})" if other is not None else "every namespace"
    does = f"take connections from pods of {whom}" if inward else f"send to pods of {whom}"
    sentence = f"{begin(obj)} lets pods {does}"
    fix = f"select by {NAME} at {attribute} of {obj.address}"
    both = _other_end(world, space, other, inward)
    if not both:
        end = "that they may not send" if inward else "that these take no connections"
        return leak(
            "weakened",
            obj.subject,
            f"{sentence}; only {end} keeps the teams apart",
            (),
            fix,
            obj.address,
            attribute,
        )
    source, target = (whom, f"namespace {space.name}") if inward else (f"namespace {space.name}", whom)
    step = Step(
        f"a pod of {source}", f"pods of {target}", "policies at both ends let it", obj.address, attribute
    )
    return leak(
        "open",
        obj.subject,
        f"{sentence}, and the policies of the other end agree",
        (step,),
        fix,
        obj.address,
        attribute,
    )


def _other_end(world: World, space: Namespace, other: Namespace | None, inward: bool) -> bool:
    """Whether the other end lets the connection pass too. Ports and pods' labels are taken the worse way."""
    ends = (
        [other]
        if other is not None
        else [s for s in namespaces(world).values() if s.team not in (None, space.team)]
    )
    return any(_lets(world, end, space, egress=inward) for end in ends[:200])


def _lets(world: World, end: Namespace, space: Namespace, egress: bool) -> bool:
    if free_pod(world, end, "egress" if egress else "ingress") is not None:
        return True
    for policy, _ in policies_of(world, end):
        for rule in policy.egress if egress else policy.ingress:
            if rule.peers is None or any(_may_name(peer, space, end) for peer in rule.peers):
                return True
    return False


def _may_name(peer: Peer, space: Namespace, home: Namespace) -> bool:
    if peer.unknown is not None:
        return True
    if peer.addresses or peer.names:
        return False
    if peer.namespaces is None:
        return space.name == home.name
    return peer.namespaces.may_match(space.labels)


def _foreign(world: World, peer: Peer, space: Namespace) -> Namespace | None:
    """A namespace of another team that a peer names, None where it names none."""
    if peer.unknown is not None or peer.namespaces is None or peer.addresses or peer.names:
        return None
    found = next(
        (
            other
            for other in _candidates(world, peer.namespaces, space)
            if other.team not in (None, space.team)
        ),
        None,
    )
    if found is None and _by_own_label(world, peer.namespaces):
        return next(
            (other for other in namespaces(world).values() if other.team not in (None, space.team)), None
        )
    return found


def _candidates(world: World, wanted: Selector, space: Namespace) -> Iterator[Namespace]:
    """Namespaces that a selector may select; through the index of labels where it names a value."""
    index = _by_label(world)
    pools = [
        [other for value in part.values for other in index.get((part.key, value), ())]
        for part in wanted.requirements
        if part.operator == "In"
    ]
    narrowest = min(pools, key=len, default=None)
    for other in namespaces(world).values() if narrowest is None else narrowest:
        if other.name != space.name and wanted.may_match(other.labels):
            yield other


@fact
def _by_label(world: World) -> dict[tuple[str, str], list[Namespace]]:
    found: dict[tuple[str, str], list[Namespace]] = {}
    for space in namespaces(world).values():
        for key, value in space.labels.items():
            if isinstance(value, str):
                found.setdefault((key, value), []).append(space)
    return found


def _by_own_label(world: World, wanted: Selector) -> bool:
    """Whether a selector goes by labels that a tenant may give its namespace."""
    if any(part.key == NAME for part in wanted.requirements):
        return False
    return bool(wanted.requirements) and _relabel(world)


@fact
def _relabel(world: World) -> bool:
    return any(holding.subject.teams and not holding.basic for holding, _ in holders(world, RELABEL.name))
