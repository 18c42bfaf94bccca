"""``cloister check``, ``cloister explain`` and ``cloister diff``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from cloister.declarations import DeclarationErrors
from cloister.declarations.terminal import Progress
from policies.check import check_paths, check_world, today, world_of
from policies.report.as_json import as_dict
from policies.report.as_text import no_paint, render
from policies.report.model import Report
from policies.report.plain import dumped
from policies.snapshot.model import InputError
from policies.verdicts.catalogue import Entry, catalogue

if TYPE_CHECKING:
    from policies.report.compare import Changes

FORMATS = {
    "json": "policies.report.as_json",
    "sarif": "policies.report.sarif",
    "junit": "policies.report.junit",
    "markdown": "policies.report.markdown",
}
T = TypeVar("T")
_COLOURS = {"open": "red", "undecided": "magenta", "weakened": "yellow", "closed": "green", "assumed": "cyan"}
PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
BOUNDARY = click.option(
    "--boundary",
    type=click.Path(path_type=Path),
    default=Path("boundary.yaml"),
    show_default=True,
    help="What inside means. platform.yaml and teams/ beside it count as declared.",
)


@click.command()
@PATHS
@BOUNDARY
@click.option(
    "--format", "format_", type=click.Choice(["text", *FORMATS, "html"]), default="text", show_default=True
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the report here instead of printing it."
)
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="Write what was proven here, only on exit 0."
)
@click.option(
    "--verify", type=click.Path(path_type=Path), help="Say whether this tree is the one CERT was written for."
)
def check(
    paths: tuple[Path, ...],
    boundary: Path,
    format_: str,
    output: Path | None,
    certificate: Path | None,
    verify: Path | None,
) -> None:
    """Prove that no team's data can leave its scope, or show how it would.

    PATHS: a cdktf.out, one cdk.tf.json, or plans of `terraform show -json`; cdktf.out when left out.
    Exit 0: nothing fails. 1: something is open, weakened, undecided or expired. 2: a file or a flag was wrong.

    \b
    Examples:
      cloister check
      cloister check cdktf.out --format sarif --output cloister.sarif
      cloister check --format html --output report.html
      cloister check plan.json --boundary security/boundary.yaml
      cloister check --certificate proven.json && cloister check --verify proven.json
    """
    report = run(paths, boundary)
    tell(report, rendered(report, format_), output)
    if verify:
        _verify(report, boundary, verify)
    if report.failing:
        sys.exit(1)
    if certificate:
        from policies import certificate as certificates

        write(certificate, certificates.certificate(report, boundary))


@click.command()
@click.argument("name", metavar="CHANNEL|FINDING")
@PATHS
@BOUNDARY
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(name: str, paths: tuple[Path, ...], boundary: Path, format_: str) -> None:
    """Say what a channel means, why it holds or not here, and how to close it.

    Without PATHS and without a cdktf.out, only the meaning.

    \b
    Examples:
      cloister explain NET-06
      cloister explain IAM-01-1a2b3c4d plan.json
    """
    from policies.explain import channel_of, evidence, meaning, nearest

    identifier = channel_of(name)
    if identifier is None:
        stop(f"{name}: no such channel{nearest(name)}")
    entry = catalogue()[identifier]
    report = run(paths, boundary) if paths or Path("cdktf.out").exists() else None
    if format_ == "json":
        click.echo(explanation(entry, report), nl=False)
        return
    width = min(120, _columns())
    lines = list(meaning(entry, width))
    lines += ["", *evidence(report, name, width)] if report else []
    click.echo("\n".join(lines))


@click.command()
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("head", type=click.Path(path_type=Path))
@BOUNDARY
@click.option(
    "--base-boundary", type=click.Path(path_type=Path), help="The boundary of BASE, where it differs."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="markdown",
    show_default=True,
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the answer here instead of printing it."
)
def diff(
    base: Path, head: Path, boundary: Path, base_boundary: Path | None, format_: str, output: Path | None
) -> None:
    """Say what a change opens, closes or makes reachable, for the pull request.

    BASE and HEAD: each a cdktf.out, a cdk.tf.json, or a plan. The answer is green (opens nothing, touches one owner's
    resources), yellow (opens nothing, and security must agree) or red. Exit 1 when HEAD opens anything that BASE
    does not.

    \b
    Examples:
      cloister diff /tmp/main/cdktf.out cdktf.out
      cloister diff base.json head.json --format text
    """
    from policies.report.compare import compare
    from policies.report.sides import Side

    def side(path: Path, its_boundary: Path) -> Side:
        world = world_of((path,), its_boundary)
        return Side(check_world(world, today()), world)

    changes = compare(
        asked(lambda: side(base, base_boundary or boundary)), asked(lambda: side(head, boundary))
    )
    text = _changes(changes, format_, plainly=output is not None)
    if output:
        write(output, text)
    else:
        click.echo(text, nl=False)
    if changes.opens:
        sys.exit(1)


def explanation(entry: Entry, report: Report | None) -> str:
    """An explanation as JSON: the catalogue's entry, and under ``here`` the channel's part of the report."""
    tree: dict[str, Any] = asdict(entry)
    if report:
        whole = as_dict(report)
        tree["here"] = next((channel for channel in whole["channels"] if channel["id"] == entry.id), None)
        tree["findings"] = [finding for finding in whole["findings"] if finding["channel"] == entry.id]
    return dumped(tree)


def run(paths: tuple[Path, ...], boundary: Path) -> Report:
    """The report, or exit 2 with one line per mistake on stderr."""
    with Progress("channels judged") as progress:
        return asked(lambda: check_paths(paths or (Path("cdktf.out"),), boundary, progress.tell))


def asked(question: Callable[[], T]) -> T:
    """The answer, or exit 2 with one line per mistake of the files it was asked over."""
    try:
        return question()
    except InputError as error:
        stop(*error.messages)
    except DeclarationErrors as error:
        stop(*(str(mistake) for mistake in error.mistakes))


def stop(*messages: str) -> NoReturn:
    """The question was wrong: say each mistake in a line and exit 2."""
    for message in messages:
        click.echo(message, err=True)
    sys.exit(2)


def write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        stop(f"{path}: cannot be written: {error.strerror}")


def _verify(report: Report, boundary: Path, path: Path) -> None:
    from policies.certificate import differences

    try:
        lines = differences(report, boundary, path)
    except InputError as error:
        stop(*error.messages)
    for line in lines:
        click.echo(line, err=True)
    click.echo(
        "this is not the tree that was proven" if lines else "this is the tree that was proven", err=True
    )
    if lines:
        sys.exit(1)


def tell(report: Report, text: str, output: Path | None) -> None:
    """Print a report's text, or write it and say so in a line."""
    if output:
        write(output, text)
        click.echo(f"{len(report.findings)} findings, grade {report.grade.letter}: {output}", err=True)
    else:
        click.echo(text, nl=False)


def rendered(report: Report, format_: str) -> str:
    """A report in one of the formats."""
    if format_ == "text":
        return _text(report)
    if format_ == "html":
        from policies.report import as_html

        return as_html.render(report, today())
    rendered: str = import_module(FORMATS[format_]).render(report)
    return rendered


def _changes(changes: Changes, format_: str, plainly: bool) -> str:
    from policies.report import as_changes, changes_text

    if format_ == "text":
        paint = no_paint if plainly or not colours() else _paint
        return changes_text.render(changes, paint, _columns())
    return as_changes.render_json(changes) if format_ == "json" else as_changes.render_markdown(changes)


def _columns() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def _text(report: Report) -> str:
    return render(report, _paint if colours() else no_paint, _columns())


def colours() -> bool:
    """Whether the terminal wants them: a terminal, and no NO_COLOR (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _paint(text: str, status: str) -> str:
    return click.style(text, fg=_COLOURS.get(status), bold=status in ("open", "undecided"))
