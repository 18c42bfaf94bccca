"""Services: who may call them, how many there are, and that the team's quota holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloister.declarations import names
from cloister.declarations.fields import memory_bytes
from cloister.declarations.mistakes import Mistake
from cloister.declarations.service import total
from cloister.declarations.tree import Rule, Tree

# Namespaces of the cluster itself, and of the platform's own pods: nobody there is a caller.
_SYSTEM = re.compile(rf"default|kube-.*|gke-.*|gmp-.*|istio-.*|{names.PLATFORM_NAMESPACE}")


def callers(tree: Tree) -> Iterator[Mistake]:
    """A caller is an application's namespace: not the cluster's own, and no team's, whose pods hold no token."""
    teams = {names.namespace(team): team for team, _ in tree.named()}
    teams |= {names.serving_namespace(team): team for team, _ in tree.named()}
    teams |= {team: team for team, _ in tree.named()}
    for file in tree.teams:
        for index, service in enumerate(file.part(lambda team: team.services, ())):
            seen: set[str] = set()
            for number, caller in enumerate(service.callers):
                at = ("services", index, "callers", number, "namespace")
                found = caller.namespace
                if found in seen:
                    yield file.wrong(at, found, "it once", "; it stands above already")
                seen.add(found)
                if found in teams:
                    expected = (
                        f"an application's namespace; pods of team {teams[found]} hold no token to call with"
                    )
                    yield file.wrong(at, found, expected)
                elif found.startswith(names.namespace("")):
                    expected = f"an application's namespace; {names.namespace('')} begins those of teams"
                    yield file.wrong(at, found, expected)
                elif _SYSTEM.fullmatch(found):
                    yield file.wrong(at, found, "an application's namespace, not one of the cluster's own")


def replicas(tree: Tree) -> Iterator[Mistake]:
    """A service says how many replicas it has in one way."""
    for file in tree.teams:
        for index, service in enumerate(file.part(lambda team: team.services, ())):
            scaling = service.autoscaling
            if scaling is None:
                continue
            if service.replicas is not None:
                at = ("services", index, "replicas")
                yield file.wrong(at, service.replicas, "replicas or autoscaling, not both")
            if scaling.min > scaling.max:
                key = "min" if "min" in scaling.model_fields_set else "max"
                given, bound = (
                    (scaling.min, f"at most max, {scaling.max}")
                    if key == "min"
                    else (scaling.max, f"at least min, {scaling.min}")
                )
                yield file.wrong(("services", index, "autoscaling", key), given, bound)


def quota(tree: Tree) -> Iterator[Mistake]:
    """All services together, with the pod more that a deploy takes of each, leave the team's jobs something."""
    for file in tree.teams:
        services = file.part(lambda team: team.services, ())
        if not services:
            continue
        cpu, memory, _ = total(services)
        have = file.value.quota
        if cpu >= have.cpu:
            found = (
                f"services that take {cpu} CPUs at most, with a pod more of each while a deploy replaces them"
            )
            message = f"found {found}, expected less than the quota's {have.cpu}"
            yield file.mistake(("services",), message, key=True)
        if memory >= memory_bytes(have.memory):
            found = f"services that take {-(-memory // 2**20)}Mi of memory at most, with a pod more of each while a deploy replaces them"
            message = f"found {found}, expected less than the quota's {have.memory}"
            yield file.mistake(("services",), message, key=True)


RULES: tuple[Rule, ...] = (callers, replicas, quota)
