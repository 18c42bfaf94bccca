"""Where tenants run code: in namespaces of teams, where workloads are, and where rights let somebody start pods."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.kubernetes.namespaces import SYSTEM, Namespace, namespace, namespaces
from policies.facts.kubernetes.powers import PODS
from policies.facts.kubernetes.rbac import holders
from policies.facts.kubernetes.workloads import workloads
from policies.facts.world import World, fact


@fact
def _spaces_with_pods(world: World) -> frozenset[str]:
    found = {w.namespace for w in workloads(world) if isinstance(w.namespace, str)}
    found |= {holding.namespace for holding, _ in holders(world, PODS.name) if holding.namespace is not None}
    return frozenset(found)


@fact
def _pods_anywhere(world: World) -> bool:
    """Whether a team or somebody outside may run pods in every namespace."""
    return any(
        holding.namespace is None and (holding.subject.teams or holding.subject.outside)
        for holding, _ in holders(world, PODS.name)
    )


def runs_pods(world: World, space: Namespace) -> bool:
    """Whether pods of somebody run, or may be started, in a namespace."""
    if space.name in SYSTEM:
        return False
    return space.team is not None or space.name in _spaces_with_pods(world) or _pods_anywhere(world)


def tenant_spaces(world: World) -> Iterator[Namespace]:
    """Namespaces where teams run code: their own, and any other where one may start pods."""
    started = {
        holding.namespace
        for holding, _ in holders(world, PODS.name)
        if holding.subject.teams or holding.subject.outside
    }
    for space in namespaces(world).values():
        if space.team is not None or space.name in started or None in started:
            yield space
    for name in sorted(name for name in started - {None} if name and name not in namespaces(world)):
        yield namespace(world, name)
