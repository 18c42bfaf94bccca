"""The images that workloads run, and which registries are the own project's."""

from __future__ import annotations

from dataclasses import dataclass

from policies.expressions.values import Unknown
from policies.facts.kubernetes.workloads import Workload, workloads
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """``own``: it lies in a repository of the project or where boundary.yaml trusts images."""

    workload: Workload
    name: str | Unknown
    attribute: str
    own: bool

    @property
    def registry(self) -> str:
        """The host that is asked for it; Docker Hub where the name has none."""
        if isinstance(self.name, Unknown):
            return "a registry that is not known"
        head = self.name.partition("/")[0]
        return head if "." in head or ":" in head or head == "localhost" else "docker.io"


@fact
def own_prefixes(world: World) -> tuple[str, ...]:
    """What names of own images begin with: the trusted places, and the repositories of the snapshot."""
    found = list(world.boundary.trusted.images)
    for res in world.of("google_artifact_registry_repository"):
        place, name = res.get("location"), res.get("repository_id")
        plain = res.get("mode", "STANDARD_REPOSITORY") == "STANDARD_REPOSITORY"
        if plain and world.owns_project(res.project) and isinstance(place, str) and isinstance(name, str):
            found.append(f"{place}-docker.pkg.dev/{world.project}/{name}/")
    return tuple(dict.fromkeys(found))


def own(world: World, name: str) -> bool:
    """Whether an image's name lies in the own registries. A prefix ends at a slash, so that no project that only
    begins alike passes."""
    return any(
        name.startswith(prefix if prefix.endswith("/") else f"{prefix}/") for prefix in own_prefixes(world)
    )


@fact
def images(world: World) -> tuple[Image, ...]:
    """Every image of every container, and of image volumes."""
    found: list[Image] = []
    for workload in workloads(world):
        named = [(block, "image") for block in workload.containers()]
        named += [
            (block, "image.reference") for block in workload.spec.blocks("volumes") if block.get("image")
        ]
        for block, path in named:
            value = block.get(path)
            if value is None:
                continue
            name = value if isinstance(value, Unknown) else str(value)
            mine = isinstance(name, str) and own(world, name)
            found.append(Image(workload, name, workload.at(block, path), mine))
    return tuple(found)
