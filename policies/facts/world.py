"""The world: every resolved resource of every stack, and what the declarations say. Facts are derived from it.

A fact is a function of the world, computed once: ``@fact def grants(world): ...``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from cloister.declarations import Boundary, Declarations
from policies.expressions.resolve import Evaluation
from policies.expressions.values import Unknown
from policies.facts.resource import Res
from policies.snapshot.model import Snapshot

T = TypeVar("T")


@dataclass(slots=True)
class World:
    """``resources``: managed and data, resolved. ``declared``: what platform.yaml and teams/ beside the boundary say,
    None when they are not there. ``evaluation`` evaluates what is no resource: providers, backends, outputs."""

    snapshot: Snapshot
    resources: list[Res]
    boundary: Boundary
    evaluation: Evaluation
    declared: Declarations | None = None
    _by_type: dict[str, list[Res]] = field(default_factory=dict)
    _by_address: dict[str, Res] = field(default_factory=dict)
    _facts: dict[Callable[..., Any], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for res in self.resources:
            key = res.type if res.mode == "managed" else f"data.{res.type}"
            self._by_type.setdefault(key, []).append(res)
            self._by_address[res.address] = res

    def of(self, *types: str) -> list[Res]:
        """All managed resources of the given types, in input order per type (``data.<type>`` for data sources)."""
        return [res for type_ in types for res in self._by_type.get(type_, ())]

    @property
    def types(self) -> Iterable[str]:
        """Every type present (``data.<type>`` for data sources)."""
        return self._by_type.keys()

    def at(self, address: str) -> Res | None:
        """The resource at ``<stack>/<type>.<name>``."""
        return self._by_address.get(address)

    def referred(self, value: Any) -> Res | None:
        """The resource of this world that an unresolved value refers to, when it is that one reference and nothing
        else. What it refers to is then known by identity although its value is not."""
        if not isinstance(value, Unknown) or len(value.refs) != 1 or not value.exact:
            return None
        reference = value.refs[0]
        while "." in reference or "[" in reference:
            found = self._by_address.get(reference)
            if found is not None:
                return found
            reference = reference[: max(reference.rfind("."), reference.rfind("["))]
        return self._by_address.get(reference)

    @property
    def project(self) -> str:
        return self.boundary.project

    def owns_project(self, project: Any) -> bool | None:
        """Whether a project id or number is the boundary's own; None when it cannot be known."""
        if isinstance(project, Unknown):
            target = self.referred(project)
            return None if target is None else self.owns_project(target.project)
        name = str(project).removeprefix("projects/")  # some arguments take either form
        return name in (self.boundary.project, str(self.boundary.project_number))


def fact(function: Callable[[World], T]) -> Callable[[World], T]:
    """Compute a fact of the world once, on first use."""

    @wraps(function)
    def cached(world: World) -> T:
        try:
            return world._facts[function]  # type: ignore[no-any-return]
        except KeyError:
            value = world._facts[function] = function(world)
            return value

    return cached
