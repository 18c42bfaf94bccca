"""`cloister job schedule`: the team's schedules, as declared and as the cluster has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.terminal import table
from runner.client.cluster import labels
from runner.client.cluster import shown as show_as
from runner.client.cluster.connection import Cluster
from runner.client.cluster.options import CONTEXT, TEAM, answers, print_json
from runner.client.cluster.place import place
from runner.client.cluster.runs import literals, runs, specification
from runner.client.cluster.schedules import Installed, installed
from runner.client.options import DIRECTORY, FORMAT

NEXT = 5


@click.group("schedule", epilog="\b\nExample:\n  cloister job schedule list --team translations\n")
def schedule() -> None:
    """List, show, suspend and resume schedules."""


@schedule.command("list", epilog="\b\nExample:\n  cloister job schedule list --team translations\n")
@TEAM
@DIRECTORY
@CONTEXT
@FORMAT
@answers
def list_(team_name: str, directory: Path, context: str | None, format_: str) -> None:
    """Every schedule, whether it is declared, deployed and active, and its next start."""
    there = place(team_name, directory)
    found = installed(there.team, Cluster(there, context).cron_jobs())
    if format_ == "json":
        print_json({"version": 1, "team": team_name, "schedules": [_described(each) for each in found]})
        return
    if not found:
        click.echo(f"teams/{team_name}.yaml declares no schedules")
        return
    rows = [["SCHEDULE", "CRON", "TIME ZONE", "STATE", "LAST (UTC)", "NEXT (UTC)"]]
    for each in found:
        upcoming = next(iter(each.next(1)), None)
        rows.append([each.name, *each.cron, each.state, show_as.moment(each.last), show_as.moment(upcoming)])
    for line in table(rows):
        click.echo(line)


@schedule.command(
    "show", epilog="\b\nExample:\n  cloister job schedule show nightly-eval --team translations\n"
)
@click.argument("name")
@TEAM
@DIRECTORY
@CONTEXT
@FORMAT
@answers
def show(name: str, team_name: str, directory: Path, context: str | None, format_: str) -> None:
    """One schedule: what it runs by digest, its next five starts, and its last runs."""
    there = place(team_name, directory)
    cluster = Cluster(there, context)
    each = _named(installed(there.team, cluster.cron_jobs()), name, team_name)
    jobs = [job for job in cluster.jobs() if job["metadata"].get("labels", {}).get(labels.SCHEDULE) == name]
    past = runs(jobs, cluster.pods())
    if format_ == "json":
        last = [{"run_id": run.run_id, "state": run.state.value} for run in past]
        print_json({"version": 1, "team": team_name, **_described(each), "runs": last})
        return
    click.echo(f"{each.name}: {each.state}")
    click.echo(f"  {' '.join(each.cron)}" + (f", runs {each.declared.job}" if each.declared else ""))
    for what, value in _pins(each).items():
        click.echo(f"  {what} {show_as.short(value)}")
    for upcoming in each.next(NEXT):
        click.echo(f"  next {upcoming:%a %Y-%m-%d %H:%M %Z}, {show_as.moment(upcoming)} UTC")
    for run in past[:NEXT]:
        click.echo(f"  run {run.run_id}: {run.state}")


def _switch(name: str, done: str, to: bool, help_: str) -> click.Command:
    @click.command(
        name,
        help=help_,
        epilog=f"\b\nExample:\n  cloister job schedule {name} nightly-eval --team translations\n",
    )
    @click.argument("name")
    @TEAM
    @DIRECTORY
    @CONTEXT
    @answers
    def switch(name: str, team_name: str, directory: Path, context: str | None) -> None:
        there = place(team_name, directory)
        cluster = Cluster(there, context)
        each = _named(installed(there.team, cluster.cron_jobs()), name, team_name)
        if each.cron_job is None:
            raise DeclarationErrors([Mistake(f"teams/{team_name}.yaml", 1, f"{name} is {each.state}")])
        cluster.change_cron_job(name, {"spec": {"suspend": to}})
        click.echo(f"{name} is {done}")

    return switch


schedule.add_command(_switch("suspend", "suspended", True, "Start no more runs until it is resumed."))
schedule.add_command(_switch("resume", "active", False, "Start runs again."))


def _named(found: list[Installed], name: str, team: str) -> Installed:
    known = [each.name for each in found]
    for each in found:
        if each.name == name:
            return each
    expected = f"expected one of {', '.join(known) or 'none'}{nearest(name, known)}"
    raise DeclarationErrors(
        [Mistake(f"teams/{team}.yaml", 1, f"found no schedule {shown(name)}, {expected}")]
    )


def _described(each: Installed) -> dict[str, Any]:
    cron, time_zone = each.cron
    return {
        "name": each.name,
        "cron": cron,
        "time_zone": time_zone,
        "state": each.state,
        "declared": each.declared is not None,
        "deployed": each.cron_job is not None,
        "suspended": each.suspended,
        "last": show_as.rfc3339(each.last),
        "next": [upcoming.isoformat() for upcoming in each.next(NEXT)],
        **_pins(each),
    }


def _pins(each: Installed) -> dict[str, Any]:
    """What a deployed schedule runs, by digest."""
    if each.cron_job is None:
        return {}
    spec = each.cron_job["spec"]["jobTemplate"]["spec"]
    what = specification(spec)
    return {
        "image": literals(spec).get("CLOISTER_IMAGE"),
        "code": what.get("code"),
        "environment": what.get("environment"),
    }
