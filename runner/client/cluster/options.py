"""What the commands over the cluster share: their options, and how mistakes are answered."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cloister.declarations.completing import teams
from runner.client import libraries
from runner.client.cluster.connection import Cluster, Refused
from runner.client.cluster.entries import Unreadable
from runner.client.cluster.history import History, NoSuchRun
from runner.client.cluster.place import place
from runner.client.cluster.upload import NotUploaded

DONE, FAILED, WRONG_QUESTION = 0, 1, 2
Command = TypeVar("Command", bound=Callable[..., Any])

TEAM = click.option(
    "--team",
    "team_name",
    required=True,
    help="The team whose runs they are: a file of teams/.",
    shell_complete=teams,
)
CONTEXT = click.option("--context", help="The kubeconfig's context. Default: its current one.")


def answers(command: Command) -> Command:
    """One line for what the cluster, the store or the machine refuses, and exit 2."""

    @functools.wraps(command)
    def answered(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (Refused, Unreadable, NoSuchRun, NotUploaded, libraries.NotBuilt) as error:
            click.echo(str(error), err=True)
            raise SystemExit(WRONG_QUESTION) from None

    return answered  # type: ignore[return-value]


def history(team_name: str, directory: Path, context: str | None) -> History:
    """A team's runs. Raises DeclarationErrors and Refused."""
    there = place(team_name, directory)
    return History(there, Cluster(there, context))


def print_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))
