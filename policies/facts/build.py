"""Snapshot and declarations to a world."""

from __future__ import annotations

from cloister.declarations import Boundary, Declarations
from policies.expressions.resolve import Evaluation
from policies.facts.resource import Res
from policies.facts.world import World
from policies.snapshot.model import Snapshot


def build_world(snapshot: Snapshot, boundary: Boundary, declared: Declarations | None) -> World:
    """Resolve every expression of the snapshot and lay the resources out by type and address."""
    evaluation = Evaluation(snapshot, boundary.project, boundary.project_number or "")
    resources = [
        Res(
            item.values,
            "",
            item.resource.address,
            item.resource.stack,
            item.resource.type,
            item.resource.name,
            item.resource.mode,
            item.resource.meta,
            item.project,
            item.provider,
        )
        for item in evaluation.resources()
    ]
    return World(snapshot, resources, boundary, evaluation, declared)
