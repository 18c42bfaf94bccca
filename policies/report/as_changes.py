"""A change for the pull request, as markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from policies.report.compare import Changes
from policies.report.markdown import escape, finding_lines
from policies.report.plain import dumped
from policies.verdicts.model import Finding

_SHOWN = 50


def render_markdown(changes: Changes) -> str:
    return "\n".join(_lines(changes)) + "\n"


def render_json(changes: Changes) -> str:
    tree: dict[str, Any] = {
        "version": 1,
        "verdict": changes.colour,
        "opens": changes.opens,
        "reasons": list(changes.reasons),
        "opened": [_finding(finding) for finding in changes.opened],
        "closed": [_finding(finding) for finding in changes.closed],
        "channels": [
            {"id": change.channel, "title": change.title, "before": change.before, "after": change.after}
            for change in changes.channels
        ],
        "controls": {"gained": _controls(changes.gained), "lost": _controls(changes.lost)},
        "reach": {"gained": list(changes.reach_gained), "lost": list(changes.reach_lost)},
        "blast_radius": {team: list(addresses) for team, addresses in changes.blast.items()},
    }
    return dumped(tree)


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "id": finding.id,
        "channel": finding.channel,
        "status": finding.status,
        "subject": finding.subject,
        "sentence": finding.sentence,
        "fix": finding.fix,
    }


def _controls(controls: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [
        {"channel": channel, "address": address, "attribute": attribute}
        for channel, address, attribute in controls
    ]


def headline(changes: Changes) -> str:
    """The answer in a sentence, its colour first."""
    if changes.colour == "red":
        return f"Red: this change opens {_many(len(changes.opened), 'finding')}"
    if changes.colour == "yellow":
        return "Yellow: this change opens nothing, and needs security's agreement"
    return f"Green: this change opens nothing, and {_touched(changes)}"


def why(changes: Changes) -> str:
    """The heading of the reasons."""
    return "Also" if changes.opens else "Why security must agree"


def _touched(changes: Changes) -> str:
    return f"touches nobody but {next(iter(changes.blast))}" if changes.blast else "changes no resource"


def blast_lines(changes: Changes) -> Iterator[str]:
    """Whose resources differ, how many of each, as plain text."""
    if not changes.blast:
        yield "No resource differs."
    for team, addresses in changes.blast.items():
        yield f"{team}: {_many(len(addresses), 'resource')}"


def _lines(changes: Changes) -> Iterator[str]:
    yield f"## {headline(changes)}"
    for finding in changes.opened:
        yield ""
        yield from finding_lines(finding)
    yield from _list(why(changes), [escape(line) for line in changes.reasons])
    yield from _list("Blast radius", [escape(line) for line in blast_lines(changes)])
    yield from _list(
        f"Closes {_many(len(changes.closed), 'finding')}",
        [f"{finding.channel} {escape(finding.subject)}" for finding in changes.closed],
    )
    yield from _list("Newly reachable", [escape(line) for line in changes.reach_gained])
    yield from _list("No longer reachable", [escape(line) for line in changes.reach_lost])
    if changes.channels:
        yield ""
        yield "### Channels"
        yield ""
        yield "| channel | before | after |"
        yield "|---|---|---|"
        for change in changes.channels:
            yield f"| {change.channel} {escape(change.title)} | {change.before or '-'} | {change.after or '-'} |"
    yield from _folded("Controls lost", changes.lost)
    yield from _folded("Controls gained", changes.gained)


def _folded(title: str, controls: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Controls, which are many and seldom read, behind a line to click on."""
    if controls:
        yield ""
        yield f"<details><summary>{title}: {len(controls)}</summary>"
        yield from _items([f"{c}: {escape(address)} {escape(name)}" for c, address, name in controls])
        yield ""
        yield "</details>"


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"### {title}"
        yield from _items(lines)


def _items(lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield from (f"- {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"- and {len(lines) - _SHOWN} more: --format json lists all"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
