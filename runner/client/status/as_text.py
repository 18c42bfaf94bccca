"""The answer for a terminal: one block for what needs somebody, one line per team, narrow terminals included."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from cloister.declarations.terminal import table
from runner.client.cluster.shown import lasted, moment
from runner.client.status.model import PlatformStatus, Queue, Runs, ScheduleState, TeamStatus, Used
from runner.client.status.quantities import written
from runner.client.view import printable

UNKNOWN = "?"  # could not be read
SHOWN_EXPIRIES = 10


def render(status: PlatformStatus, width: int) -> Iterator[str]:
    """Lines no longer than `width` where words allow it."""
    yield f"{status.project}, {moment(status.at)} UTC"
    yield ""
    attention = list(status.attention())
    yield from _list(status.verdict() + (":" if attention else "."), attention, width)
    if unread := list(status.unread()):
        yield from _list("Could not be read:", unread, width)
    rows = [["TEAM", "WEEK", "SUCCESS", "LAST DONE", "QUEUE", "SCHEDULES", "QUOTA", "BUDGET"]]
    rows += [_row(team) for team in status.teams]
    yield from table(rows, width)
    yield ""
    if any(team.models is not None for team in status.teams):
        yield from _models(status, width)
    yield from _wrapped(image(status), width)
    if not status.budgets:
        yield from _wrapped(
            "budgets are declared and not watched: platform.yaml names no billing_account", width
        )
    if status.expiries:
        yield ""
        rows = [["ENDS", "DAYS", "WHAT", "OWNER"]]
        for each in status.expiries[:SHOWN_EXPIRIES]:
            rows.append([each.until.isoformat(), str(each.left), f"{each.kind} {each.what}", each.owner])
        yield from table(rows, width)
        if (more := len(status.expiries) - SHOWN_EXPIRIES) > 0:
            yield f"and {more} that end later: --format json lists them"


def image(status: PlatformStatus) -> str:
    """How old the runner is, in a sentence."""
    short = status.image.digest.removeprefix("sha256:")[:12]
    if status.image.age is None:
        return f"runner {short}, age unknown: {status.image.unread}"
    return f"runner {short}, pinned {status.image.age} days ago, on {status.image.pinned}"


def week(runs: Runs | None) -> str:
    """Runs of the last seven days: done and failed."""
    if runs is None:
        return UNKNOWN
    newest = runs.weeks[0]
    return f"{newest.done} done, {newest.failed} failed" if newest.done or newest.failed else "none"


def success(runs: Runs | None) -> str:
    if runs is None:
        return UNKNOWN
    return "-" if runs.success is None else f"{runs.success:.0%}"


def last_done(runs: Runs | None) -> str:
    if runs is None:
        return UNKNOWN
    return moment(runs.last_success)[:16]


def queue(found: Queue | None) -> str:
    if found is None:
        return UNKNOWN
    parts = [
        f"{found.running} running" if found.running else "",
        f"{found.waiting} waiting" if found.waiting else "",
    ]
    return ", ".join(filter(None, parts)) or "-"


def schedules(found: tuple[ScheduleState, ...] | None) -> str:
    if found is None:
        return UNKNOWN
    late = sum(each.missed or 0 for each in found)
    return (f"{len(found)}" + (f", {late} missed" if late else "")) if found else "-"


def quota(found: tuple[Used, ...] | None) -> str:
    """The fullest one."""
    if found is None:
        return UNKNOWN
    fullest = max(found, key=lambda used: used.part, default=None)
    if fullest is None or not fullest.used:
        return "-"
    return f"{written(fullest.what, fullest.used)}/{written(fullest.what, fullest.hard)} {fullest.what}"


def _row(team: TeamStatus) -> list[str]:
    return [
        team.team,
        week(team.runs),
        success(team.runs),
        last_done(team.runs),
        queue(team.queue),
        schedules(team.schedules),
        quota(team.quota),
        team.budget or "-",
    ]


def _models(status: PlatformStatus, width: int) -> Iterator[str]:
    rows = [["TEAM", "MODEL", "STAGE", "VERSION", "SINCE", "A WEEK", "LEAD", "ROLLED BACK", "AFTER"]]
    for team in status.teams:
        for each in team.models or ():
            back = "-" if each.rolled_back is None else f"{each.rolled_back:.0%}"
            rows.append([
                team.team, each.model, each.stage, str(each.number), moment(each.since)[:16], f"{each.per_week:.1f}",
                lasted(each.lead), back, lasted(each.restore),
            ])  # fmt: skip
    yield from table(rows, width) if len(rows) > 1 else ["no model was promoted yet"]
    yield ""


def _list(heading: str, items: list[str], width: int) -> Iterator[str]:
    yield heading
    for item in items:
        yield from _wrapped(f"- {item}", width, "  ")
    yield ""


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(printable(text), width, subsequent_indent=indent, break_on_hyphens=False)
