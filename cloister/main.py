"""The `cloister` command: a table of sub-commands, each imported when it is called.

Exit codes: 0 done, 1 the answer is no, 2 the question was wrong. A mistake of the user ends in one line per
mistake on stderr, never in a stack trace.
"""

from __future__ import annotations

import codecs
import importlib
import io
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import click
from click.shell_completion import CompletionItem

WRONG_QUESTION = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells say it
CLOSED_PIPE = 141  # 128 + SIGPIPE
NARROWEST, WIDEST = 30, 110  # columns of help texts


class Lazy(NamedTuple):
    """Where a sub-command lives, and the line it has in the list."""

    target: str
    summary: str


COMMANDS = {
    "check": Lazy("policies.command:check", "Prove that no team's data can leave."),
    "explain": Lazy("policies.command:explain", "What a channel or finding means, and how to close it."),
    "diff": Lazy("policies.command:diff", "What a change opens, closes or makes reachable."),
    "audit": Lazy("audit.command:audit", "Prove what is deployed, not what was planned."),
    "team": Lazy("cloister.team:team", "Onboard a team, and see what it gets."),
    "job": Lazy("runner.client.command:job", "Run a job here, or submit it to the platform."),
    "model": Lazy("runner.client.models.command:model", "Publish, compare, promote and release models."),
    "env": Lazy("runner.client.environments:env", "Build and list a job's environments."),
    "status": Lazy(
        "runner.client.status.command:status", "How the platform stands, and what needs somebody."
    ),
    "image": Lazy("stacks.publish.command:image", "Publish the platform's images."),
    "flow": Lazy("runner.client.flow:flow", "Lint, run and deploy flows inside the boundary."),
    "completion": Lazy("cloister.completion:completion", "Completion for bash, zsh and fish."),
}

EXAMPLES = """\b
Examples:
  cloister check                                    prove what `make synth` wrote
  cloister explain NET-06                           read about one channel
  cloister team new search --members group:search-ml@acme.example
  cloister job run examples/fakespot/job.yaml --team fakespot
"""


class LazyGroup(click.Group):
    """A group that imports a sub-command's module only when the sub-command is called."""

    def __init__(self, *args: Any, lazy: dict[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            from cloister.declarations.mistakes import nearest, shown

            known = ", ".join(self._lazy)
            ctx.fail(
                f"found the command {shown(args[0])}, expected one of {known}{nearest(args[0], self._lazy)}"
            )
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name].target.partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
            return _not_built(cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in self._lazy.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table, so that pressing a key imports nothing."""
        found = [
            CompletionItem(name, help=lazy.summary)
            for name, lazy in self._lazy.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        if os.environ.get("NO_COLOR"):
            kwargs.setdefault("color", False)
        # click itself never goes below 50 columns.
        columns = max(NARROWEST, shutil.get_terminal_size().columns)
        kwargs.setdefault("terminal_width", min(columns, WIDEST) - 2)
        return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads any more; what is still buffered must not fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(CLOSED_PIPE)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except click.FileError as error:
            click.echo(error.format_message(), err=True)
            ctx.exit(WRONG_QUESTION)
        except OSError as error:
            if error.filename is None:
                raise
            click.echo(f"{os.fspath(error.filename)}: {error.strerror}", err=True)
            ctx.exit(WRONG_QUESTION)
        except Exception as error:
            _declared(ctx, error)
            raise
        return result


def _declared(ctx: click.Context, error: Exception) -> None:
    """End with one line per mistake where the declarations are at fault."""
    # Looked up, not imported: an error of theirs cannot occur before they are loaded, and loading is slow.
    declarations = sys.modules.get("cloister.declarations")
    if declarations is None or not isinstance(error, declarations.DeclarationErrors):
        return
    for mistake in error.mistakes:
        click.echo(str(mistake), err=True)
    ctx.exit(WRONG_QUESTION)


def _not_built(name: str) -> click.Command:
    """A command that the design names and this version does not have."""

    @click.command(
        name,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )
    @click.pass_context
    def answer(ctx: click.Context) -> NoReturn:
        click.echo(f"cloister {name}: not built yet", err=True)
        ctx.exit(WRONG_QUESTION)

    return answer


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)
@click.version_option(package_name="cloister", message="cloister %(version)s")
def cli() -> None:
    """One proven place on Google Cloud for every ML team's jobs."""


def _numbered(error: UnicodeError) -> tuple[str, int]:
    """Letters that a terminal cannot show as JSON writes them, so that JSON stays JSON there."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)), error.end


def main(arguments: Sequence[str] | None = None) -> None:
    """The console command."""
    codecs.register_error("numbered", _numbered)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="numbered")
    cli.main(args=arguments, prog_name="cloister")
