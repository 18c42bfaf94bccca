"""`cloister job deploy`: the team's schedules, pinned by digest into the cluster, or what that would change there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.schedule import Schedule
from runner.client import beforehand
from runner.client.cluster import manifests, submit
from runner.client.cluster import shown as show_as
from runner.client.cluster.changes import Change, changes
from runner.client.cluster.connection import Cluster, Json
from runner.client.cluster.options import CONTEXT, DONE, FAILED, TEAM, answers, print_json
from runner.client.cluster.place import Place
from runner.client.cluster.place import place as find_place
from runner.client.cluster.schedules import installed
from runner.client.cluster.upload import upload
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import View, printable

WOULD = {
    "create": "would be deployed for the first time",
    "change": "would change",
    "keep": "as deployed",
    "remove": "would be removed",
}


@click.command(
    "deploy",
    epilog="""\b
Examples:
  cloister job deploy --team translations                    every schedule of teams/translations.yaml
  cloister job deploy nightly-eval --team translations --repository ~/translations
  cloister job deploy --team translations --check            change nothing: is the cluster as the repository says?

Exit codes: 0 deployed (with --check: as deployed); 1 with --check: something would change; 2 something could not be
deployed, and nothing was.
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
@click.option(
    "--check", "checking", is_flag=True, help="Change nothing; say what would change in the cluster."
)
@FORMAT
@answers
def deploy(
    schedule: Sequence[str],
    team_name: str,
    directory: Path,
    context: str | None,
    repository: Path,
    prune: bool,
    checking: bool,
    format_: str,
) -> None:
    """Pin the jobs of the team's schedules to their code and environment as they are now."""
    there = find_place(team_name, directory)
    chosen = _chosen(there, schedule)
    cluster = Cluster(there, context)
    view = View() if format_ == "text" else None
    send = submit.unsent if checking else upload
    made = [_pinned(each, repository, team_name, directory, view, send) for each in chosen]
    # All or none: the first refusal comes before the first change.
    becomes = [cluster.apply_cron_job(manifest, dry_run=True) for manifest in made]
    there_now = cluster.cron_jobs()
    stray = [each.name for each in installed(there.team, there_now) if each.declared is None]
    if checking:
        raise SystemExit(_would(there_now, becomes, stray if prune else [], format_))
    for manifest in made:
        cluster.apply_cron_job(manifest)
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


def _would(there_now: list[Json], becomes: list[Json], removed: Sequence[str], format_: str) -> int:
    """Say what a deployment would change; the command line's exit code."""
    known = {each["metadata"]["name"]: each for each in there_now}
    found: list[tuple[str, str, list[Change]]] = []
    for after in becomes:
        name = after["metadata"]["name"]
        differ = changes(known.get(name), after)
        found.append((name, "create" if name not in known else "change" if differ else "keep", differ))
    found += [(name, "remove", []) for name in removed]
    if format_ == "json":
        listed = [
            {"schedule": name, "would": would, "changes": [asdict(each) for each in differ]}
            for name, would, differ in found
        ]
        print_json({"version": 1, "schedules": listed})
    else:
        for name, would, differ in found:
            click.echo(f"{name}: {WOULD[would]}")
            for each in differ if would == "change" else ():
                click.echo(printable(f"  {each.what}: {_told(each.before)} -> {_told(each.after)}"))
    return DONE if all(would == "keep" for _, would, _ in found) else FAILED


def _told(value: Any) -> str:
    return show_as.short(value if value is None or isinstance(value, str) else json.dumps(value))


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
    schedule: Schedule,
    repository: Path,
    team_name: str,
    directory: Path,
    view: View | None,
    send: submit.Send,
) -> dict[str, Any]:
    def say(text: str) -> None:
        if view:
            view.say(f"{schedule.name}: {text}")

    job = submit.prepared(repository / schedule.job, team_name, directory)
    beforehand.warn(job)
    return manifests.schedule_manifest(submit.pin(job, say, send), schedule)
