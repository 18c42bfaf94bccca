"""`cloister status`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cloister.declarations import DeclarationErrors, Mistake, load
from cloister.declarations.completing import teams
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.terminal import Progress, width
from runner.client.cluster.options import CONTEXT, DONE, FAILED, answers
from runner.client.options import DIRECTORY
from runner.client.status.model import PlatformStatus


@click.command(
    "status",
    epilog="""\b
Examples:
  cloister status                                   all teams, the last four weeks
  cloister status --team fakespot --weeks 12
  cloister status --format html --output status.html
  cloister status --format json | jq '.attention'
  cloister status --models --weeks 12               how often and how fast models change

Exit codes: 0 everything could be read and nothing needs anybody; 1 something does, or could not be read;
2 the declarations are wrong.
""",
)
@click.option(
    "--team",
    "chosen",
    multiple=True,
    shell_complete=teams,
    help="Only this team; may be repeated. Default: all.",
)
@click.option(
    "--weeks", type=click.IntRange(1, 52), default=4, show_default=True, help="How far back runs are counted."
)
@click.option(
    "--models",
    is_flag=True,
    help="With the teams' models: how often and how fast they change. Text and JSON.",
)
@DIRECTORY
@CONTEXT
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "html"]), default="text", show_default=True
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the answer here instead of printing it."
)
@answers
def status(
    chosen: tuple[str, ...],
    weeks: int,
    models: bool,
    directory: Path,
    context: str | None,
    format_: str,
    output: Path | None,
) -> None:
    """How the platform stands: runs, schedules, queues, quotas, and what expires.

    From the declarations, Kubernetes and the teams' log buckets. What cannot be read is said, never guessed.
    """
    from runner.client.status import collect

    if models and format_ == "html":
        raise click.UsageError("--models is for text and JSON; the page does not show models")
    declarations = load(directory)
    unknown = [name for name in chosen if name not in declarations.teams]
    if unknown:
        known = ", ".join(declarations.teams) or "none"
        raise DeclarationErrors(
            Mistake(
                "teams",
                1,
                f"found no team {shown(name)}, expected one of {known}{nearest(name, declarations.teams)}",
            )
            for name in unknown
        )
    with Progress("teams asked") as progress:
        found = collect.platform(
            declarations, chosen or declarations.teams, weeks, context, progress.tell, models
        )
    text = _rendered(found, format_)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
        click.echo(f"wrote {output}", err=True)
    raise SystemExit(FAILED if any(found.attention()) or any(found.unread()) else DONE)


def _rendered(found: PlatformStatus, format_: str) -> str:
    if format_ == "json":
        from runner.client.status.as_json import as_dict

        return json.dumps(as_dict(found), indent=2, ensure_ascii=False)
    if format_ == "html":
        from runner.client.status import as_html

        return as_html.render(found)
    from runner.client.status import as_text

    return "\n".join(as_text.render(found, width()))
