"""The one way through all layers: paths and a boundary in, a report out."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

from cloister.declarations import load_beside, load_boundary
from policies.channels.evidence import Assumed, Evidence, Leak
from policies.channels.registry import Channel, all_channels
from policies.channels.srv.unseen import UNMODELLED, unseen
from policies.facts.build import build_world
from policies.facts.world import World
from policies.report.cited import cited
from policies.report.grade import grade
from policies.report.model import Detail, Report
from policies.report.teams import sheets
from policies.snapshot import load
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide

_ORGANIZATION_POLICIES = frozenset(
    {"google_org_policy_policy", "google_iam_deny_policy", "google_iam_principal_access_boundary_policy"}
)

Tell = Callable[[int, int], None]
Judge = Callable[[str, Channel, World], Sequence[Evidence]]


def _nobody(_done: int, _of: int) -> None:
    """Nobody is told."""


def check_paths(paths: Sequence[Path], boundary: Path, tell: Tell = _nobody) -> Report:
    """Prove the boundary over the stacks at ``paths``. ``tell`` gets how many of how many channels are judged.

    Raises ``policies.snapshot.InputError`` for inputs and ``cloister.declarations.DeclarationErrors`` for a
    boundary that cannot be read.
    """
    return check_world(world_of(paths, boundary), today(), tell)


def world_of(paths: Sequence[Path], boundary: Path) -> World:
    """The world of the stacks at ``paths``, as ``check_paths`` sees it. Raises the same errors."""
    return build_world(load(paths), load_boundary(boundary, expired_ok=True), load_beside(boundary))


def judged(_identifier: str, channel: Channel, world: World) -> list[Evidence]:
    """The evidence of one channel. What it did not foresee is no pass: an error in it is an undecided."""
    try:
        return list(channel(world))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        sentence = f"This channel could not be judged, which is an error of the proof itself: {what}."
        return [
            Leak("undecided", world.project, sentence, fix="report the error with the input that shows it")
        ]


def check_world(world: World, day: date, tell: Tell = _nobody, judge: Judge = judged) -> Report:
    """Every built channel's verdict over a world, in the catalogue's order. ``judge`` gives the evidence of a channel
    by its identifier: the channel's own, unless a caller knows more than the world does."""
    built = all_channels()
    evidence: dict[str, Sequence[Evidence]] = {}
    for number, identifier in enumerate(catalogue(), start=1):
        tell(number, len(catalogue()))
        if identifier in built:
            evidence[identifier] = judge(identifier, built[identifier], world)
    # Last, since it asks what all the others have seen.
    said = list(chain.from_iterable(evidence.values()))
    left = judged(UNMODELLED, lambda seen: unseen(seen, said), world)
    evidence[UNMODELLED] = [*evidence.get(UNMODELLED, ()), *left]
    verdicts = [
        decide(entry, evidence[identifier], world.boundary, day)
        for identifier, entry in catalogue().items()
        if identifier in evidence
    ]
    missing = tuple(identifier for identifier in catalogue() if identifier not in built)
    failing = any(verdict.findings for verdict in verdicts)
    return Report(
        world.boundary.assurance,
        grade(
            failing, world.boundary.assurance, any(type_ in _ORGANIZATION_POLICIES for type_ in world.types)
        ),
        tuple(world.snapshot.inputs),
        tuple(verdicts),
        tuple(_trusted(world)),
        missing,
        lambda: Detail(cited(world, tuple(verdicts)), sheets(world, tuple(verdicts))),
    )


def _trusted(world: World) -> Iterator[Assumed]:
    """What the boundary takes as given: principals and channels with their owners, images with security's name."""
    trusted = world.boundary.trusted
    for principal in trusted.principals:
        yield Assumed(principal.why, principal.owner, None, principal.member)
    for channel in trusted.channels:
        yield Assumed(channel.why, channel.owner, None, channel.email)
    for prefix in trusted.images:
        yield Assumed("images of this prefix may run", "security", None, prefix)


def today() -> date:
    """The UTC day; ``SOURCE_DATE_EPOCH`` (seconds) fixes it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.date()
