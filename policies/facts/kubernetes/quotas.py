"""Resource quotas of namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.facts.kubernetes.objects import Object, objects
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True, eq=False)
class Quota:
    """``hard``: the limits; ``scoped``: it holds for some pods only."""

    obj: Object
    hard: Mapping[str, Any]
    scoped: bool

    def zero(self, name: str) -> bool:
        """Whether it allows none of a countable thing, whoever asks."""
        return not self.scoped and str(self.hard.get(name)) == "0"


@fact
def quotas(world: World) -> tuple[Quota, ...]:
    """Every quota."""
    found: list[Quota] = []
    for obj in objects(world, "ResourceQuota"):
        hard = obj.body.get("spec.hard", {})
        scoped = bool(obj.body.blocks("spec.scopeSelector")) or obj.body.get("spec.scopes") is not None
        found.append(Quota(obj, hard if isinstance(hard, Mapping) else {}, scoped))
    return tuple(found)


@fact
def _by_namespace(world: World) -> dict[Any, list[Quota]]:
    found: dict[Any, list[Quota]] = {}
    for quota in quotas(world):
        found.setdefault(quota.obj.namespace, []).append(quota)
    return found


def forbids(world: World, namespace: str, name: str) -> bool:
    """Whether a quota of a namespace allows none of a thing (``services.loadbalancers``)."""
    return any(quota.zero(name) for quota in _by_namespace(world).get(namespace, ()))
