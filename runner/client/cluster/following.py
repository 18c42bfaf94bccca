"""A run's log on a terminal, until the run has ended."""

from __future__ import annotations

import json
import sys

import click

from runner.client.cluster.entries import Entry, label
from runner.client.cluster.history import History
from runner.client.cluster.options import DONE, FAILED
from runner.client.cluster.runs import Run, State
from runner.client.view import View


class Printer:
    """Entries as people read them, or as they were written."""

    def __init__(self, format_: str, *, many: bool = False) -> None:
        self._json, self._many = format_ == "json", many
        self._view = View(sys.stdout)
        self._of: tuple[str, str] | None = None

    def entry(self, entry: Entry) -> None:
        if self._json:
            click.echo(json.dumps(entry, ensure_ascii=False))
            return
        of = (label(entry, "shard"), label(entry, "attempt"))
        if self._many and all(of) and of != self._of:
            self._of = of
            self._view.say(f"shard {of[0]}, attempt {of[1]}")
        self._view.entry(entry)


def follow(history: History, name: str, format_: str, printer: Printer | None = None) -> int:
    """Show a run's entries as they come; the command line's exit code for how it ended."""
    first = history.find(name)
    if first is None:
        raise history.missing(name, "a run that has ended cannot be followed")
    show = printer or Printer(format_, many=first.shards > 1)
    if format_ == "text" and first.state is State.WAITING:
        click.echo(f"{history.explained(first)}", err=True)
    for entry in history.pods.follow(lambda: history.again(first)):
        show.entry(entry)
    last = history.again(first) or first
    if format_ == "text":
        click.echo(f"{last.state}: {history.explained(last)}" if last.state is not State.DONE else "done")
    return DONE if last.state is State.DONE else FAILED


def ended_well(run: Run) -> bool:
    """Whether a run is not at fault: it is done, or goes on."""
    return run.state not in (State.FAILED, State.CANCELLED)
