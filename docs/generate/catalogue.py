"""The catalogue of channels as pages, each channel with what the example's report says of it and its cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from docs.generate.text import code, escaped, table
from policies.report.drawing import FAMILIES
from policies.report.model import Report
from policies.verdicts.catalogue import Entry, catalogue
from policies.verdicts.model import Verdict

CASES = "cases"  # beside the pages, one text file per case
SHOWN_CONTROLS = 8
PROVABLE = {
    "P": "provable from the configuration",
    "G": "provable, and guard-railed by organisation policy",
    "M": "closed by the sealed runner",
    "A": "attested, because no plan shows it",
    "X": "no control exists",
    "R": "residual",
}


def pages(report: Report, cases: Path) -> dict[str, str]:
    """Markdown by file name. `report` is the example company's, `cases` the directory of policy cases."""
    verdicts = {verdict.id: verdict for verdict in report.verdicts}
    made = {"index.md": _index(verdicts)}
    for family, (name, sinks) in FAMILIES.items():
        entries = [entry for entry in catalogue().values() if _family(entry.id) == family]
        parts = [f"# {name} ({family})\n", f"{len(entries)} channels, towards {sinks}.\n"]
        for entry in entries:
            parts += _channel(entry, verdicts.get(entry.id), cases)
        made[f"{family.lower()}.md"] = "\n".join(parts)
    return made


def case_files(cases: Path) -> Iterator[tuple[str, Path]]:
    """Every case as the pages link it: its path below the pages, and the file."""
    for entry in catalogue().values():
        for file in _cases(entry.id, cases):
            yield _link(entry.id, file), file


def _family(channel: str) -> str:
    return channel.partition("-")[0]


def _cases(channel: str, cases: Path) -> list[Path]:
    return sorted((cases / _family(channel) / channel).glob("*/case.yaml"))


def _link(channel: str, file: Path) -> str:
    return f"{CASES}/{channel}/{file.parent.name}.txt"


def _index(verdicts: dict[str, Verdict]) -> str:
    count = Counter(verdict.status for verdict in verdicts.values())
    rows = []
    for family, (name, sinks) in FAMILIES.items():
        own = [entry.id for entry in catalogue().values() if _family(entry.id) == family]
        closed = sum(verdicts[channel].status == "closed" for channel in own if channel in verdicts)
        rows.append(
            [f"[{family}]({family.lower()}.md)", escaped(name), escaped(sinks), str(len(own)), str(closed)]
        )
    listed = "\n".join(
        f"- [{entry.id}]({_family(entry.id).lower()}.md#{entry.id.lower()}) {escaped(entry.title)}"
        for entry in catalogue().values()
    )
    counts = ", ".join(f"{number} {status}" for status, number in count.most_common())
    return (
        f"# The catalogue\n\n{len(catalogue())} ways by which data can leave a team's scope. For each: what opens it, what"
        " closes it, how the example company closes it, read from its report when this site was built, and the cases"
        f" that hold the proof to its answer.\n\nThe example company: {counts}.\n\n"
        f"{table(['family', 'about', 'towards', 'channels', 'closed in the example'], rows)}\n\n## All channels\n\n{listed}\n"
    )


def _channel(entry: Entry, verdict: Verdict | None, cases: Path) -> list[str]:
    parts = [
        f"## {entry.id} {escaped(entry.title)} {{#{entry.id.lower()}}}\n",
        f"**Opens it:** {escaped(entry.opens)}\n",
        f"**Closes it:** {escaped(entry.closes)}\n",
        f"**How it works:** {escaped(entry.semantics)}\n",
        f"Severity {entry.severity}. In a plain project {PROVABLE[entry.bare]}; with an organisation"
        f" {PROVABLE[entry.org]}. {escaped(', '.join(entry.standards))}.\n",
    ]
    if verdict is not None:
        parts += _here(verdict)
    by_status: dict[str, list[str]] = {}
    for file in _cases(entry.id, cases):
        status, _, variant = file.parent.name.partition("-")
        by_status.setdefault(status, []).append(f"[{escaped(variant or 'plain')}]({_link(entry.id, file)})")
    proven = "; ".join(f"{status}: {', '.join(links)}" for status, links in sorted(by_status.items()))
    parts.append(f"**Cases that prove the proof:** {proven or 'none'}\n")
    return parts


def _here(verdict: Verdict) -> Iterator[str]:
    yield f"**In the example company:** {verdict.status}.\n"
    if verdict.controls:
        shown = verdict.controls[:SHOWN_CONTROLS]
        yield (
            table(["cut by", "attribute"], [[code(each.address), code(each.attribute)] for each in shown])
            + "\n"
        )
        if (more := len(verdict.controls) - len(shown)) > 0:
            yield f"and {more} more, in the report.\n"
    for residual in verdict.residuals:
        yield f"Residual: {escaped(residual.text)} Would be closed by: {escaped(residual.closes)}\n"
    for assumption in verdict.assumptions:
        yield f"Assumed: {escaped(assumption.text)} (owner {escaped(assumption.owner)})\n"
    for advice in verdict.advice:
        yield f"Advice: {escaped(advice.text)}\n"
