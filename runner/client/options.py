"""The options that all of the client's commands share; nothing heavy is imported for them."""

from __future__ import annotations

from pathlib import Path

import click

DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where boundary.yaml, platform.yaml and teams/ lie. Default: here.",
)
FORMAT = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
