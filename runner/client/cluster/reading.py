"""`cloister job list|status|logs`: what the runs are, and how they stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cloister.declarations.terminal import table
from runner.client.cluster import shown
from runner.client.cluster.explain import Said
from runner.client.cluster.following import Printer, ended_well, follow
from runner.client.cluster.history import Record
from runner.client.cluster.options import (
    CONTEXT,
    DONE,
    FAILED,
    TEAM,
    answers,
    history,
    print_json,
)
from runner.client.cluster.runs import Attempt, Run, State
from runner.client.options import DIRECTORY, FORMAT
from runner.image.exits import exit_class

WEEK = timedelta(days=7)


@click.command(
    "list",
    epilog="""\b
Examples:
  cloister job list --team fakespot
  cloister job list --team fakespot --job evaluate --format json
""",
)
@TEAM
@DIRECTORY
@CONTEXT
@click.option("--job", help="Runs of this job only.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@FORMAT
@answers
def list_(
    team_name: str, directory: Path, context: str | None, job: str | None, limit: int, format_: str
) -> None:
    """Runs that Kubernetes keeps (ended ones for 3 days), newest first, and each job's success."""
    runs = history(team_name, directory, context)
    found = [run for run in runs.runs() if job in (None, run.job)]
    said = {run.run_id: runs.explained(run) for run in found[:limit]}
    if format_ == "json":
        listed = [_described(run, said[run.run_id]) for run in found[:limit]]
        print_json({"version": 1, "team": team_name, "runs": listed, "jobs": _success(found)})
        return
    if not found:
        click.echo(f"no runs of {job or team_name} in Kubernetes, which keeps ended ones for 3 days")
        return
    rows = [["RUN", "JOB", "STATE", "STARTED (UTC)", "LASTED", "ATTEMPTS", "WHY"]]
    for run in found[:limit]:
        why = "" if run.state in (State.DONE, State.RUNNING) else said[run.run_id].cause
        started = shown.moment(run.created)
        attempts = str(len(run.attempts))
        rows.append([run.run_id, run.job, run.state, started, shown.lasted(run.seconds), attempts, why])
    for line in table(rows):
        click.echo(line)
    if len(found) > limit:
        click.echo(f"and {len(found) - limit} older runs: --limit {len(found)}")
    click.echo()
    rows = [["JOB", "RUNS", "LAST 7 DAYS", "SUCCESS"]]
    for each in _success(found):
        rate = "-" if each["success"] is None else f"{each['success']:.0%}"
        rows.append([each["job"], str(each["runs"]), str(each["week"]), rate])
    for line in table(rows):
        click.echo(line)


@click.command(
    "status",
    epilog="""\b
Examples:
  cloister job status 20261125-024011-0123abcd --team fakespot
  cloister job status 0123abcd --team fakespot --format json

Exit codes: 0 it is done or goes on; 1 it failed or was cancelled; 2 there is no such run.
""",
)
@click.argument("run")
@TEAM
@DIRECTORY
@CONTEXT
@FORMAT
@answers
def status(run: str, team_name: str, directory: Path, context: str | None, format_: str) -> None:
    """How a run stands or ended, why, and what to do next. RUN is its id or the last eight digits of it."""
    runs = history(team_name, directory, context)
    found = runs.find(run)
    if found is None:
        raise SystemExit(_forgotten(runs.recorded(run), format_))
    said = runs.explained(found)
    record = runs.ending(found)[0] if found.state.ended else None
    if format_ == "json":
        print_json({"version": 1, "team": team_name, **_described(found, said), "record": record})
    else:
        _tell(found, said, record, team_name)
    raise SystemExit(DONE if ended_well(found) else FAILED)


@click.command(
    "logs",
    epilog="""\b
Examples:
  cloister job logs 20261125-024011-0123abcd --team fakespot
  cloister job logs 0123abcd --team fakespot -f
  cloister job logs 0123abcd --team fakespot --format json
""",
)
@click.argument("run")
@TEAM
@DIRECTORY
@CONTEXT
@click.option("--follow", "-f", "following", is_flag=True, help="Go on until the run has ended.")
@click.option("--tail", type=click.IntRange(1), help="Of each attempt, the last so many entries.")
@FORMAT
@answers
def logs(
    run: str,
    team_name: str,
    directory: Path,
    context: str | None,
    following: bool,
    tail: int | None,
    format_: str,
) -> None:
    """What a run printed: from the cluster while it keeps the run, then from the team's log bucket."""
    runs = history(team_name, directory, context)
    found = runs.find(run)
    if following and found is not None:
        raise SystemExit(follow(runs, run, format_))
    printer = Printer(format_, many=found is not None and len(found.attempts) > 1)
    for entry in runs.log(run, tail):
        printer.entry(entry)


def _described(run: Run, said: Said) -> dict[str, Any]:
    """A run as the JSON formats give it."""
    return {
        "run_id": run.run_id,
        "job": run.job,
        "schedule": run.schedule or None,
        "kubernetes_job": run.name,
        "state": run.state.value,
        "cause": said.cause,
        "step": said.step,
        "created": shown.rfc3339(run.created),
        "finished": shown.rfc3339(run.finished),
        "seconds": run.seconds,
        "shards": run.shards,
        "shards_done": run.done_shards,
        "image": run.image,
        "code": run.specification.get("code"),
        "environment": run.specification.get("environment"),
        "attempts": [_attempt(attempt) for attempt in run.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "pod": attempt.pod,
        "shard": attempt.shard,
        "phase": attempt.phase,
        "exit": attempt.exit,
        "exit_class": None if attempt.exit is None else exit_class(attempt.exit),
        "reason": attempt.pod_reason or attempt.disrupted or attempt.reason,
        "started": shown.rfc3339(attempt.started),
        "finished": shown.rfc3339(attempt.finished),
    }


def _success(runs: list[Run]) -> list[dict[str, Any]]:
    """Per job: runs, those of the last seven days, and which part of the ended ones is done."""
    week = datetime.now(UTC) - WEEK
    by_job: dict[str, list[Run]] = {}
    for run in runs:
        by_job.setdefault(run.job, []).append(run)
    found = []
    for job, its in sorted(by_job.items()):
        ended = [run for run in its if run.state in (State.DONE, State.FAILED)]
        done = sum(run.state is State.DONE for run in ended)
        success = done / len(ended) if ended else None
        recent = sum(run.created >= week for run in its)
        found.append({"job": job, "runs": len(its), "week": recent, "success": success})
    return found


def _tell(run: Run, said: Said, record: Record | None, team: str) -> None:
    click.echo(f"run {run.run_id} of {run.job}, team {team}: {run.state}")
    if str(said) != run.state:
        click.echo(f"  {said}")
    times = f"submitted {shown.moment(run.created)} UTC"
    if run.schedule:
        times = f"scheduled by {run.schedule}, {times}"
    if run.seconds is not None:
        times += f", {'ran' if run.state.ended else 'running for'} {shown.lasted(run.seconds)}"
    click.echo(f"  {times}")
    if run.shards > 1:
        click.echo(f"  {run.done_shards} of {run.shards} shards are done")
    for number, attempt in enumerate(run.attempts if len(run.attempts) > 1 else (), start=1):
        ended = "" if attempt.exit is None else f"exit {attempt.exit}, {exit_class(attempt.exit)}"
        reason = attempt.pod_reason or attempt.disrupted
        what = ", ".join(filter(None, (ended, reason))) or attempt.phase.lower()
        where = f"shard {attempt.shard}" if run.shards > 1 else f"attempt {number}"
        click.echo(f"  {where}: {what}  ({attempt.pod})")
    pinned = run.specification
    click.echo(f"  code {shown.short(pinned.get('code'))}, image {shown.short(run.image)}")
    for name, value in ((record or {}).get("metrics") or {}).items():
        click.echo(f"  {name} {value:g}")


def _forgotten(records: list[Record], format_: str) -> int:
    """What the log bucket knows of a run; the exit code for it."""
    last = records[-1]
    if format_ == "json":
        print_json({"version": 1, "records": records})
    else:
        ended, cause, cure = (last.get(key, "") for key in ("exit_class", "cause", "cure"))
        click.echo(f"run {last.get('run_id')} of {last.get('job')}, team {last.get('team')}: {ended}")
        if cause:
            click.echo(f"  {cause}. {cure}")
        click.echo(
            f"  started {last.get('started')}, finished {last.get('finished')}; from the team's log bucket"
        )
    return DONE if last.get("exit") == 0 else FAILED
