"""`cloister job submit|cancel|deploy`: what changes the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import yaml

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.schedule import Schedule
from runner.client import beforehand
from runner.client.cluster import labels, manifests, submit
from runner.client.cluster.connection import Cluster
from runner.client.cluster.following import follow
from runner.client.cluster.history import History
from runner.client.cluster.options import CONTEXT, DONE, TEAM, answers, print_json
from runner.client.cluster.place import Place
from runner.client.cluster.place import place as find_place
from runner.client.cluster.schedules import installed
from runner.client.jobs import Prepared
from runner.client.local import new_run_id
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import View, printable


@click.command(
    "submit",
    epilog="""\b
Examples:
  cloister job submit job.yaml --team fakespot
  cloister job submit job.yaml --team fakespot --follow
  cloister job submit job.yaml --team fakespot --dry-run > manifest.yaml

Exit codes: 0 submitted (with --follow: done); 1 with --follow: it failed; 2 it could not be submitted.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@TEAM
@DIRECTORY
@CONTEXT
@click.option("--follow", "-f", "following", is_flag=True, help="Show the run's log until it has ended.")
@click.option(
    "--dry-run", is_flag=True, help="Upload, ask the cluster whether it would take the job, print it."
)
@FORMAT
def submit_(
    file: Path,
    team_name: str,
    directory: Path,
    context: str | None,
    following: bool,
    dry_run: bool,
    format_: str,
) -> None:
    """Submit the job in FILE: upload its code, and start a run of it on the platform."""
    raise SystemExit(start_run(file, team_name, directory, context, following, dry_run, format_))


@answers
def start_run(
    file: Path,
    team_name: str,
    directory: Path,
    context: str | None,
    following: bool,
    dry_run: bool,
    format_: str,
) -> int:
    """Upload what a job names, start a run of it and say so; the command line's exit code."""
    job = submit.prepared(file, team_name, directory)
    _warn(job)
    there = Place(job.declarations, job.team)
    cluster = Cluster(there, context)
    quiet = format_ == "json" or dry_run
    pinned = submit.pin(job, lambda text: click.echo(text, err=quiet))
    run_id = new_run_id()
    manifest = manifests.run_manifest(pinned, run_id)
    cluster.create_job(manifest, dry_run=dry_run)
    if dry_run:
        click.echo(yaml.safe_dump(manifest, sort_keys=False), nl=False)
        return DONE
    if format_ == "json":
        name = manifest["metadata"]["name"]
        print_json(
            {"version": 1, "run_id": run_id, "team": team_name, "job": job.job.name, "kubernetes_job": name}
        )
    else:
        click.echo(f"run {run_id}")
    if following:
        return follow(History(there, cluster), run_id, format_)
    if format_ == "text":
        click.echo(f"  cloister job logs {run_id} --team {team_name} -f")
    return DONE


def _warn(job: Prepared) -> None:
    """What a sealed run will not have, said before it waits in a queue. It may be code that no run reaches."""
    for finding in beforehand.findings(job):
        click.echo(printable(f"warning: {finding}"), err=True)


@click.command(
    "cancel", epilog="\b\nExample:\n  cloister job cancel 20261125-024011-0123abcd --team fakespot\n"
)
@click.argument("run")
@TEAM
@DIRECTORY
@CONTEXT
@answers
def cancel(run: str, team_name: str, directory: Path, context: str | None) -> None:
    """End a run. Its command gets SIGTERM and its grace period, as when a node goes away."""
    there = find_place(team_name, directory)
    cluster = Cluster(there, context)
    runs = History(there, cluster)
    found = runs.find(run)
    if found is None:
        raise runs.missing(run, "a run that has ended needs no ending")
    if found.state.ended:
        click.echo(f"run {found.run_id} has ended already: {found.state}")
        return
    mark = {labels.CANCELLED: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    # A deadline that has passed ends every pod, and the Job itself; a deletion would lose what is known of it.
    cluster.change_job(
        found.name,
        {"metadata": {"annotations": mark}, "spec": {"activeDeadlineSeconds": 1, "suspend": False}},
    )
    click.echo(f"run {found.run_id} is being ended")


@click.command(
    "deploy",
    epilog="""\b
Examples:
  cloister job deploy --team translations                    every schedule of teams/translations.yaml
  cloister job deploy nightly-eval --team translations --repository ~/translations

Exit codes: 0 deployed; 2 something could not be deployed, and nothing was.
""",
)
@click.argument("schedule", nargs=-1)
@TEAM
@DIRECTORY
@CONTEXT
@click.option(
    "--repository",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The team's repository, where the schedules' job files lie. Default: here.",
)
@click.option("--prune", is_flag=True, help="Remove schedules that the team file no longer declares.")
@FORMAT
@answers
def deploy(
    schedule: Sequence[str],
    team_name: str,
    directory: Path,
    context: str | None,
    repository: Path,
    prune: bool,
    format_: str,
) -> None:
    """Pin the jobs of the team's schedules to their code and environment as they are now."""
    there = find_place(team_name, directory)
    chosen = _chosen(there, schedule)
    cluster = Cluster(there, context)
    view = View() if format_ == "text" else None
    made = [_pinned(each, repository, team_name, directory, view) for each in chosen]
    for manifest in made:  # all or none: the first refusal comes before the first change
        cluster.apply_cron_job(manifest, dry_run=True)
    for manifest in made:
        cluster.apply_cron_job(manifest)
    stray = [each.name for each in installed(there.team, cluster.cron_jobs()) if each.declared is None]
    if prune:
        for name in stray:
            cluster.delete_cron_job(name)
    if format_ == "json":
        deployed = [manifest["metadata"]["name"] for manifest in made]
        print_json({"version": 1, "deployed": deployed, "undeclared": stray, "pruned": prune})
        return
    for each in chosen:
        click.echo(f"deployed {each.name}: {each.cron} {each.time_zone}, {each.job}")
    for name in stray:
        said = "removed" if prune else "no longer declared; remove it with --prune"
        click.echo(f"{name}: {said}")
    if not chosen:
        click.echo(f"teams/{team_name}.yaml declares no schedules")


def _chosen(there: Place, wanted: Sequence[str]) -> list[Schedule]:
    declared = {schedule.name: schedule for schedule in there.team.schedules}
    file = f"teams/{there.team.team}.yaml"
    known = ", ".join(declared) or "none"
    mistakes = [
        Mistake(file, 1, f"found no schedule {shown(name)}, expected one of {known}{nearest(name, declared)}")
        for name in wanted
        if name not in declared
    ]
    if mistakes:
        raise DeclarationErrors(mistakes)
    return [declared[name] for name in wanted or declared]


def _pinned(
    schedule: Schedule, repository: Path, team_name: str, directory: Path, view: View | None
) -> dict[str, Any]:
    def say(text: str) -> None:
        if view:
            view.say(f"{schedule.name}: {text}")

    job = submit.prepared(repository / schedule.job, team_name, directory)
    _warn(job)
    return manifests.schedule_manifest(submit.pin(job, say), schedule)
