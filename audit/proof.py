"""The proof over what was read: the same facts and channels as over a tree, and beside them what was not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.drift import Drift, laid_out
from audit.gaps import Gaps
from audit.gather import gather
from audit.model import LIVE, Reading, Seen
from cloister.declarations import load_beside, load_boundary
from policies.channels.evidence import Evidence, Leak
from policies.channels.registry import Channel
from policies.check import Tell, check_world, judged, today, world_of
from policies.facts.asked import Asked
from policies.facts.build import build_world
from policies.facts.world import World
from policies.report.model import Report
from policies.snapshot.model import Input, Snapshot, Stack


@dataclass(frozen=True, slots=True)
class Audit:
    """The answer: the report over the live project, what it was read from, how it differs from the tree, and
    the world it was given over."""

    report: Report
    seen: Seen
    drift: Drift | None
    world: World


def audit(readings: Sequence[Reading], boundary: Path, against: Path | None, tell: Tell) -> Audit:
    """Prove the boundary over what was read. ``against``: the tree that says what each resource is called in the code.

    Raises ``policies.snapshot.InputError`` and ``cloister.declarations.DeclarationErrors``.
    """
    declared_boundary = load_boundary(boundary, expired_ok=True)
    tree = world_of((against,), boundary) if against is not None else None
    seen = gather(readings, declared_boundary.project, declared_boundary.project_number or "")
    empty = Stack(LIVE, "plan", readings[0].source if readings else Input("nothing", ""), backend_known=False)
    declared = load_beside(boundary)
    stacks, drift = laid_out(seen, empty, tree, tuple(declared.teams) if declared else ())
    sources = list(dict.fromkeys(reading.source for reading in readings))
    world = Asked(build_world(Snapshot(stacks, sources), declared_boundary, declared))
    gaps = Gaps(seen, world)

    def judge(identifier: str, channel: Channel, _: World) -> list[Evidence]:
        world.begin()
        # A deployed project has no configuration: what these channels would find in it is nothing.
        found = [] if identifier.startswith("TF-") else judged(identifier, channel, world)
        return [*found, *gaps.of(identifier, world.asked), *_unread(identifier, seen, world)]

    report = check_world(world, today(), tell, judge)
    return Audit(report, seen, drift if tree is not None else None, world)


def _unread(channel: str, seen: Seen, world: World) -> Iterator[Evidence]:
    """What was read and not understood, and where the project was found to hang."""
    if channel == "SRV-06":
        for type_, name in seen.unmodelled:
            yield Leak(
                "undecided", name, f"{name} is there, a {type_}, which no translation knows: what it holds, sends or grants is not known.",
                fix=f"remove it, or model {type_.rsplit(' ', 1)[-1]} in audit/assets/",
            )  # fmt: skip
    elif channel == "TF-06":
        for live in seen.live:
            if live.left:
                fields = ", ".join(live.left)
                yield Leak("undecided", live.seen, f"{live.seen} says more than the proof reads: {fields}.",
                           fix="look at it, and teach audit/assets/ what it means")  # fmt: skip
    elif channel == "PRJ-01":
        yield from _ancestors(seen, world)


def _ancestors(seen: Seen, world: World) -> Iterator[Evidence]:
    organization = world.boundary.organization
    wanted = getattr(organization, "id", None)
    for ancestor in sorted(name for name in seen.ancestors if name.startswith("organizations/")):
        if organization == "none":
            yield Leak(
                "open", ancestor, f"Project {world.project} lies in {ancestor}, while boundary.yaml says that there is no organisation: whoever "
                "administers it, and what its policies allow, holds inside the project.", fix="declare the organisation in boundary.yaml",
            )  # fmt: skip
        elif wanted is not None and ancestor != f"organizations/{wanted}":
            yield Leak(
                "open", ancestor, f"Project {world.project} lies in {ancestor}, while boundary.yaml declares organisation {wanted}.",
                fix="move the project back, or declare the organisation it lies in",
            )  # fmt: skip
