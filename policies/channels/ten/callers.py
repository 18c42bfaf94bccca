"""Who reaches the pods in which a team's models serve: the namespaces that the team's file names, and no other."""

from __future__ import annotations

from collections.abc import Iterator

from cloister.declarations.service import Caller, Service
from policies.channels.evidence import Assumed, Evidence, Leak, Step
from policies.channels.k8s.wording import begin, leak
from policies.expressions.values import Unknown
from policies.facts.kubernetes.namespaces import NAME, Namespace, namespaces, serves
from policies.facts.kubernetes.network_policies import Peer, Policy, policies_of
from policies.facts.kubernetes.selectors import Selector
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.world import World

_APP = "app.kubernetes.io/name"
_CALLERS = "CLOISTER_CALLERS"


def callers(world: World) -> Iterator[Evidence]:
    """Each ingress rule of a serving namespace: assumed for a declared caller, a finding for everybody else."""
    for space in namespaces(world).values():
        if space.team is None or not serves(space):
            continue
        declared = world.declared.teams.get(space.team) if world.declared is not None else None
        services = declared.services if declared is not None else ()
        for policy, pods in policies_of(world, space):
            reached = [service for service in services if pods.may_match({_APP: service.name})]
            for rule in policy.ingress:
                if rule.peers is None:
                    yield _open(policy, space, "pods of every namespace", rule.path)
                for peer in rule.peers or ():
                    yield from _peer(policy, space, peer, reached)
        for workload in workloads(world):
            if workload.namespace == space.name:
                yield from _told(workload, services)


def _peer(policy: Policy, space: Namespace, peer: Peer, reached: list[Service]) -> Iterator[Evidence]:
    unknown = peer.unknown or (peer.namespaces.unknown if peer.namespaces is not None else None)
    if unknown is not None:
        obj = policy.obj
        sentence = f"Whom {obj} lets call is not known: {unknown.reason}"
        yield leak("undecided", obj.subject, sentence, address=obj.address, attribute=obj.where(peer.path))
        return
    if peer.addresses or peer.names:
        yield _open(policy, space, f"addresses {peer.addresses}, which may be another cluster's", peer.path)
        return
    if peer.namespaces is None:
        return  # the namespace's own pods, which are servers and call nobody
    named = _named(peer.namespaces)
    if named is None:
        whom = f"namespaces selected by {peer.namespaces}"
        yield _open(policy, space, f"{whom}, which is not one namespace by its name", peer.path)
    for name in sorted(named or ()):
        found = [(service, _declared(service, name)) for service in reached]
        if not found or any(caller is None for _, caller in found):
            yield _open(
                policy, space, f"namespace {name}, which the team's file does not name as a caller", peer.path
            )
        for service, caller in found:
            if caller is not None:
                text = f"namespace {name} may call service {service.name} of team {space.team}: {caller.why}"
                yield Assumed(text, caller.owner, caller.until, policy.obj.subject)


def _named(wanted: Selector) -> frozenset[str] | None:
    """The namespaces a selector names by the label the API server sets; None where it goes by others."""
    found = [part.values for part in wanted.requirements if part.key == NAME and part.operator == "In"]
    return min(found, key=len) if found else None


def _declared(service: Service, name: str) -> Caller | None:
    return next((caller for caller in service.callers if caller.namespace == name), None)


def _open(policy: Policy, space: Namespace, whom: str, path: str) -> Leak:
    obj = policy.obj
    attribute = obj.where(path)
    sentence = f"{begin(obj)} lets {whom} ask the models of team {space.team}, whose answers hold what they were trained on"
    step = Step(f"a model of team {space.team}", whom, "no policy stops the call", obj.address, attribute)
    fix = f"name the caller in the team's file, with why, owner and until, or remove {attribute} of {obj.address}"
    return leak("open", obj.subject, sentence, (step,), fix, obj.address, attribute)


def _told(workload: Workload, services: tuple[Service, ...]) -> Iterator[Evidence]:
    """The server's own list, which holds where a network policy fails."""
    for container in workload.containers():
        for variable in container.blocks("env"):
            if variable.get("name") != _CALLERS:
                continue
            value, attribute = variable.get("value", ""), workload.at(variable, "value")
            if isinstance(value, Unknown):
                sentence = f"Whom {workload} answers is not known: {value.reason}"
                yield leak(
                    "undecided", workload.subject, sentence, address=workload.address, attribute=attribute
                )
                continue
            own = [service for service in services if service.name == workload.obj.name]
            allowed = {caller.namespace for service in own for caller in service.callers}
            more = sorted(set(filter(None, str(value).split(","))) - allowed)
            if more:
                sentence = f"{begin(workload)} answers {', '.join(more)}, which the team's file does not name as a caller; only the network policies keep the calls out"
                fix = f"remove it from {attribute} of {workload.address}"
                yield leak("weakened", workload.subject, sentence, (), fix, workload.address, attribute)
