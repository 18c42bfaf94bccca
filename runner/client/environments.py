"""`cloister env`: a job's libraries, built once per lock file and uploaded once per team."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from runner.client import libraries
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import size

WRONG_QUESTION = 2


@click.group(
    epilog="""\b
Examples:
  cloister env build requirements.lock --team fakespot
  cloister env list
"""
)
def env() -> None:
    """Build and list a job's environments."""


@env.command(
    "build",
    epilog="""\b
Examples:
  cloister env build requirements.lock --team fakespot
  cloister env build requirements.lock          for runs on this machine only

Exit codes: 0 built; 2 it could not be built or uploaded.
""",
)
@click.argument("lock", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--team", "team_name", help="Upload it to this team's code bucket too.")
@DIRECTORY
@FORMAT
def build(lock: Path, team_name: str | None, directory: Path, format_: str) -> None:
    """Install the wheels that LOCK names by hash; with --team, upload them as one archive."""
    # Imported here: `cloister env --help` needs none of the store's libraries.
    from runner.client.cluster import environments
    from runner.client.cluster.place import place
    from runner.client.cluster.upload import NotUploaded, upload
    from runner.image.layout import ENVIRONMENTS

    def say(text: str) -> None:
        click.echo(text, err=True)

    there = place(team_name, directory) if team_name else None
    answer: dict[str, object] = {"version": 1}
    try:
        if there is None:
            answer["lock"] = libraries.build(lock, say)
        else:
            answer["lock"], archive = environments.archive(lock, say)
            project = there.declarations.boundary.project
            answer["environment"], sent = upload(there.code_bucket, project, ENVIRONMENTS, archive)
            say(f"{'uploaded' if sent else 'is there already'}: {size(len(archive))}")
    except (libraries.NotBuilt, NotUploaded) as error:
        click.echo(str(error), err=True)
        raise SystemExit(WRONG_QUESTION) from None
    if format_ == "json":
        click.echo(json.dumps(answer, indent=2))
    else:
        for what, value in answer.items():
            if what != "version":
                click.echo(f"{what} {value}")


@env.command("list", epilog="\b\nExample:\n  cloister env list\n")
@FORMAT
def list_(format_: str) -> None:
    """The environments built on this machine. People cannot list a team's bucket."""
    found = []
    for folder in sorted(libraries.cache().glob("[0-9a-f]*")):
        if folder.is_dir() and len(folder.name) == 64:
            packages = sorted(path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info"))
            used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            built = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            found.append((f"sha256:{folder.name}", used, built, packages))
    if format_ == "json":
        listed = [
            {"lock": lock, "bytes": used, "built": f"{built:%Y-%m-%dT%H:%M:%SZ}", "packages": packages}
            for lock, used, built, packages in found
        ]
        click.echo(json.dumps({"version": 1, "environments": listed}, indent=2))
        return
    for lock, used, built, packages in found:
        names = ", ".join(package.replace("-", " ", 1) for package in packages[:4])
        more = f" and {len(packages) - 4} more" if len(packages) > 4 else ""
        click.echo(f"{lock[7:19]}  {size(used):>9}  built {built:%Y-%m-%d}  {names}{more}")
    if not found:
        click.echo("no environments on this machine yet: cloister env build LOCK")
