"""What a change opens, closes or makes reachable: two reports compared, for the pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.facts.ownership import owner
from policies.facts.reach import reach
from policies.facts.resource import Res
from policies.facts.world import World
from policies.report.model import Report
from policies.verdicts.model import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A channel whose answer differs. ``before`` or ``after`` is None where only one side judges it."""

    channel: str
    title: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """``opened`` and ``closed``: findings only head or only base has; ``channels``: changed statuses;
    ``gained`` and ``lost``: controls as (channel, address, attribute); ``reach_gained`` and ``reach_lost``: who can
    read which data, as sentences; ``blast``: per team ("platform" for what no team owns) the addresses that were
    added, removed or changed."""

    opened: tuple[Finding, ...]
    closed: tuple[Finding, ...]
    channels: tuple[Change, ...]
    gained: tuple[tuple[str, str, str], ...]
    lost: tuple[tuple[str, str, str], ...]
    reach_gained: tuple[str, ...]
    reach_lost: tuple[str, ...]
    blast: dict[str, tuple[str, ...]]

    @property
    def opens(self) -> bool:
        """Whether head has a finding that base has not."""
        return bool(self.opened)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: a world and its report."""

    report: Report
    world: World


def compare(base: Side, head: Side) -> Changes:
    """How head differs from base."""
    before = {(f.id, f.status) for f in base.report.findings}
    after = {(f.id, f.status) for f in head.report.findings}
    was, now = set(_controls(base.report)), set(_controls(head.report))
    return Changes(
        tuple(f for f in head.report.findings if (f.id, f.status) not in before),
        tuple(f for f in base.report.findings if (f.id, f.status) not in after),
        tuple(_channels(base.report.verdicts, head.report.verdicts)),
        tuple(sorted(now - was)),
        tuple(sorted(was - now)),
        tuple(map(str, sorted(reach(head.world) - reach(base.world)))),
        tuple(map(str, sorted(reach(base.world) - reach(head.world)))),
        _blast(base.world, head.world),
    )


def _channels(base: Iterable[Verdict], head: Iterable[Verdict]) -> Iterator[Change]:
    before = {verdict.id: verdict for verdict in base}
    after = {verdict.id: verdict for verdict in head}
    for identifier in sorted({*before, *after}):
        old, new = before.get(identifier), after.get(identifier)
        known = new or old
        if known and (old is None or new is None or old.status != new.status):
            yield Change(identifier, known.title, old.status if old else None, new.status if new else None)


def _controls(report: Report) -> Iterator[tuple[str, str, str]]:
    for verdict in report.verdicts:
        for control in verdict.controls:
            yield verdict.id, control.address, control.attribute


def _blast(base: World, head: World) -> dict[str, tuple[str, ...]]:
    before = {res.address: res for res in base.resources}
    after = {res.address: res for res in head.resources}
    touched: dict[str, list[str]] = {}
    for address in sorted({*before, *after}):
        old, new = before.get(address), after.get(address)
        if old is None or new is None or _differs(old, new):
            res, world = (new, head) if new else (old, base)
            if res:
                touched.setdefault(owner(world, res) or "platform", []).append(address)
    return {team: tuple(addresses) for team, addresses in sorted(touched.items())}


def _differs(old: Res, new: Res) -> bool:
    return (old.values, old.meta, old.provider) != (new.values, new.meta, new.provider)
