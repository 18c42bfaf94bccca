"""A change for a terminal: the answer, why, and whom it touches."""

from __future__ import annotations

from collections.abc import Iterator

from policies.report.as_changes import blast_lines, headline, why
from policies.report.as_text import Paint, finding_lines, no_paint, wrap
from policies.report.compare import Changes
from policies.report.plain import plain

_AS = {"red": "open", "yellow": "weakened", "green": "closed"}  # the status whose paint a colour takes


def render(changes: Changes, paint: Paint = no_paint, width: int = 100) -> str:
    """``width`` in columns."""
    return "\n".join(_lines(changes, paint, max(40, min(width, 120)))) + "\n"


def _lines(changes: Changes, paint: Paint, width: int) -> Iterator[str]:
    yield from (paint(line, _AS[changes.colour]) for line in wrap(f"{headline(changes)}.", width))
    for finding in changes.opened:
        yield ""
        yield from finding_lines(finding, paint, width)
    for title, lines in (
        (why(changes), changes.reasons),
        ("Closed", [f"{finding.channel} {finding.subject}" for finding in changes.closed]),
        ("Newly reachable", changes.reach_gained),
        ("No longer reachable", changes.reach_lost),
        (
            "Channels",
            [f"{c.channel}: {c.before or '-'} -> {c.after or '-'}  {c.title}" for c in changes.channels],
        ),
        ("Blast radius", list(blast_lines(changes))),
    ):
        if lines:
            yield ""
            yield f"{title}:"
            for line in lines:
                yield from wrap(plain(line), width, "  ")
