"""`cloister job submit|cancel`: runs begin, and are ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import yaml

from runner.client import beforehand
from runner.client.cluster import labels, manifests, submit
from runner.client.cluster.connection import Cluster
from runner.client.cluster.following import follow
from runner.client.cluster.history import History
from runner.client.cluster.options import CONTEXT, DONE, TEAM, answers, print_json
from runner.client.cluster.place import Place
from runner.client.cluster.place import place as find_place
from runner.client.jobs import Prepared
from runner.client.local import new_run_id
from runner.client.options import DIRECTORY, FORMAT


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
    job = submit.prepared(file, team_name, directory)
    raise SystemExit(start_run(job, How(context, following, dry_run, format_)))


@dataclass(frozen=True)
class How:
    """In what way a run is started: the options that `job submit` and `flow run --submit` share."""

    context: str | None
    following: bool
    dry_run: bool
    format_: str


@answers
def start_run(job: Prepared, how: How) -> int:
    """Upload what a job names, start a run of it and say so; the command line's exit code."""
    beforehand.warn(job)
    there = Place(job.declarations, job.team)
    cluster = Cluster(there, how.context)
    team, as_json = job.team.team, how.format_ == "json"
    quiet = as_json or how.dry_run
    pinned = submit.pin(job, lambda text: click.echo(text, err=quiet))
    run_id = new_run_id()
    manifest = manifests.run_manifest(pinned, run_id)
    cluster.create_job(manifest, dry_run=how.dry_run)
    if how.dry_run:
        click.echo(yaml.safe_dump(manifest, sort_keys=False), nl=False)
        return DONE
    if as_json:
        name = manifest["metadata"]["name"]
        print_json(
            {"version": 1, "run_id": run_id, "team": team, "job": job.job.name, "kubernetes_job": name}
        )
    else:
        click.echo(f"run {run_id}")
    if how.following:
        return follow(History(there, cluster), run_id, how.format_)
    if not as_json:
        click.echo(f"  cloister job logs {run_id} --team {team} -f")
    return DONE


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
