"""What a change opens, closes or makes reachable: two reports compared, for the pull request.

The answer is a colour. Red: head has a finding that base has not. Yellow: it opens nothing, and there is something that
others than the owner must agree to (``policies.report.agreement``). Green: neither; a new team with all that comes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.facts.grants import grants
from policies.facts.ownership import owner
from policies.facts.reach import reaching
from policies.facts.resource import Res
from policies.facts.world import World, fact
from policies.report.agreement import reasons
from policies.report.model import Report
from policies.report.sides import Change, Side, differs
from policies.verdicts.model import Finding, Verdict

Colour = Literal["green", "yellow", "red"]
PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Changes:
    """``opened`` and ``closed``: findings only head or only base has; ``channels``: changed statuses;
    ``gained`` and ``lost``: controls as (channel, address, attribute); ``reach_gained`` and ``reach_lost``: who can
    read which data, as sentences; ``blast``: per team ("platform" for what no team owns) the addresses that were
    added, removed or changed; ``reasons``: why others than the owner must agree, as sentences."""

    opened: tuple[Finding, ...]
    closed: tuple[Finding, ...]
    channels: tuple[Change, ...]
    gained: tuple[tuple[str, str, str], ...]
    lost: tuple[tuple[str, str, str], ...]
    reach_gained: tuple[str, ...]
    reach_lost: tuple[str, ...]
    blast: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]

    @property
    def opens(self) -> bool:
        """Whether head has a finding that base has not."""
        return bool(self.opened)

    @property
    def colour(self) -> Colour:
        """The answer in one word."""
        if self.opens:
            return "red"
        return "yellow" if self.reasons else "green"


def compare(base: Side, head: Side) -> Changes:
    """How head differs from base."""
    before = {(f.id, f.status) for f in base.report.findings}
    after = {(f.id, f.status) for f in head.report.findings}
    was, now = set(_controls(base.report)), set(_controls(head.report))
    gained = sorted(reaching(head.world).keys() - reaching(base.world).keys())
    channels = tuple(_channels(base.report.verdicts, head.report.verdicts))
    lost = tuple(sorted(was - now))
    blast = _blast(base.world, head.world)
    return Changes(
        tuple(f for f in head.report.findings if (f.id, f.status) not in before),
        tuple(f for f in base.report.findings if (f.id, f.status) not in after),
        channels,
        tuple(sorted(now - was)),
        lost,
        tuple(map(str, gained)),
        tuple(map(str, sorted(reaching(base.world).keys() - reaching(head.world).keys()))),
        blast,
        tuple(reasons(base, head, gained, channels, lost, tuple(blast))),
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
        if old is None or new is None or differs(old, new):
            res, world = (new, head) if new else (old, base)
            if res:
                for whose in _whose(world, res):
                    touched.setdefault(whose, []).append(address)
    return {team: tuple(addresses) for team, addresses in sorted(touched.items())}


def _whose(world: World, res: Res) -> set[str]:
    """Whom a change of a resource concerns: its team and, for a grant, the team of what is granted on."""
    about = (res, *_granted_on(world).get(res.address, ()))
    return {team for item in about if (team := owner(world, item)) is not None} or {PLATFORM}


@fact
def _granted_on(world: World) -> dict[str, list[Res]]:
    """What each resource that grants is about, by its address."""
    found: dict[str, list[Res]] = {}
    for grant in grants(world):
        if grant.on is not None:
            found.setdefault(grant.res.address, []).append(grant.on)
    return found
