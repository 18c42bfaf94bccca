"""What a channel means, why it holds or not here, and how to close it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from difflib import get_close_matches

from policies.report.as_text import finding_lines
from policies.report.model import Report
from policies.report.plain import plain
from policies.verdicts.catalogue import Entry, catalogue


def channel_of(name: str) -> str | None:
    """The channel a channel or finding identifier names (``NET-06``, ``NET-06-1a2b3c4d``, any case); None if none."""
    parts = name.upper().split("-")
    identifier = "-".join(parts[:2])
    return identifier if identifier in catalogue() and len(parts) <= 3 else None


def nearest(name: str) -> str:
    """The end of a message offering the nearest identifier."""
    close = get_close_matches(name.upper(), catalogue(), n=1)
    return (
        f"; did you mean {close[0]}" if close else f"; channels run from {next(iter(catalogue()))} to COV-04"
    )


def meaning(entry: Entry, width: int = 100) -> Iterator[str]:
    """What the channel is, whatever the configuration."""
    yield f"{entry.id} {entry.title}  [{entry.severity}]"
    for label, text in (("opens", entry.opens), ("closes", entry.closes), ("how it works", entry.semantics)):
        yield ""
        yield from _wrap(f"{label}: {text}", width)
    yield ""
    yield from _wrap(f"standards: {', '.join(entry.standards)}", width)


def evidence(report: Report, name: str, width: int = 100) -> Iterator[str]:
    """The verdict of a channel here: its controls, or the finding that ``name`` identifies (all when it names none)."""
    identifier = channel_of(name)
    verdict = next((verdict for verdict in report.verdicts if verdict.id == identifier), None)
    if verdict is None:
        yield "Here: not built yet, so not judged."
        return
    yield f"Here: {verdict.status}."
    chosen = [finding for finding in verdict.findings if finding.id.lower() == name.lower()]
    for finding in chosen or verdict.findings:
        yield ""
        yield from finding_lines(finding, width=width)
    if verdict.controls:
        yield ""
        yield "Cut by:"
        for control in verdict.controls:
            yield f"  {plain(control.address)} {plain(control.attribute)}"
    for item in verdict.residuals:
        yield from _wrap(f"Residual: {plain(item.text)}. Would be closed by: {plain(item.closes)}", width)
    for assumption in verdict.assumptions:
        until = f", until {assumption.expires}" if assumption.expires else ""
        yield from _wrap(f"Assumed: {plain(assumption.text)} (owner {plain(assumption.owner)}{until})", width)
    for advice in verdict.advice:
        yield from _wrap(f"Advice: {plain(advice.text)}", width)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
