"""`cloister job check`: a job file, its code and its lock, read and not run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from runner.client import beforehand, packages
from runner.client.cluster import submit
from runner.client.cluster.options import DONE, FAILED, TEAM, print_json
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import printable, size


@click.command(
    "check",
    epilog="""\b
Examples:
  cloister job check examples/fakespot/job.yaml --team fakespot
  cloister job check job.yaml --team fakespot --format json

Exit codes: 0 nothing found; 1 something wants the network, which a sealed job has not; 2 the job cannot run as written.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@TEAM
@DIRECTORY
@FORMAT
def check(file: Path, team_name: str, directory: Path, format_: str) -> None:
    """Read the job in FILE as `job submit` does, and name what in its code and lock would want the network.

    Nothing is imported, run, uploaded or asked of the cluster.
    """
    job = submit.prepared(file, team_name, directory)
    code = packages.pack(job.folder / job.job.code)
    found = beforehand.findings(job)
    network = "sealed" if job.sealed else "project"
    if format_ == "json":
        print_json(
            {
                "version": 1,
                "job": job.job.name,
                "team": team_name,
                "network": network,
                "code": packages.digest(code),
                "findings": [asdict(finding) for finding in found],
            }
        )
    else:
        for finding in found:
            click.echo(printable(str(finding)))
        said = f"{len(found)} found" if found else "nothing found"
        click.echo(f"{job.job.name} for team {team_name}, {network}: {said}; its code is {size(len(code))}")
    raise SystemExit(FAILED if found else DONE)
