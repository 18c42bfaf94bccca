"""`cloister model`: a finished run becomes a version; versions are compared, promoted, rolled back and released."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.fields import memory_bytes
from cloister.declarations.mistakes import shown as as_found
from runner.client.models import shown
from runner.client.models.asking import Answer, NoAnswer, declared_release, team_file
from runner.client.models.serving import serve
from runner.client.options import DIRECTORY, FORMAT

DONE, NO, WRONG_QUESTION = 0, 1, 2
Command = TypeVar("Command", bound=Callable[..., Any])
STAGES = ("staging", "production")
_BOUND = re.compile(r"([A-Za-z_][A-Za-z0-9_.]{0,62})=(-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)")


def common(command: Command) -> Command:
    """The options of every verb, and one line for what goes wrong on the way to the registry."""

    @functools.wraps(command)
    def answered(
        team_name: str, directory: Path, context: str | None, local: bool, format_: str, **given: Any
    ) -> None:
        # Imported here: `cloister model --help` needs neither Kubernetes' client nor the store's.
        from runner.client.cluster.connection import Cluster, Refused
        from runner.client.cluster.history import NoSuchRun
        from runner.client.cluster.place import Place
        from runner.client.jobs import find_team
        from runner.client.models.here import Here
        from runner.client.models.there import There
        from runner.client.object_store import NotStarted
        from runner.image.exits import Failure
        from runner.image.models.request import Request

        declarations, team = find_team(team_name, directory)
        try:
            place = Place(declarations, team)
            registry = Here(declarations, team) if local else There(place, Cluster(place, context))
            asked = Asked(registry, declarations, team, Request)
            answer, lines = command(asked, **given)
            raise SystemExit(_tell(answer, lines, format_))
        except (Refused, NoAnswer, NotStarted, NoSuchRun, Failure) as error:
            click.echo(str(error), err=True)
            raise SystemExit(WRONG_QUESTION) from None

    for option in (
        FORMAT,
        click.option(
            "--local", is_flag=True, help="Ask the registry of this machine, over runs of `cloister job run`."
        ),
        click.option("--context", help="The kubeconfig's context. Default: its current one."),
        DIRECTORY,
        click.option(
            "--team", "team_name", required=True, help="The team whose models they are: a file of teams/."
        ),
    ):
        answered = option(answered)
    return answered  # type: ignore[return-value]


class Asked:
    """One question: the registry it goes to, and what is declared about the team."""

    def __init__(self, registry: Any, declarations: Any, team: Any, request: Any) -> None:
        self.registry, self.team = registry, team
        self._declarations, self._request = declarations, request

    @property
    def team_file(self) -> str:
        return team_file(self._declarations, self.team)

    def ask(self, verb: str, **given: Any) -> Answer:
        # What the runner would refuse in its pod is refused before there is one.
        request = self._request(verb, given)
        answer: Answer = self.registry.ask(_checked(request))
        return answer


def _checked(request: Any) -> Any:
    from runner.image.models.request import read

    return read(request.dump())


def _tell(answer: Answer, lines: Callable[[Answer], Iterable[str]], format_: str) -> int:
    code = answer.exit
    if format_ == "json":
        content = {"version": 1, **answer.record, "rows": answer.rows}
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    elif code == 0:
        for line in lines(answer):
            click.echo(line)
    else:
        record = answer.record
        for message in answer.messages:
            click.echo(shown.printable(f"  | {message}"), err=True)
        click.echo(shown.printable(f"{record['cause']}. {record['cure']}".rstrip(". ")), err=True)
    return DONE if code == 0 else NO


def _bounds(options: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Rules by metric from NAME=NUMBER options. Raises DeclarationErrors with every mistake."""
    rules: dict[str, dict[str, Any]] = {}
    mistakes = []
    for bound, texts in options.items():
        for text in texts:
            found = _BOUND.fullmatch(text)
            if found:
                rules.setdefault(found[1], {"metric": found[1]})[bound] = float(found[2])
            else:
                option = f"--{bound.replace('_', '-')}"
                mistakes.append(
                    Mistake(option, 1, f"found {as_found(text)}, expected METRIC=NUMBER, as accuracy=0.9")
                )
    if mistakes:
        raise DeclarationErrors(mistakes)
    return list(rules.values())


@click.group(
    epilog="""\b
Examples:
  cloister model publish 0123abcd reviews --team fakespot
  cloister model list --team fakespot
  cloister model promote reviews 3 --to production --team fakespot --at-least accuracy=0.9 --reason "new data"
  cloister model rollback reviews --stage production --team fakespot --reason "complaints"

Exit codes: 0 done; 1 the registry's answer is no; 2 it could not be asked.
"""
)
def model() -> None:
    """Publish, compare, promote and release a team's models.

    A model is a folder with a card, model.json, among the artifacts of a finished run.
    """


@model.command(
    epilog="""\b
Examples:
  cloister model publish 0123abcd reviews --team fakespot
  cloister model publish 0123abcd reviews --team fakespot --local
"""
)
@click.argument("run")
@click.argument("name")
@click.option(
    "--folder", default="", help="Where model.json lies in the run's artifacts, where there are several."
)
@common
def publish(asked: Asked, run: str, name: str, folder: str) -> Any:
    """Make RUN the next version of the model NAME. A run that is one already stays that version."""
    job, run_id = asked.registry.job_of(run)
    by = asked.registry.who
    given = {
        "name": name,
        "job": job,
        "run_id": run_id,
        "folder": folder,
        "by": by,
        "team_file": asked.team_file,
    }
    return asked.ask("publish", **given), shown.published


@model.command(
    "list",
    epilog="""\b
Example:
  cloister model list --team fakespot
""",
)
@click.argument("name", required=False)
@common
def list_(asked: Asked, name: str | None) -> Any:
    """List every version of NAME, or of all models."""
    return asked.ask("list", name=name), shown.listed


@model.command(
    epilog="""\b
Example:
  cloister model show reviews 3 --team fakespot
"""
)
@click.argument("name")
@click.argument("number", type=click.IntRange(1))
@common
def show(asked: Asked, name: str, number: int) -> Any:
    """Show one version: its lineage, metrics, signature, files and what was done with it."""
    return asked.ask("show", name=name, number=number), shown.version


@model.command(
    epilog="""\b
Example:
  cloister model diff reviews 2 3 --team fakespot
"""
)
@click.argument("name")
@click.argument("first", type=click.IntRange(1))
@click.argument("second", type=click.IntRange(1))
@common
def diff(asked: Asked, name: str, first: int, second: int) -> Any:
    """Show what changed between two versions, in data, code, metrics and files."""
    return asked.ask("diff", name=name, first=first, second=second), shown.changes


_REASON = click.option("--reason", default="", help="Why, for the record.")


def _bound(name: str, text: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", multiple=True, metavar="METRIC=NUMBER", help=text)


@model.command(
    epilog="""\b
Examples:
  cloister model promote reviews 3 --to staging --team fakespot
  cloister model promote reviews 3 --to production --team fakespot --may-drop accuracy=0.01 --license MIT
"""
)
@click.argument("name")
@click.argument("number", type=click.IntRange(1))
@click.option("--to", "stage", required=True, type=click.Choice(STAGES), help="The stage.")
@_REASON
@_bound("at-least", "What the metric must reach.")
@_bound("at-most", "What the metric must not exceed.")
@_bound("may-drop", "How far the metric may fall below the version that is in the stage.")
@_bound("may-rise", "How far it may rise above it.")
@click.option(
    "--license",
    "licenses",
    multiple=True,
    help="A license (SPDX) that the model may have; repeat it for more.",
)
@click.option("--largest", metavar="SIZE", help="The size of all files at most, as 1Gi.")
@common
def promote(
    asked: Asked, name: str, number: int, stage: str, reason: str, licenses: tuple[str, ...], largest: str | None,
    **bounds: tuple[str, ...],
) -> Any:  # fmt: skip
    """Put a version into a stage, where its hashes, its golden requests and every check asked for hold."""
    rules = _bounds(bounds)
    try:
        size = None if largest is None else memory_bytes(largest)
    except ValueError:
        message = f"found {as_found(largest)}, expected a size, as 1Gi"
        raise DeclarationErrors([Mistake("--largest", 1, message)]) from None
    given = {"name": name, "number": number, "stage": stage, "by": asked.registry.who, "reason": reason}
    given |= {
        "team_file": asked.team_file,
        "rules": rules,
        "licenses": list(licenses) or None,
        "largest": size,
    }
    return asked.ask("promote", **given), shown.step


@model.command(
    epilog="""\b
Example:
  cloister model rollback reviews --stage production --team fakespot --reason complaints
"""
)
@click.argument("name")
@click.option(
    "--stage", required=True, type=click.Choice(STAGES), metavar="STAGE", help="staging or production."
)
@_REASON
@common
def rollback(asked: Asked, name: str, stage: str, reason: str) -> Any:
    """Put the version back that was in a stage before the one that is there."""
    given = {"name": name, "stage": stage, "by": asked.registry.who, "reason": reason}
    return asked.ask("rollback", **given), shown.step


@model.command(
    epilog="""\b
Example:
  cloister model release reviews 3 --team fakespot --reason "asked for by the press"
"""
)
@click.argument("name")
@click.argument("number", type=click.IntRange(1))
@_REASON
@common
def release(asked: Asked, name: str, number: int, reason: str) -> Any:
    """Copy a promoted version's files to the results bucket, for whom the team file releases it, until then.

    Golden requests stay inside, and so does everything whose loading could run code.
    """
    item = declared_release(asked.team)
    given = {"name": name, "number": number, "by": asked.registry.who, "reason": reason}
    given |= {"team_file": asked.team_file, "to": item.to, "why": item.why, "owner": item.owner}
    return asked.ask("release", **given, until=item.until.isoformat()), shown.released


model.add_command(serve)
