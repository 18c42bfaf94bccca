"""`cloister team`: onboard a team with one file, and see what each team gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import yaml

from cloister.declarations import Declarations, Team, load, load_with, names
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.schemas import MODELS, schema

DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where boundary.yaml, platform.yaml and teams/ lie. Default: here.",
)
HEADER = """# The team owns this file; onboarding is one pull request with it.
# yaml-language-server: $schema=../docs/schemas/team.json
"""
FORMAT = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)


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


@team.command(
    "new",
    epilog="""\b
Examples:
  cloister team new search --members group:search-ml@acme.example
  cloister team new vision --members group:vision-ml@acme.example --cpu 64 --memory 256Gi --gpu nvidia-l4=4
""",
)
@click.argument("name")
@click.option("--members", required=True, help="Who submits jobs and reads logs: group:NAME@DOMAIN.")
@click.option("--cpu", type=int, default=16, show_default=True, help="CPUs of all the team's pods together.")
@click.option("--memory", default="64Gi", show_default=True, help="Memory of all the team's pods together.")
@click.option("--gpu", "gpus", multiple=True, metavar="TYPE=COUNT", help="A GPU quota; may be repeated.")
@click.option("--max-run-hours", type=int, default=24, show_default=True, help="The longest run.")
@click.option("--budget", "monthly", type=int, help="A monthly budget in EUR.")
@click.option("--isolation", default="shared", show_default=True, help="shared or dedicated nodes.")
@click.option("--metaflow", is_flag=True, help="Configure Metaflow for the team.")
@DIRECTORY
@FORMAT
def new(
    name: str,
    members: str,
    cpu: int,
    memory: str,
    gpus: tuple[str, ...],
    max_run_hours: int,
    monthly: int | None,
    isolation: str,
    metaflow: bool,
    directory: Path,
    format_: str,
) -> None:
    """Write teams/NAME.yaml. Everything is checked first; a file that exists is never touched."""
    quota = {"cpu": cpu, "memory": memory, "gpus": _gpus(gpus), "max_run_hours": max_run_hours}
    content: dict[str, Any] = {
        "team": name,
        "members": members,
        "network": "sealed",
        "quota": {key: value for key, value in quota.items() if value != {}},
        "isolation": isolation,
        "metaflow": metaflow,
    }
    if monthly is not None:
        content["budget"] = {"monthly": monthly, "currency": "EUR"}
    file = directory.joinpath("teams", f"{name}.yaml")
    # Compared with what is there: until it is checked, the name is no path to open.
    if name in {path.stem for path in file.parent.glob("*.yaml")}:
        raise click.UsageError(f"teams/{name}.yaml exists already; edit it, or choose another name")
    text = HEADER + _yaml(content)
    declarations = load_with(directory, name, text)
    file.parent.mkdir(exist_ok=True)
    with file.open("x", encoding="utf-8") as stream:
        stream.write(text)
    if format_ == "json":
        _print_json({"version": 1, "file": f"teams/{name}.yaml", "team": described(declarations, name)})
        return
    click.echo(f"wrote teams/{name}.yaml\n\nWith it the team gets:")
    _print_resources(described(declarations, name)["resources"])
    click.echo(
        "\nNext: run `make synth check`, then open a pull request with this one file. Nothing exists on Google\n"
        f"Cloud before it is merged and `cdktf deploy team-{name}` has run."
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
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@team.command("show", epilog="\b\nExample:\n  cloister team show fakespot\n")
@click.argument("name")
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
    click.echo(_yaml(description["declared"]))
    _print_resources(description["resources"])


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


def described(declarations: Declarations, name: str) -> dict[str, Any]:
    """A team as the JSON format gives it: what it declared, and the names of what it gets."""
    project = declarations.boundary.project
    declared = declarations.teams[name].model_dump(mode="json", by_alias=True, exclude_defaults=True)
    resources = {
        "namespace": names.namespace(name),
        "service_account": names.team_service_account_email(project, name),
        "kubernetes_service_account": names.KUBERNETES_SERVICE_ACCOUNT,
        "buckets": dict(names.buckets(project, name)),
        "log_bucket": names.log_bucket(name),
        "stack": names.team_stack(name),
    }
    return {"declared": declared, "resources": resources}


def _row(each: Team) -> tuple[str, ...]:
    gpus = ", ".join(f"{count} {kind}" for kind, count in each.quota.gpus.items()) or "-"
    quota = each.quota
    hours, schedules = str(quota.max_run_hours), str(len(each.schedules))
    return (each.team, each.members, each.network, str(quota.cpu), quota.memory, gpus, hours, schedules)


def _print_resources(resources: dict[str, Any]) -> None:
    purposes = {
        "code": "its people upload code, and never read it back",
        "data": "its inputs; no person reads them",
        "artifacts": "models and files of its runs; no person reads them",
        "results": "what a release may show to people",
    }
    click.echo(f"  namespace        {resources['namespace']}, sealed off by default")
    click.echo(f"  service account  {resources['service_account']}, for its jobs only")
    for kind, bucket in resources["buckets"].items():
        click.echo(f"  bucket           {bucket}: {purposes[kind]}")
    click.echo(f"  logs             {resources['log_bucket']}, a log bucket that its members read")


def _gpus(pairs: tuple[str, ...]) -> dict[str, int]:
    gpus: dict[str, int] = {}
    for pair in pairs:
        kind, _, count = pair.partition("=")
        if not kind or not count.isdecimal():
            raise click.BadParameter(
                f"found {shown(pair)}, expected TYPE=COUNT, as nvidia-l4=4", param_hint="--gpu"
            )
        gpus[kind] = int(count)
    return gpus


def _yaml(content: dict[str, Any]) -> str:
    """One line per key, nested mappings in braces: how the shipped files are written."""
    lines = []
    for key, value in content.items():
        written = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
        lines.append(f"{key}: {written.removesuffix('...' + chr(10)).rstrip()}")
    return "\n".join(lines) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _print_json(value: object) -> None:
    click.echo(_json(value))
