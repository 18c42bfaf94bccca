"""Every resource of a snapshot with its arguments evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.context import Context
from policies.expressions.convert import plain
from policies.expressions.instances import ResourceObject
from policies.expressions.scope import Whole
from policies.expressions.values import Unknown
from policies.snapshot.model import Resource, Snapshot

_IN_PROJECT = re.compile(r"(?:.*/)?projects/([^/_][^/]*)/")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A resource and the values of its arguments; ``Unknown`` stands where none could be found. ``project``: the
    project it lives in, by its own argument or its provider's."""

    resource: Resource
    values: Mapping[str, Any]
    provider: str
    project: Any


def resolve(snapshot: Snapshot, project: str, project_number: str = "") -> list[Resolved]:
    """Evaluate every argument of every instance. ``project`` and its number are the boundary's, for the names Google
    computes."""
    return Evaluation(snapshot, project, project_number).resources()


class Evaluation:
    """One snapshot, evaluated on demand."""

    def __init__(self, snapshot: Snapshot, project: str, project_number: str = "") -> None:
        self._stacks = {stack.name: stack for stack in snapshot.stacks}
        self._context = Context(project, project_number)
        self._whole = Whole(snapshot, self._context)

    def resources(self) -> list[Resolved]:
        """Every resource and data source, count and for_each expanded, in input order."""
        return [self._resolved(instance) for instance in self._whole.instances()]

    def disagreements(self) -> list[str]:
        """References (``<stack>/<type>.<name>.<attribute>``) whose planned value is not the configured one, of the
        resources resolved so far."""
        return list(self._whole.disagreements)

    def providers(self, stack: str) -> dict[str, dict[str, Any]]:
        """The arguments of each provider configuration of a stack."""
        return self._arguments(stack, self._stacks[stack].providers)

    def modules(self, stack: str) -> dict[str, dict[str, Any]]:
        """The arguments of each module call of a stack."""
        return self._arguments(stack, self._stacks[stack].modules)

    def backend(self, stack: str) -> tuple[str, dict[str, Any]] | None:
        """The backend of a stack; None when it names none, or is a plan, which does not say."""
        backend = self._stacks[stack].backend
        if backend is None:
            return None
        return backend[0], self._arguments(stack, {"": backend[1]})[""]

    def outputs(self, stack: str) -> dict[str, Any]:
        """The value of each output of a stack."""
        scope = self._whole.scope(stack)
        found: dict[str, Any] = {}
        for name in self._stacks[stack].outputs:
            self._whole.budget.refill()
            found[name] = plain(scope.output(name))
        return found

    def _arguments(self, stack: str, blocks: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        scope = self._whole.scope(stack)
        return {
            name: {key: plain(scope.argument(value)) for key, value in block.items()}
            for name, block in blocks.items()
        }

    def _resolved(self, instance: ResourceObject) -> Resolved:
        self._whole.budget.refill()
        resource = instance.resource
        return Resolved(
            resource, instance.arguments(), resource.provider_key.partition(".")[0], self._project(instance)
        )

    def _project(self, instance: ResourceObject) -> Any:
        if not instance.resource.type.startswith("google_"):
            return self._context.project
        own = instance.configured("project")
        own = instance.provider("project") if own is None else own
        if own is not None:
            return own
        if instance.shape.inner and "project" not in instance.shape.inner:
            return self._project_of_parent(instance)
        return Unknown("neither the resource nor its provider names a project")

    def _project_of_parent(self, instance: ResourceObject) -> Any:
        """A type without a project of its own lies where its parent does; a bare name is read in the own project."""
        for name, shape in instance.shape.inner.items():
            value = instance.configured(name) if not shape.optional else None
            found = _IN_PROJECT.match(value) if isinstance(value, str) else None
            if found:
                return found[1]
        return self._context.project
