"""`cloister model serve`: the version that is in a stage, served on this machine as its pod would serve it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import View, printable

STAGES = ("staging", "production")
DONE, NO, WRONG_QUESTION = 0, 1, 2


@click.command(
    epilog="""\b
Examples:
  cloister model serve reviews --team fakespot
  cloister model serve reviews --stage staging --port 8000 --team fakespot
  cloister model serve reviews --team fakespot --format json | jq 'select(.event == "request").milliseconds'
  curl -s localhost:8000/invocations -H 'Content-Type: application/json' -d '{"instances": [{"x": 1}]}'

With --format json, a line for each entry of the server's log.

Exit codes: 0 ended by Ctrl-C; 1 it cannot be served; 2 it could not be asked for.
"""
)
@click.argument("name")
@click.option(
    "--stage",
    default="production",
    show_default=True,
    type=click.Choice(STAGES),
    help="What to serve.",
)
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="The port of 127.0.0.1. Default: a free one."
)
@click.option("--team", "team_name", required=True, help="Its team, as teams/ names it.")
@DIRECTORY
@FORMAT
def serve(name: str, stage: str, port: int, team_name: str, directory: Path, format_: str) -> None:
    """Serve a promoted model on this machine: sealed, ready once it answers its golden requests.

    Models are those of `cloister model promote --local`. Whoever reaches 127.0.0.1 may call.
    """
    # Imported here: `cloister model --help` needs none of the store's libraries.
    from runner.client.jobs import find_team
    from runner.client.models.asking import NoAnswer
    from runner.client.models.here import Here
    from runner.client.object_store import NotStarted
    from runner.image.exits import Failure
    from runner.image.models.request import Request, read

    declarations, team = find_team(team_name, directory)
    try:
        read(Request("pull", {"name": name, "stage": stage}).dump())
        with Here(declarations, team).serving(name, stage, port) as (answer, server):
            if server is None or server.stdout is None:
                if format_ == "json":
                    click.echo(json.dumps(answer.record))
                click.echo(printable(f"{answer.record['cause']}. {answer.record['cure']}"), err=True)
                raise SystemExit(NO)
            view = View()
            try:
                for line in server.stdout:
                    if format_ == "json":
                        click.echo(json.dumps(json.loads(line)))
                    else:
                        _tell(view, json.loads(line))
                code = server.wait()
            except KeyboardInterrupt:
                code = DONE
    except (NoAnswer, NotStarted, Failure) as error:
        click.echo(printable(str(error)), err=True)
        raise SystemExit(WRONG_QUESTION) from None
    raise SystemExit(DONE if code == 0 else NO)


def _tell(view: View, entry: dict[str, Any]) -> None:
    """A line for what a person at the server wants to know; the server's own log has more."""
    match entry.get("event"):
        case "listening":
            view.say(f"at http://127.0.0.1:{entry['port']}/invocations")
        case "serving":
            view.say(entry["message"])
        case "ready":
            view.say(f"ready: {entry['message']}")
        case "request":
            view.say(printable(f"  {entry['message']}, {entry['milliseconds']:g} ms"))
        case "not-ready" | "no-answer" | "failed" | "server":
            view.entry({**entry, "event": "failed"})
        case _:
            view.entry(entry)
