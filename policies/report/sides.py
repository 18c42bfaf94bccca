"""What is compared: the sides of a change, a channel whose answer differs, a resource that does."""

from __future__ import annotations

from dataclasses import dataclass

from policies.facts.resource import Res
from policies.facts.world import World
from policies.report.model import Report


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: a world and its report."""

    report: Report
    world: World


@dataclass(frozen=True, slots=True)
class Change:
    """A channel whose answer differs. ``before`` or ``after`` is None where only one side judges it."""

    channel: str
    title: str
    before: str | None
    after: str | None


def differs(old: Res, new: Res) -> bool:
    """Whether a resource is not what it was."""
    return (old.values, old.meta, old.provider) != (new.values, new.meta, new.provider)
