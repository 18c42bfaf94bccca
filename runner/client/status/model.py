"""What is known of the platform at a moment. What could not be read is None, and `unread` says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

SOON = 30  # days before something expires at which somebody should look at it
NEARLY = 0.9  # part of a quota in use at which somebody should look at it


@dataclass(frozen=True)
class Week:
    """Runs that ended in the seven days before `until`."""

    until: datetime
    done: int
    failed: int


@dataclass(frozen=True)
class Runs:
    """A team's runs since `since`, which is later than asked for where the log bucket cannot be read."""

    since: datetime
    weeks: tuple[Week, ...]  # newest first
    last_success: datetime | None

    @property
    def success(self) -> float | None:
        """The part of the ended runs that is done, cancelled ones aside."""
        done, failed = (sum(getattr(week, what) for week in self.weeks) for what in ("done", "failed"))
        return done / (done + failed) if done + failed else None


@dataclass(frozen=True)
class Queue:
    """Runs that have not ended. `oldest` is when the longest waiting one was submitted, `why` what it waits for."""

    running: int
    waiting: int
    oldest: datetime | None
    why: str


@dataclass(frozen=True)
class ScheduleState:
    """A schedule. `missed` starts were due since the last one and have not happened; None where that is unknown."""

    name: str
    state: str
    last: datetime | None
    next: datetime | None
    missed: int | None
    other_image: bool  # pinned to another runner than platform.yaml's


@dataclass(frozen=True)
class Used:
    """One quota of the namespace, in Kubernetes' own units: cores, bytes, pieces."""

    what: str
    used: float
    hard: float

    @property
    def part(self) -> float:
        return self.used / self.hard if self.hard else 0.0


@dataclass(frozen=True)
class ModelStatus:
    """A stage of a model: version `number` is there since `since`. Of the weeks asked for: `promotions` and how many a
    week, the part `rolled_back`, and medians in seconds: `lead` from a run's submission until its version was there,
    `restore` from a version's coming until it was rolled back. None where nothing was counted."""

    model: str
    stage: str
    number: int
    since: datetime
    promotions: int
    per_week: float
    rolled_back: float | None
    lead: float | None
    restore: float | None


@dataclass(frozen=True)
class TeamStatus:
    """One team."""

    team: str
    budget: str | None  # as declared; what is spent is not to be read here
    runs: Runs | None = None
    queue: Queue | None = None
    schedules: tuple[ScheduleState, ...] | None = None
    quota: tuple[Used, ...] | None = None
    models: tuple[ModelStatus, ...] | None = None  # also where nobody asked for them
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expiry:
    """Something signed that ends. `left` counts days, negative when it has ended."""

    kind: str  # exception, attestation, release, share, caller
    what: str
    owner: str
    until: date
    left: int


@dataclass(frozen=True)
class Image:
    """The runner of platform.yaml. `pinned` is the day on which it was written there, None where `unread` says why."""

    digest: str
    pinned: date | None
    age: int | None  # days
    unread: str = ""


@dataclass(frozen=True)
class PlatformStatus:
    """The whole answer."""

    project: str
    at: datetime
    teams: tuple[TeamStatus, ...]
    image: Image
    expiries: tuple[Expiry, ...]  # the next first
    budgets: bool  # whether a billing account is declared, without which no budget exists

    def attention(self) -> Iterator[str]:
        """What somebody should look at, in sentences."""
        for team in self.teams:
            yield from _of_team(team)
        for expiry in self.expiries:
            if expiry.left <= SOON:
                ends = f"ends in {expiry.left} days" if expiry.left >= 0 else f"ended {-expiry.left} days ago"
                yield f"{expiry.kind} {expiry.what} {ends} ({expiry.owner})"

    def verdict(self) -> str:
        """The answer in a few words; what could not be read is never taken for good."""
        if any(self.attention()):
            return "Needs somebody"
        return "Nothing that could be read needs anybody" if any(self.unread()) else "Nothing needs anybody"

    def unread(self) -> Iterator[str]:
        """What could not be read, and why."""
        by_reason: dict[str, list[str]] = {}
        for team in self.teams:
            for reason in team.unread:
                by_reason.setdefault(reason, []).append(team.team)
        for reason, teams in by_reason.items():
            of = "all teams" if len(teams) == len(self.teams) > 1 else ", ".join(teams)
            yield f"{of}: {reason}"
        if self.image.unread:
            yield f"age of the runner: {self.image.unread}"


def _of_team(team: TeamStatus) -> Iterator[str]:
    for schedule in team.schedules or ():
        if schedule.missed:
            starts = "start" if schedule.missed == 1 else "starts"
            yield f"{team.team}: schedule {schedule.name} missed {schedule.missed} {starts}"
        if schedule.state not in ("active", "suspended"):
            yield f"{team.team}: schedule {schedule.name} is {schedule.state}"
        if schedule.other_image:
            yield f"{team.team}: schedule {schedule.name} is pinned to another runner than platform.yaml's: cloister job deploy"
    newest = team.runs.weeks[0] if team.runs and team.runs.weeks else None
    if newest and newest.failed and not newest.done:
        yield f"{team.team}: no run of the last 7 days is done, {newest.failed} failed"
    for used in team.quota or ():
        if used.part >= NEARLY:
            yield f"{team.team}: {used.part:.0%} of {used.what} is in use"
