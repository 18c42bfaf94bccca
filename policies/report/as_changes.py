"""A change for the pull request, as markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from policies.report.compare import Changes
from policies.report.markdown import escape, finding_lines
from policies.verdicts.model import Finding

_SHOWN = 50


def render_markdown(changes: Changes) -> str:
    return "\n".join(_lines(changes)) + "\n"


def render_json(changes: Changes) -> str:
    tree: dict[str, Any] = {
        "version": 1,
        "opens": changes.opens,
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
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


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


def _lines(changes: Changes) -> Iterator[str]:
    if changes.opened:
        yield f"## This change opens {_many(len(changes.opened), 'finding')}"
    elif changes.reach_gained:
        yield "## This change opens nothing, and makes new data reachable"
    else:
        yield "## This change opens nothing"
    for finding in changes.opened:
        yield ""
        yield from finding_lines(finding)
    if changes.closed:
        yield ""
        yield f"### Closes {_many(len(changes.closed), 'finding')}"
        yield ""
        yield from (f"- {finding.channel} {escape(finding.subject)}" for finding in changes.closed)
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
    yield from _list(
        "Controls lost", [f"{c}: {escape(address)} {escape(name)}" for c, address, name in changes.lost]
    )
    yield from _list(
        "Controls gained", [f"{c}: {escape(address)} {escape(name)}" for c, address, name in changes.gained]
    )
    yield ""
    yield "### Blast radius"
    yield ""
    if not changes.blast:
        yield "No resource differs."
    for team, addresses in changes.blast.items():
        yield f"- **{escape(team)}**: {_many(len(addresses), 'resource')}"


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"### {title}"
    yield ""
    yield from (f"- {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"- and {len(lines) - _SHOWN} more: --format json lists all"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
