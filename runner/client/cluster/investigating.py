"""`cloister job errors|compare`: what goes wrong, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cloister.declarations.terminal import table
from runner.client.cluster import compare as comparing
from runner.client.cluster import entries, failures, shown
from runner.client.cluster.failures import Failure, Group
from runner.client.cluster.history import History
from runner.client.cluster.options import CONTEXT, DONE, answers, history, print_json
from runner.client.cluster.options import TEAM as ONE_TEAM
from runner.client.options import DIRECTORY, FORMAT

KEPT_DAYS = 3  # Kubernetes forgets ended runs after that


@click.command(
    "errors",
    epilog="""\b
Examples:
  cloister job errors --team fakespot
  cloister job errors --team fakespot --team translations --days 30    where you were granted both teams' logs
""",
)
@click.option("--team", "teams", required=True, multiple=True, help="A team; may be repeated.")
@DIRECTORY
@CONTEXT
@click.option("--job", help="Failures of this job only.")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=KEPT_DAYS,
    show_default=True,
    help="How far back. Beyond 3 days it needs Cloud Logging.",
)
@FORMAT
@answers
def errors(
    teams: Sequence[str], directory: Path, context: str | None, job: str | None, days: int, format_: str
) -> None:
    """Failures grouped by fingerprint: what, how often, when first and last, and the run where it began."""
    since = datetime.now(UTC) - timedelta(days=days)
    groups: list[tuple[str, Group]] = []
    for team in teams:
        found = _failures(history(team, directory, context), since, logged=days > KEPT_DAYS)
        chosen = [failure for failure in found if job in (None, failure.job)]
        groups += [(team, group) for group in failures.grouped(chosen)]
    if format_ == "json":
        listed = [
            {
                "team": team,
                **asdict(group),
                "first": shown.rfc3339(group.first),
                "last": shown.rfc3339(group.last),
            }
            for team, group in groups
        ]
        print_json({"version": 1, "days": days, "errors": listed})
        return
    if not groups:
        click.echo(f"no failures in the last {days} days")
        return
    rows = [["ERROR", "TEAM", "JOBS", "COUNT", "RUNS", "FIRST (UTC)", "LAST (UTC)", "BEGAN IN", "WHAT"]]
    for team, group in groups:
        times = [shown.moment(group.first), shown.moment(group.last)]
        counts = [str(group.count), str(group.runs)]
        jobs = ", ".join(group.jobs)
        rows.append([group.fingerprint, team, jobs, *counts, *times, group.began_in, group.sentence])
    for line in table(rows):
        click.echo(line)


@click.command(
    "compare",
    epilog="""\b
Example:
  cloister job compare 20261124-030000-0123abcd 20261125-030000-89abcdef --team fakespot

Exit codes: 0 compared, whatever differs; 2 there is no such run, or its record is out of reach.
""",
)
@click.argument("run_a")
@click.argument("run_b")
@ONE_TEAM
@DIRECTORY
@CONTEXT
@FORMAT
@answers
def compare(
    run_a: str, run_b: str, team_name: str, directory: Path, context: str | None, format_: str
) -> None:
    """What changed from RUN_A to RUN_B: code, environment, image, inputs, and what came out."""
    runs = history(team_name, directory, context)
    before, after = _facts(runs, run_a), _facts(runs, run_b)
    changes, same = comparing.compare(before, after)
    if format_ == "json":
        print_json({"version": 1, "changes": [asdict(change) for change in changes], "same": same})
        raise SystemExit(DONE)
    if not any(change.kind == "made_of" for change in changes):
        click.echo("nothing the two runs were made of differs: same code, environment, image and inputs")
    rows = [["WHAT", run_a, run_b]]
    rows += [[change.what, _value(change.before), _value(change.after)] for change in changes]
    for line in table(rows) if changes else ():
        click.echo(line)
    if same:
        click.echo(f"the same: {', '.join(same)}")


def _failures(runs: History, since: datetime, *, logged: bool) -> Iterator[Failure]:
    """Every failed attempt since a time: by its record where it left one, else by how its pod ended."""
    if logged:
        yield from failures.of_entries(runs.logging.ends(since))
    recorded: set[str] = set()
    for run in runs.runs():
        for attempt in run.failed_attempts:
            found = list(runs.pods.of(attempt, 60))
            if any(entries.record_of(entry) for entry in found):
                recorded.add(attempt.pod)
                if not logged:
                    yield from failures.of_entries(found)
        yield from (f for f in failures.of_run(run, recorded) if f.at >= since)


def _facts(runs: History, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    run = runs.find(name)
    record = runs.ending(run)[0] if run is not None else runs.recorded(name)[-1]
    return comparing.facts(run, record)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else shown.short(value)
