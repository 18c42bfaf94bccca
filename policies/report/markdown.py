"""The report as markdown, for a pull request or a ticket."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Assumed, Step
from policies.report.model import Report
from policies.report.plain import plain
from policies.verdicts.model import Finding

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>|#~"})


def render(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"## The boundary {'fails' if report.failing else 'holds'} (grade {report.grade.letter})"
    yield ""
    yield escape(report.grade.claim)
    yield ""
    yield "| " + " | ".join(report.summary) + " |"
    yield "|" + "---:|" * len(report.summary)
    yield "| " + " | ".join(str(count) for count in report.summary.values()) + " |"
    for finding in report.findings:
        yield ""
        yield from finding_lines(finding)
    if report.not_built:
        yield ""
        yield f"Not built yet, so not judged: {', '.join(report.not_built)}."
    residual = [verdict for verdict in report.verdicts if verdict.status == "residual"]
    if residual:
        yield ""
        yield "### Residual"
        yield ""
        yield from (f"- **{verdict.id}** {escape(verdict.title)}" for verdict in residual)
    assumptions = [item for verdict in report.verdicts for item in verdict.assumptions]
    if assumptions or report.trusted:
        yield ""
        yield "### Rests on"
        yield ""
        yield "| what | owner | until |"
        yield "|---|---|---|"
        yield from dict.fromkeys(_row(item) for item in [*assumptions, *report.trusted])


def finding_lines(finding: Finding) -> Iterator[str]:
    """A finding as a heading, its sentence, its path and its cure."""
    yield f"### {finding.status} {finding.channel}: {escape(finding.subject)}"
    yield ""
    yield prose(finding.sentence)
    if finding.path:
        yield ""
        yield from (_step(step) for step in finding.path)
    yield ""
    yield f"Fix: {prose(finding.fix)}. Severity {finding.severity}. {', '.join(finding.standards)}"


def _step(step: Step) -> str:
    where = f" ({escape(step.address)} {escape(step.attribute)})" if step.address else ""
    return f"1. {escape(step.source)} → {escape(step.target)}: {escape(step.because)}{where}"


def _row(item: Assumed) -> str:
    what = f"{item.subject}: {item.text}" if item.subject else item.text
    return f"| {escape(what)} | {escape(item.owner)} | {item.expires or ''} |"


def prose(text: str) -> str:
    """Like ``escape``, with what stands between single backticks as code. Backticks that a hostile name brings, which
    pair otherwise than alone around something, are shown as they stand."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0 or not all(parts[1:-1]):
        return escape(text)
    return "".join(
        f"`{part}`" if number % 2 else part.translate(_SPECIAL) for number, part in enumerate(parts)
    )


def escape(text: str) -> str:
    """Plain text that markdown shows as it stands."""
    return plain(text).translate(_SPECIAL)
