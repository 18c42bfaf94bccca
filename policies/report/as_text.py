"""The report for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from policies.report.model import Report
from policies.report.plain import plain
from policies.verdicts.model import Finding

Paint = Callable[[str, str], str]  # (text, status) -> text, coloured or not


def no_paint(text: str, status: str) -> str:
    return text


def render(report: Report, paint: Paint = no_paint, width: int = 100) -> str:
    """Headline, findings with their paths, what the answer rests on. ``width`` in columns."""
    return "\n".join(_lines(report, paint, max(40, min(width, 120)))) + "\n"


def _lines(report: Report, paint: Paint, width: int) -> Iterator[str]:
    for finding in report.findings:
        yield from finding_lines(finding, paint, width)
        yield ""
    counts = ", ".join(
        paint(f"{count} {status}", status) for status, count in report.summary.items() if count
    )
    total = len(report.verdicts)
    yield f"{total} channels at assurance {report.assurance}: {counts}"
    if report.not_built:
        yield from wrap(f"Not built yet, so not judged: {', '.join(report.not_built)}.", width)
    for title, lines in (
        ("Residual", _residuals(report)),
        ("Assumed", _assumptions(report)),
        ("Trusted", _trusted(report)),
    ):
        if lines:
            yield ""
            yield f"{title}:"
            for line in dict.fromkeys(lines):
                yield from wrap(line, width, "  ")
    advice = sum(len(verdict.advice) for verdict in report.verdicts)
    if advice:
        yield ""
        yield f"{advice} pieces of advice: cloister explain CHANNEL shows them."
    yield ""
    verdict = "fails" if report.failing else "holds"
    yield paint(
        f"The boundary {verdict}. Grade {report.grade.letter}.", "open" if report.failing else "closed"
    )
    yield from wrap(report.grade.claim, width)


def finding_lines(finding: Finding, paint: Paint = no_paint, width: int = 100) -> Iterator[str]:
    """A finding: status, channel and subject; its sentence, its path and its cure."""
    yield paint(f"{finding.status.upper()} {finding.channel} {plain(finding.subject)}", finding.status) + (
        f"  [{finding.severity}, {finding.id}]"
    )
    yield from wrap(plain(finding.sentence), width, "  ")
    for step in finding.path:
        where = f"  ({step.address}{'.' + step.attribute if step.attribute else ''})" if step.address else ""
        yield from wrap(plain(f"{step.source} -> {step.target}: {step.because}{where}"), width, "    ")
    if finding.fix:
        yield from wrap(f"fix: {plain(finding.fix)}", width, "  ")
    if finding.standards:
        yield from wrap(f"standards: {', '.join(finding.standards)}", width, "  ")


def _residuals(report: Report) -> list[str]:
    return [
        f"{verdict.id} {verdict.title}. Closed by: {plain(residual.closes)}"
        for verdict in report.verdicts
        if verdict.status == "residual"
        for residual in verdict.residuals
    ]


def _assumptions(report: Report) -> list[str]:
    return [
        f"{verdict.id} {plain(item.text)} (owner {plain(item.owner)}{f', until {item.expires}' if item.expires else ''})"
        for verdict in report.verdicts
        for item in verdict.assumptions
    ]


def _trusted(report: Report) -> list[str]:
    return [
        f"{plain(item.subject)}: {plain(item.text)} (owner {plain(item.owner)})" for item in report.trusted
    ]


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most ``width`` columns; a longer word keeps its own line."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
