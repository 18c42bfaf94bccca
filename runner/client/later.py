"""Commands that are imported when they are called: `--help` needs neither Kubernetes' client nor the store's."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem


class Later(NamedTuple):
    """Where a command lives, as `module:attribute`, and the line it has in the list."""

    target: str
    summary: str


class LateGroup(click.Group):
    """A group that has some of its commands at hand, and imports the others."""

    def __init__(self, *args: Any, later: Mapping[str, Later], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._later = later

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self._later]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._later:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._later[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What is at hand and the table of the others, so that pressing a key imports nothing."""
        known = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        known |= {name: later.summary for name, later in self._later.items()}
        found = [
            CompletionItem(name, help=says) for name, says in known.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, command.get_short_help_str(80)) for name, command in self.commands.items()]
        rows += [(name, later.summary) for name, later in self._later.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
