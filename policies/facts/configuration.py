"""What a stack's configuration says beside its resources: providers, backend, modules, outputs, with their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.naming import find
from policies.facts.places import project_of
from policies.facts.resource import Block
from policies.facts.world import World, fact


@dataclass(frozen=True, slots=True)
class Part(Block):
    """One block of the configuration that is no resource. ``name`` is what it is called there (``google.east``);
    ``address`` is ``<stack>/provider.google.east``."""

    stack: str = ""
    name: str = ""
    address: str = ""

    @property
    def provider(self) -> str:
        """The local name of a provider, without its alias."""
        return self.name.partition(".")[0]


@fact
def providers(world: World) -> tuple[Part, ...]:
    """Every provider configuration."""
    return tuple(
        Part(arguments, "", stack.name, name, f"{stack.name}/provider.{name}")
        for stack in world.snapshot.stacks
        for name, arguments in world.evaluation.providers(stack.name).items()
    )


@fact
def modules(world: World) -> tuple[Part, ...]:
    """Every module call of every root module."""
    return tuple(
        Part(arguments, "", stack.name, name, f"{stack.name}/module.{name}")
        for stack in world.snapshot.stacks
        for name, arguments in world.evaluation.modules(stack.name).items()
    )


@dataclass(frozen=True, slots=True)
class State:
    """Where a state lies: a stack's own (``mine``), or another's that it reads. ``kind`` is the backend's type, empty
    where the stack is a plan, which does not say; ``local`` where there is no backend."""

    kind: str
    arguments: Block
    address: str
    attribute: str
    mine: bool

    @property
    def bucket(self) -> Any:
        """The bucket the backend names."""
        return self.arguments.get("bucket")


@fact
def states(world: World) -> tuple[State, ...]:
    """Every backend, and every remote state that is read."""
    return tuple(_states(world))


def _states(world: World) -> Iterator[State]:
    for stack in world.snapshot.stacks:
        backend = world.evaluation.backend(stack.name)
        if backend is not None:
            kind, arguments = backend
            yield State(kind, Block(arguments, ""), f"{stack.name}/terraform.backend.{kind}", "bucket", True)
        else:
            yield State(
                "local" if stack.backend_known else "",
                Block({}, ""),
                f"{stack.name}/terraform",
                "backend",
                True,
            )
    for res in world.of("data.terraform_remote_state"):
        kind, config = res.get("backend"), res.get("config")
        read: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
        if isinstance(config, Unknown) or not isinstance(kind, str):
            read = {"bucket": Unknown("the remote state's place is not known")}
        name = kind if isinstance(kind, str) else "unknown"
        yield State(name, Block(read, ""), res.address, "config.bucket", False)


@fact
def state_bucket(world: World) -> str | None:
    """The bucket that counts as the project's, though no stack creates it: what platform.yaml declares, else of those
    that are called after the project the one most states name."""
    if world.declared is not None:
        return world.declared.platform.state_bucket
    named = Counter(s.bucket for s in states(world) if s.kind == "gcs" and isinstance(s.bucket, str))
    return next((name for name, _ in named.most_common() if is_state_name(world, name)), None)


def is_state_name(world: World, name: str) -> bool:
    """Whether a bucket may hold state: it is declared, called after the project, or created by the snapshot."""
    declared = world.declared is not None and world.declared.platform.state_bucket == name
    created = find(world, "google_storage_bucket", name) is not None
    return declared or created or name.startswith(f"{world.project}-")


def foreign_project(world: World, name: Any) -> str | None:
    """The project a full name, self link or address lies in, when it is not the boundary's."""
    project = project_of(name) if isinstance(name, str) else None
    return project if project is not None and not world.owns_project(project) else None
