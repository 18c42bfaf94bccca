"""`cloister job`: run a job here, or submit it to the platform."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.client.later import LateGroup, Later
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import View, printable, size

if TYPE_CHECKING:
    from runner.client.jobs import Prepared
    from runner.client.local import Finished

DONE, FAILED, WRONG_QUESTION = 0, 1, 2
MANY = 20  # files of one output directory that are listed one by one
_CLUSTER = "runner.client.cluster"
CHECK = {
    "check": Later("runner.client.checking:check", "Read a job: is it right, and does it want the network?")
}
ON_THE_PLATFORM = {
    "submit": Later(f"{_CLUSTER}.submitting:submit_", "Submit a job to the platform."),
    "deploy": Later(f"{_CLUSTER}.deploying:deploy", "Pin the jobs of the team's schedules by digest."),
    "schedule": Later(f"{_CLUSTER}.scheduling:schedule", "List, show, suspend and resume schedules."),
    "list": Later(f"{_CLUSTER}.reading:list_", "Runs of the team, and each job's success."),
    "status": Later(f"{_CLUSTER}.reading:status", "How a run stands or ended, why, and what to do next."),
    "logs": Later(f"{_CLUSTER}.reading:logs", "What a run printed."),
    "errors": Later(f"{_CLUSTER}.investigating:errors", "Failures, grouped by fingerprint."),
    "cancel": Later(f"{_CLUSTER}.submitting:cancel", "End a run."),
    "compare": Later(f"{_CLUSTER}.investigating:compare", "What changed between two runs."),
}


@click.group(
    cls=LateGroup,
    later=CHECK | ON_THE_PLATFORM,
    epilog="""\b
Examples:
  cloister job run examples/fakespot/job.yaml --team fakespot
  cloister job check job.yaml --team fakespot
  cloister job submit job.yaml --team fakespot --follow
  cloister job status 0123abcd --team fakespot
""",
)
def job() -> None:
    """Run a job here, or submit it to the platform."""


@job.command(
    short_help="Run a job here, sealed, on an object store of this machine.",
    epilog="""\b
Examples:
  cloister job run examples/fakespot/job.yaml --team fakespot
  cloister job run job.yaml --team fakespot --data /data/sample --format json

Exit codes: 0 the run is done; 1 it failed; 2 it could not be run as asked.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--team", "team_name", required=True, help="The team whose job it is: a file of teams/.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the inputs lie on this machine, as data/... below it. Default: beside FILE.",
)
@DIRECTORY
@FORMAT
def run(file: Path, team_name: str, data: Path | None, directory: Path, format_: str) -> None:
    """Run the job in FILE on an object store of this machine, sealed as on the platform.

    Outputs are copied to .cloister/runs/<run id>/.
    """
    # Imported here: `cloister job --help` needs none of the store's libraries.
    from runner.client.jobs import prepare

    code, _ = run_here(prepare(file, team_name, directory, data), format_)
    raise SystemExit(code)


def run_here(prepared: Prepared, format_: str) -> tuple[int, Finished | None]:
    """Run a job on this machine and say how it ended; the command line's exit code, and the run where there was one."""
    from runner.client import libraries, local, object_store
    from runner.image.exits import Failure, exit_class

    view = View(sys.stderr if format_ == "json" else sys.stdout)
    try:
        finished = local.run(prepared, view)
    except (libraries.NotBuilt, object_store.NotStarted, Failure) as error:
        click.echo(str(error), err=True)
        return WRONG_QUESTION, None
    cause = str(finished.record.get("cause", ""))
    if format_ == "json":
        report = {
            "version": 1,
            "run_id": finished.run_id,
            "team": prepared.team.team,
            "job": prepared.job.name,
            "exit": finished.exit,
            "exit_class": exit_class(finished.exit),
            "seconds": round(finished.seconds, 3),
            "directory": str(finished.directory),
            "outputs": [{"path": path, "bytes": count} for path, count in finished.outputs],
            "record": finished.record,
        }
        click.echo(json.dumps(report, indent=2))
    else:
        _summary(view, finished, exit_class(finished.exit), cause)
    return (DONE if finished.exit == 0 else FAILED), finished


def _summary(view: View, finished: Finished, ended: str, cause: str) -> None:
    for name, value in finished.record.get("metrics", {}).items():
        view.say(f"{name} {value:g}")
    if finished.exit == 0:
        view.say(f"outputs in {finished.directory}/")
        for line in listed(finished.outputs):
            view.say(f"  {printable(line)}")
    else:
        cure = finished.record.get("cure", "")
        view.say(printable(f"{ended} (exit {finished.exit}): {cause}" + (f". {cure}" if cure else "")))
        view.say(f"the run's log is {finished.directory}/log.jsonl")
    view.say(f"{ended} in {finished.seconds:.1f} s")


def listed(outputs: Sequence[tuple[str, int]]) -> list[str]:
    """Output files with their sizes; a directory of many as one line."""
    folders: dict[str, list[tuple[str, int]]] = {}
    for path, count in outputs:
        folders.setdefault("/".join(path.split("/")[:2]), []).append((path, count))
    lines = []
    for folder, files in folders.items():
        if len(files) > MANY:
            lines.append(f"{folder}/  {len(files)} files, {size(sum(count for _, count in files))}")
        else:
            lines += [f"{path}  {size(count)}" for path, count in files]
    return lines
