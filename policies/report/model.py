"""The report: everything a format may show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from policies.channels.evidence import Assumed
from policies.report.cited import Cited
from policies.report.grade import Grade
from policies.report.teams import Sheet
from policies.snapshot.model import Input
from policies.verdicts.model import STATUSES, Finding, Status, Verdict


@dataclass(frozen=True, slots=True)
class Detail:
    """What only some formats show: ``cited``, what stands at the attributes the verdicts cite; ``teams``, who can
    reach what, per team."""

    cited: Cited = field(default_factory=dict)
    teams: tuple[Sheet, ...] = ()


@dataclass(frozen=True)
class Report:
    """The answer of one check. ``trusted``: what the boundary takes as given, whatever the channels say;
    ``not_built``: channels of the catalogue that have no verdict yet; ``gather``: makes the detail when a format first
    asks for it, since most do not and it takes a fifth of the time."""

    assurance: str
    grade: Grade
    inputs: tuple[Input, ...]
    verdicts: tuple[Verdict, ...]
    trusted: tuple[Assumed, ...] = ()
    not_built: tuple[str, ...] = ()
    gather: Callable[[], Detail] = field(default=Detail, repr=False, compare=False)

    @cached_property
    def detail(self) -> Detail:
        return self.gather()

    @property
    def cited(self) -> Cited:
        return self.detail.cited

    @property
    def teams(self) -> tuple[Sheet, ...]:
        return self.detail.teams

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for verdict in self.verdicts for finding in verdict.findings)

    @property
    def failing(self) -> bool:
        return bool(self.findings)

    @property
    def summary(self) -> dict[Status, int]:
        counts = Counter(verdict.status for verdict in self.verdicts)
        return {status: counts[status] for status in STATUSES}
