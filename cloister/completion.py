"""`cloister completion`: what a shell needs to complete commands, flags and the names of teams."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

VARIABLE = "_CLOISTER_COMPLETE"  # by which the shell asks; click's own form
INSTALL = {
    "bash": 'eval "$(cloister completion bash)"       in ~/.bashrc',
    "zsh": 'eval "$(cloister completion zsh)"        in ~/.zshrc, after compinit',
    "fish": "cloister completion fish > ~/.config/fish/completions/cloister.fish",
}


@click.command(
    "completion",
    epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in INSTALL.values()) + "\n",
)
@click.argument("shell", type=click.Choice(list(INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, flags and teams."""
    kind = get_completion_class(shell)
    assert kind is not None
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "cloister", VARIABLE).source())
