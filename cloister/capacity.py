"""What the pools of platform.yaml can have at most, as far as their machine types say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cloister.declarations import Platform, Team

# Compute Engine's predefined and custom machine types carry their vCPUs in the name; A2, A3 and shared-core ones do not.
_CPUS = re.compile(r"[a-z][a-z0-9]*-(?:standard|highmem|highcpu|custom)-([0-9]+)(?:-[a-z0-9-]+)?")


@dataclass(frozen=True)
class Capacity:
    """The most that all nodes of all pools can have. `cpus` is None where a machine type does not tell."""

    cpus: int | None
    gpus: dict[str, int]


def capacity(platform: Platform) -> Capacity:
    """The platform's capacity with every pool at its largest."""
    each = [_cpus(pool.machine) for pool in platform.pools]
    cpus = [count * pool.max for count, pool in zip(each, platform.pools, strict=True) if count is not None]
    gpus: dict[str, int] = {}
    for pool in platform.pools:
        for kind, count in pool.gpus.items():
            gpus[kind] = gpus.get(kind, 0) + count * pool.max
    return Capacity(sum(cpus) if None not in each else None, gpus)


def beyond(team: Team, platform: Platform) -> Iterator[str]:
    """What the team's quota allows and no node will ever give: jobs that ask for it would wait for ever."""
    have = capacity(platform)
    if have.cpus is not None and team.quota.cpu > have.cpus:
        yield f"quota.cpu is {team.quota.cpu}, and all pools of platform.yaml together have at most {have.cpus}"
    for kind, count in team.quota.gpus.items():
        if count > have.gpus.get(kind, 0):
            yield (
                f"quota.gpus.{kind} is {count}, and all pools of platform.yaml together have at most"
                f" {have.gpus.get(kind, 0)}"
            )


def _cpus(machine: str) -> int | None:
    found = _CPUS.fullmatch(machine)
    return int(found[1]) if found else None
