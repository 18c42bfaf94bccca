"""`services` of a team file: promoted models that serve inside."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cloister.declarations.fields import (
    Day,
    Declared,
    Listed,
    Memory,
    Said,
    Shape,
    Whole,
    memory_bytes,
    wrong,
)

_LABEL = r"[a-z](?:[a-z0-9-]{0,36}[a-z0-9])?"
ServiceName = Annotated[
    str, Shape(_LABEL, "a service name of a-z, 0-9 and -, from a letter, at most 38 long")
]
ModelName = Annotated[str, Shape(_LABEL, "a model's name of a-z, 0-9 and -, from a letter, at most 38 long")]
NamespaceName = Annotated[
    str,
    Shape(
        r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", "a namespace of the cluster, of a-z, 0-9 and -, from a letter"
    ),
]
Replicas = Annotated[int, Whole(1, 100, "replicas")]
# What the container that lays versions out asks for beside the server.
PULL_MILLICPU = 250
PULL_MEMORY = 512 << 20  # bytes
USUAL_REPLICAS = 2


def _cores(value: float) -> float:
    if not 0.1 <= value <= 128:
        raise wrong(value, "cores from 0.1 to 128")
    return value


class Caller(Declared):
    """A namespace whose pods may call until `until` has passed; what the service answers them leaves the team."""

    namespace: NamespaceName
    why: Said
    owner: Said
    until: Day


class Autoscaling(Declared):
    """Between `min` and `max` replicas, so that they use `cpu` percent of what they ask for."""

    min: Replicas = USUAL_REPLICAS
    max: Replicas
    cpu: Annotated[int, Whole(10, 95, "percent")] = 70


class ServiceResources(Declared):
    """What one replica asks for. While one version takes over from another, both run in it."""

    cpu: Annotated[float, AfterValidator(_cores)] = 1
    memory: Memory = "2Gi"


class Service(Declared):
    """One model, served. Without `callers` nobody calls it."""

    name: ServiceName
    model: ModelName
    stage: Literal["staging", "production"] = "production"
    replicas: Replicas | None = None  # two, where neither it nor autoscaling is given
    autoscaling: Autoscaling | None = None
    resources: ServiceResources = Field(default_factory=ServiceResources)
    callers: Listed[Caller] = ()

    @property
    def least(self) -> int:
        """How many replicas there are at least."""
        return self.autoscaling.min if self.autoscaling else self.replicas or USUAL_REPLICAS

    @property
    def most(self) -> int:
        """How many pods there are at most: one more than replicas, while a deploy replaces them."""
        return (self.autoscaling.max if self.autoscaling else self.least) + 1


def total(services: tuple[Service, ...]) -> tuple[int, int, int]:
    """What all of them take at most together: CPUs, bytes of memory, and pods."""
    millicpu = sum(each.most * (ceil(each.resources.cpu * 1000) + PULL_MILLICPU) for each in services)
    memory = sum(each.most * (memory_bytes(each.resources.memory) + PULL_MEMORY) for each in services)
    return ceil(millicpu / 1000), memory, sum(each.most for each in services)
