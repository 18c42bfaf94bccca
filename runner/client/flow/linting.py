"""`cloister flow lint`: what in a flow would leave, before anything runs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from cloister.declarations import Declarations, Team
from runner.client.flow.lint.inside import Inside, of_team
from runner.client.flow.lint.rules import Finding, findings
from runner.client.jobs import find_team
from runner.client.options import DIRECTORY, FORMAT
from runner.client.view import printable

NOTHING, FOUND = 0, 1


@click.command(
    "lint",
    epilog="""\b
Examples:
  cloister flow lint examples/translations/flow.py --team translations
  cloister flow lint flow.py --format json

Exit codes: 0 nothing would leave; 1 something would, or cannot run sealed; 2 FILE is no flow.
""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--team", "team_name", help="Whose buckets and network count as its own. Default: nobody's, sealed."
)
@DIRECTORY
@FORMAT
def lint_(file: Path, team_name: str | None, directory: Path, format_: str) -> None:
    """Read the flow in FILE, and the files of its directory it imports, and name what would leave.

    Nothing is imported or run.
    """
    inside = of_team(*find_team(team_name, directory)) if team_name else Inside()
    found = findings(file, inside)
    if format_ == "json":
        report = {
            "version": 1,
            "file": str(file),
            "team": inside.team,
            "network": inside.network,
            "findings": [asdict(finding) for finding in found],
        }
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        for line in sentences(found):
            click.echo(line)
        click.echo(_summary(found, inside))
    raise SystemExit(FOUND if found else NOTHING)


def refuse(file: Path, declarations: Declarations, team: Team, verb: str) -> None:
    """End with 1 where the lint finds something: its sentences, and that the flow was not `verb`."""
    found = findings(file, of_team(declarations, team))
    if found:
        for line in sentences(found):
            click.echo(line, err=True)
        click.echo(f"not {verb}: {len(found)} found, each with what to do instead", err=True)
        raise SystemExit(FOUND)


def sentences(found: list[Finding]) -> list[str]:
    """Findings as people read them: where and what, why, and what to do."""
    lines = []
    for finding in found:
        lines.append(printable(f"{finding.file}:{finding.line}: {finding.what} [{finding.rule}]"))
        lines += [f"  {finding.why}", f"  do: {finding.do}"]
    return lines


def _summary(found: list[Finding], inside: Inside) -> str:
    whose = f"team {inside.team}, {inside.network}" if inside.team else "no team named, sealed"
    if not found:
        return f"nothing in the flow would leave ({whose})"
    rules = Counter(finding.rule for finding in found)
    return f"{len(found)} found ({whose}): " + ", ".join(f"{rule} {count}" for rule, count in rules.items())
