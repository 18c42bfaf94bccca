"""Reading how each team stands. Every question that is refused becomes a reason, never a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any, TypeVar

from cloister.declarations import Declarations
from cloister.declarations.dates import today as current_day
from runner.client.cluster.cloud_logging import CloudLogging, authorized
from runner.client.cluster.connection import Cluster, Json, Refused
from runner.client.cluster.entries import Unreadable
from runner.client.cluster.history import History
from runner.client.cluster.place import Place
from runner.client.cluster.runs import Run, State, literals, when
from runner.client.cluster.schedules import Installed, installed
from runner.client.status import ages
from runner.client.status.model import PlatformStatus, Queue, Runs, ScheduleState, TeamStatus, Used
from runner.client.status.models import of_records as changes
from runner.client.status.quantities import NAMES, SHOWN, number
from runner.client.status.runs import KEPT, by_week, of_cluster, of_records
from runner.watch.cron import Cron, CronError

AT_ONCE = 8  # teams that are asked about at the same time
GRACE = timedelta(minutes=10)  # a start that is no later than this is not missed
COUNTED = 10_000  # missed starts, at most
T = TypeVar("T")


def platform(
    declarations: Declarations,
    teams: Iterable[str],
    weeks: int,
    context: str | None,
    tell: Callable[[int, int], None],
    models: bool = False,
) -> PlatformStatus:
    """How the platform and these teams stand, with their `models` where asked for. `tell` gets how many of how many teams have answered."""
    now, wanted = datetime.now(UTC), sorted(teams)
    access = _Access(Place(declarations, declarations.teams[wanted[0]]), context) if wanted else None
    found: dict[str, TeamStatus] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = {
            pool.submit(
                _team, Place(declarations, declarations.teams[name]), access, weeks, now, models
            ): name
            for name in (wanted if access else ())
        }
        for answered in as_completed(asked):
            found[asked[answered]] = answered.result()
            tell(len(found), len(wanted))
    today = current_day()
    return PlatformStatus(
        project=declarations.boundary.project,
        at=now,
        teams=tuple(found[name] for name in wanted),
        image=ages.image(declarations, today),
        expiries=ages.expiries(declarations, today, set(wanted)),
        budgets=declarations.platform.billing_account is not None,
    )


class _Reader:
    """Asks questions and keeps the reasons of those that were refused."""

    def __init__(self, already: Sequence[str] = ()) -> None:
        self.refusals = list(already)

    def ask(self, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except (Refused, Unreadable) as error:
            if str(error) not in self.refusals:
                self.refusals.append(str(error))
            return None


class _Access:
    """One connection to the cluster and one credential for the log buckets, made once for all teams."""

    def __init__(self, place: Place, context: str | None) -> None:
        self.reader = _Reader()
        self.cluster = self.reader.ask(lambda: _answering(place, context))
        self.session = self.reader.ask(authorized)


def _answering(place: Place, context: str | None) -> Cluster:
    """A cluster that answers, if only to refuse: waiting for one that does not, once per team, helps nobody."""
    cluster = Cluster(place, context)
    try:
        cluster.resource_quotas()
    except Refused as refused:
        if not refused.status:
            raise
    return cluster


def _team(place: Place, access: _Access, weeks: int, now: datetime, models: bool) -> TeamStatus:
    reader = _Reader(access.reader.refusals)
    cluster = access.cluster.of(place) if access.cluster else None
    since, session = now - timedelta(weeks=weeks), access.session
    records = None
    if session is not None:
        records = reader.ask(lambda: of_records(CloudLogging(place, session).ends(since)))
    steps = None
    if models and session is not None:
        steps = reader.ask(lambda: changes(CloudLogging(place, session).models(), since, now))
    unlogged = reader.refusals[-1] if records is None else ""
    runs = quotas = cron_jobs = None
    if cluster is not None:
        runs = reader.ask(History(place, cluster).runs)
        quotas = reader.ask(cluster.resource_quotas)
        cron_jobs = reader.ask(cluster.cron_jobs)
    if records is None and runs is not None:
        why = reader.refusals.index(unlogged)
        reader.refusals[why] += f"; runs are counted for the last {KEPT.days} days only"
    budget = place.team.budget
    return TeamStatus(
        team=place.team.team,
        budget=None if budget is None else f"{budget.monthly} {budget.currency}",
        runs=_weeks(runs, records, since, now),
        queue=None if runs is None or cluster is None else _queue(runs, History(place, cluster), reader),
        schedules=None if cron_jobs is None else _schedules(place, cron_jobs, now),
        quota=None if quotas is None else _used(quotas),
        models=steps,
        unread=tuple(reader.refusals),
    )


def _weeks(
    runs: list[Run] | None, records: dict[str, Any] | None, since: datetime, now: datetime
) -> Runs | None:
    """From both where both answer: Kubernetes knows how a run ended that left no record, the log knows the older ones."""
    if runs is None and records is None:
        return None
    known = {**(records or {}), **of_cluster(runs or ())}
    return by_week(known.values(), since if records is not None else now - KEPT, now)


def _queue(runs: list[Run], history: History, reader: _Reader) -> Queue:
    waiting = [run for run in runs if run.state is State.WAITING]
    oldest = min(waiting, key=lambda run: run.created, default=None)
    said = oldest and reader.ask(lambda: history.explained(oldest))
    return Queue(
        running=sum(run.state is State.RUNNING for run in runs),
        waiting=len(waiting),
        oldest=oldest.created if oldest else None,
        why=str(said) if said else "",
    )


def _schedules(place: Place, cron_jobs: list[Json], now: datetime) -> tuple[ScheduleState, ...]:
    found = []
    for each in installed(place.team, cron_jobs):
        pinned = (
            literals(each.cron_job["spec"]["jobTemplate"]["spec"]).get("CLOISTER_IMAGE")
            if each.cron_job
            else None
        )
        found.append(
            ScheduleState(
                name=each.name,
                state=each.state,
                last=each.last,
                next=next(iter(each.next(1, now)), None),
                missed=missed(each, now),
                other_image=pinned is not None and pinned != place.image,
            )
        )
    return tuple(found)


def missed(schedule: Installed, now: datetime) -> int | None:
    """Starts that were due since the last one, or since it was deployed; none while a run of it goes on."""
    job = schedule.cron_job
    if job is None:
        return None
    if schedule.suspended or job.get("status", {}).get("active"):
        return 0
    since = schedule.last or when(job["metadata"].get("creationTimestamp"))
    if since is None:
        return None
    cron, time_zone = schedule.cron
    try:
        due = Cron.parse(cron, time_zone).starts(since)
    except CronError:  # made by hand, in words that Kubernetes reads and a team file may not have
        return None
    past = takewhile(lambda start: start <= now - GRACE, due)
    return sum(1 for _ in islice(past, COUNTED))


def _used(quotas: list[Json]) -> tuple[Used, ...]:
    """The quota `team`; those per accelerator name the accelerator."""
    found = []
    for quota in sorted(
        quotas, key=lambda quota: (quota["metadata"]["name"] != "team", quota["metadata"]["name"])
    ):
        name, status = quota["metadata"]["name"], quota.get("status", {})
        for what in SHOWN:
            hard = status.get("hard", {}).get(what)
            if hard is None or number(hard) == 0:
                continue
            shown = NAMES.get(what, what) if name == "team" else name
            found.append(Used(shown, number(status.get("used", {}).get(what, "0")), number(hard)))
    return tuple(found)
