"""`cloister team`: onboard a team with one file, and see what each team gets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cloister.declarations import Team, load, load_with
from cloister.declarations.completing import teams
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.schemas import MODELS, schema
from cloister.declarations.terminal import table
from cloister.fields import FIELDS, HEADER, as_yaml, content, gpus_of
from cloister.receives import described, lines

DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where boundary.yaml, platform.yaml and teams/ lie. Default: here.",
)
FORMAT = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)


_NEEDED = {"name": "NAME", "members": "--members"}


def _gpus(_ctx: click.Context, _parameter: click.Parameter, pairs: tuple[str, ...]) -> dict[str, int]:
    try:
        return gpus_of(pairs)
    except ValueError as error:
        raise click.BadParameter(f"found {shown(str(error))}, expected TYPE=COUNT, as nvidia-l4=4") from None


@click.group(
    epilog="""\b
Examples:
  cloister team new search --members group:search-ml@acme.example --cpu 32 --memory 128Gi
  cloister team list
  cloister team show fakespot --format json
"""
)
def team() -> None:
    """Onboard a team, and see what it gets."""


def _flag(*names: str, key: str, **options: Any) -> Callable[[Any], Any]:
    """A flag of `team new`, described as the question is."""
    field = FIELDS[key]
    shown_default = field.default not in (None, (), False)
    return click.option(*names, help=field.help, default=field.default, show_default=shown_default, **options)


@team.command(
    "new",
    epilog="""\b
Examples:
  cloister team new                                 on a terminal: asks, and explains each field
  cloister team new search --members group:search-ml@acme.example
  cloister team new vision --members group:vision-ml@acme.example --cpu 64 --memory 256Gi --gpu nvidia-l4=4
""",
)
@click.argument("name", required=False)
@_flag("--members", key="members")
@_flag("--network", key="network")
@_flag("--cpu", key="cpu", type=int)
@_flag("--memory", key="memory")
@_flag("--gpu", "gpus", key="gpus", multiple=True, metavar="TYPE=COUNT", callback=_gpus)
@_flag("--max-run-hours", key="max_run_hours", type=int)
@_flag("--isolation", key="isolation")
@_flag("--budget", "monthly", key="monthly", type=int)
@_flag("--currency", key="currency")
@_flag("--metaflow", key="metaflow", is_flag=True)
@DIRECTORY
@FORMAT
@click.pass_context
def new(ctx: click.Context, /, directory: Path, format_: str, **answers: Any) -> None:
    """Write teams/NAME.yaml. Everything is checked first; a file that exists is never touched.

    Without NAME or --members, and on a terminal, it asks for what no flag says.
    """
    asking = format_ == "text" and None in (answers["name"], answers["members"]) and _on_a_terminal()
    if asking:
        answers = _answered(ctx, directory, answers)
    elif missing := [given for key, given in _NEEDED.items() if answers[key] is None]:
        raise click.UsageError(f"found no {' and no '.join(missing)}, expected both; on a terminal it asks")
    name = answers["name"]
    file = directory.joinpath("teams", f"{name}.yaml")
    # Compared with what is there: until it is checked, the name is no path to open.
    if name in {path.stem for path in file.parent.glob("*.yaml")}:
        raise click.UsageError(f"teams/{name}.yaml exists already; edit it, or choose another name")
    text = HEADER + as_yaml(content(answers))
    declarations = load_with(directory, name, text)
    if asking:
        click.echo(f"\nteams/{name}.yaml:\n")
        click.echo(text)
        click.confirm("Write it?", default=True, abort=True)
    file.parent.mkdir(exist_ok=True)
    with file.open("x", encoding="utf-8") as stream:
        stream.write(text)
    if format_ == "json":
        _print_json({"version": 1, "file": f"teams/{name}.yaml", "team": described(declarations, name)})
        return
    click.echo(f"wrote teams/{name}.yaml\n\nWith it the team gets:")
    for line in lines(declarations, name):
        click.echo(line)
    click.echo(
        "\nNext: run `make synth check`, then open a pull request with this one file. Nothing exists on Google\n"
        f"Cloud before it is merged and `cdktf deploy team-{name}` has run. Meanwhile jobs run on this machine:\n"
        f"`cloister job run examples/fakespot/job.yaml --team {name}`."
    )


@team.command("list", epilog="\b\nExample:\n  cloister team list --format json\n")
@DIRECTORY
@FORMAT
def list_(directory: Path, format_: str) -> None:
    """All teams with their members, network and quota."""
    declarations = load(directory)
    if format_ == "json":
        every = [described(declarations, name) for name in declarations.teams]
        _print_json({"version": 1, "teams": every})
        return
    rows: list[tuple[str, ...]] = [
        ("TEAM", "MEMBERS", "NETWORK", "CPU", "MEMORY", "GPUS", "HOURS", "SCHEDULES")
    ]
    rows += [_row(each) for each in declarations.teams.values()]
    for line in table(rows):
        click.echo(line)


@team.command("show", epilog="\b\nExample:\n  cloister team show fakespot\n")
@click.argument("name", shell_complete=teams)
@DIRECTORY
@FORMAT
def show(name: str, directory: Path, format_: str) -> None:
    """What one team declared, and the names of everything it gets for it."""
    declarations = load(directory)
    if name not in declarations.teams:
        known = list(declarations.teams)
        raise click.UsageError(
            f"found no team {shown(name)}, expected one of {', '.join(known)}{nearest(name, known)}"
        )
    description = described(declarations, name)
    if format_ == "json":
        _print_json({"version": 1, "team": description})
        return
    click.echo(as_yaml(description["declared"]))
    for line in lines(declarations, name):
        click.echo(line)


@team.command(
    "schema",
    epilog="""\b
Examples:
  cloister team schema team
  cloister team schema --output docs/schemas
""",
)
@click.argument("declaration", type=click.Choice(list(MODELS)), required=False)
@click.option(
    "--output",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Write all of them into this directory.",
)
def schema_(declaration: str | None, output: Path | None) -> None:
    """The JSON Schema of a declaration: boundary, platform, team (the default) or job."""
    if output is None:
        _print_json(schema(declaration or "team"))
        return
    for name in [declaration] if declaration else MODELS:
        (output / f"{name}.json").write_text(_json(schema(name)) + "\n", encoding="utf-8")
        click.echo(f"wrote {output / name}.json")


def _row(each: Team) -> tuple[str, ...]:
    gpus = ", ".join(f"{count} {kind}" for kind, count in each.quota.gpus.items()) or "-"
    quota = each.quota
    hours, schedules = str(quota.max_run_hours), str(len(each.schedules))
    return (each.team, each.members, each.network, str(quota.cpu), quota.memory, gpus, hours, schedules)


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _answered(ctx: click.Context, directory: Path, answers: dict[str, Any]) -> dict[str, Any]:
    """The flags' answers, and those a person gives to the other questions."""
    from cloister.questions import ask

    given = {
        key: answers[key] for key in FIELDS if ctx.get_parameter_source(key) is not ParameterSource.DEFAULT
    }
    return ask(directory, given)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _print_json(value: object) -> None:
    click.echo(_json(value))
