"""Everything that runs pods, with the pod it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import Object, kinds, objects
from policies.facts.resource import Block
from policies.facts.world import World, fact

# Where each kind keeps its pod: (metadata, spec).
_TEMPLATES = {
    "Pod": ("metadata", "spec"),
    "Deployment": ("spec.template.metadata", "spec.template.spec"),
    "ReplicaSet": ("spec.template.metadata", "spec.template.spec"),
    "StatefulSet": ("spec.template.metadata", "spec.template.spec"),
    "DaemonSet": ("spec.template.metadata", "spec.template.spec"),
    "ReplicationController": ("spec.template.metadata", "spec.template.spec"),
    "Job": ("spec.template.metadata", "spec.template.spec"),
    "CronJob": ("spec.jobTemplate.spec.template.metadata", "spec.jobTemplate.spec.template.spec"),
    "PodTemplate": ("template.metadata", "template.spec"),
}

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """An object that runs pods of one shape. ``spec`` is the PodSpec in the API's words."""

    obj: Object
    labels: Mapping[str, Any] | Unknown
    annotations: Mapping[str, Any] | Unknown
    spec: Block

    @property
    def namespace(self) -> str | Unknown:
        found = self.obj.namespace
        return "default" if found is None else found

    @property
    def subject(self) -> str:
        return self.obj.subject

    @property
    def address(self) -> str:
        return self.obj.address

    def at(self, block: Block, name: str = "") -> str:
        """An argument of a block of the pod, in the words of the resource."""
        return self.obj.where(block.at(name) if name else block.path)

    def containers(self) -> Iterator[Block]:
        """Containers, init and ephemeral containers."""
        for kind in CONTAINERS:
            yield from self.spec.blocks(kind)

    def __str__(self) -> str:
        return str(self.obj)


@fact
def workloads(world: World) -> tuple[Workload, ...]:
    """Every workload, pods inside custom resources included."""
    found: list[Workload] = []
    for kind in kinds(world):
        for obj in objects(world, kind):
            if kind in _TEMPLATES:
                found += _workload(obj, *_TEMPLATES[kind])
            elif obj.place and "." in obj.group:
                found += _embedded(obj, obj.body)
    return tuple(found)


def _workload(obj: Object, metadata: str, spec: str) -> Iterator[Workload]:
    labels, notes = obj.body.get(f"{metadata}.labels"), obj.body.get(f"{metadata}.annotations")
    for block in obj.body.blocks(spec):
        yield Workload(obj, _map(labels), _map(notes), block)


def _map(value: Any) -> Mapping[str, Any] | Unknown:
    return value if isinstance(value, Mapping | Unknown) else {}


def _embedded(obj: Object, block: Block) -> Iterator[Workload]:
    """Pods of a custom resource: any block with a list of containers that have images."""
    if any(container.get("image") is not None for container in block.blocks("containers")):
        yield Workload(obj, {}, {}, block)
        return
    for name, value in block.values.items():
        if isinstance(value, Mapping | list | tuple) and name != "metadata":
            for inner in block.blocks(name):
                yield from _embedded(obj, inner)
