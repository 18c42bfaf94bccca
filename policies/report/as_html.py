"""The report as one self-contained page for a security reviewer: no remote asset, readable without its script."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Generic, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from policies.channels.evidence import Assumed, Residual
from policies.facts import evidence
from policies.report.drawing import PLANES, Lane, clipped, family, lanes, named_teams, open_paths, rank
from policies.report.model import Report
from policies.report.plain import plain
from policies.verdicts.catalogue import Entry, catalogue
from policies.verdicts.model import STATUSES, Finding, Status, Verdict

# What is listed of a long list; the page says how much it leaves out, and that the JSON report holds it all.
_CONTROLS, _FINDINGS, _ROWS, _EVIDENCE = 12, 10, 200, 4
_SEVERITIES = ("critical", "high", "medium", "low")
_SCHEMES = {
    "CIS-GCP": "CIS Google Cloud Platform Foundation Benchmark",
    "CIS-GKE": "CIS Google Kubernetes Engine Benchmark",
    "NIST": "NIST SP 800-53",
    "T": "MITRE ATT&CK",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """The beginning of a list and how many more there are."""

    shown: tuple[T, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Faults:
    """The findings of one channel."""

    channel: Verdict
    severity: str
    findings: Some[Finding]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the answer takes as given, once for all subjects it is said of. ``left`` None: no expiry."""

    text: str
    owner: str
    channels: tuple[str, ...]
    subjects: Some[str]
    expires: date | None
    left: int | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of the list of channels."""

    verdict: Verdict
    entry: Entry
    controls: Some[Any]


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a standard, the channels it stands for by status, the worst first, and what was read for each."""

    name: str
    channels: tuple[tuple[Status, tuple[str, ...]], ...]
    evidence: Some[tuple[str, evidence.Control]]


def render(report: Report, day: date) -> str:
    """The page; ``day`` is the day from which what is left of an exception is counted. The same bytes for the same
    arguments."""
    style, script = _asset("report.css"), _asset("report.js")
    drawn, faults = lanes(report), _faults(report)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            day=day,
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
            statuses=STATUSES,
            faults=faults,
            shown_findings={finding.id for fault in faults for finding in fault.findings.shown},
            planes=PLANES,
            lanes=drawn,
            named=named_teams(report.teams),
            networked=[(n, s) for n, s in enumerate(report.teams, start=1) if s.network == "project"],
            open_paths=open_paths(finding for fault in faults for finding in fault.findings.shown),
            anchor=_anchor,
            grounds=_some(_grounds(report, day), _ROWS),
            residuals=_residuals(report),
            inputs=_some(report.inputs, _ROWS),
            families=[(lane, _channels(report, lane)) for lane in drawn],
            standards=_standards(report),
        )
        + "\n"
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("policies.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Every string that is printed passes here before it is escaped: no template can forget it.
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    environment.filters["prose"] = _prose
    environment.filters["clipped"] = clipped
    return environment


def _anchor(number: int) -> str:
    """The identifier of a team's sheet: by its number, since a name may be anything."""
    return f"team-{number}"


def _prose(text: str) -> Markup:
    """A sentence whose names stand in backticks, as HTML."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:  # a backtick too many belongs to a name
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )


def _asset(name: str) -> str:
    return files("policies.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A source of the page's Content-Security-Policy: nothing but the page's own style and script is applied, so not
    even a name that escaping had missed could run."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _some(items: Iterable[T], limit: int) -> Some[T]:
    every = tuple(items)
    return Some(every[:limit], max(0, len(every) - limit))


def _faults(report: Report) -> list[Faults]:
    """Channels with findings: open before undecided before weakened, critical before high."""
    faults = [
        Faults(verdict, verdict.findings[0].severity, _some(_worst_first(verdict.findings), _FINDINGS))
        for verdict in report.verdicts
        if verdict.findings
    ]
    return sorted(faults, key=lambda f: (rank(f.channel.status), _SEVERITIES.index(f.severity)))


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: rank(finding.status))


def _grounds(report: Report, day: date) -> list[Ground]:
    """Assumptions and trust, the soonest to expire first; what is said of many subjects is said once."""
    said: dict[tuple[str, str, date | None], tuple[dict[str, None], dict[str, None]]] = {}
    given: list[tuple[str, Assumed]] = [
        (verdict.id, item) for verdict in report.verdicts for item in verdict.assumptions
    ]
    for channel, item in [*given, *(("", item) for item in report.trusted)]:
        channels, subjects = said.setdefault((item.text, item.owner, item.expires), ({}, {}))
        if channel:
            channels[channel] = None
        if item.subject:
            subjects[item.subject] = None
    grounds = [
        Ground(
            text,
            owner,
            tuple(channels),
            _some(subjects, 3),
            expires,
            (expires - day).days if expires else None,
        )
        for (text, owner, expires), (channels, subjects) in said.items()
    ]
    return sorted(grounds, key=lambda ground: ground.expires or date.max)


def _residuals(report: Report) -> list[tuple[Verdict, Some[Residual]]]:
    return [
        (verdict, _some(verdict.residuals, _FINDINGS)) for verdict in report.verdicts if verdict.residuals
    ]


def _channels(report: Report, lane: Lane) -> list[Channel]:
    return [
        Channel(verdict, catalogue()[verdict.id], _some(verdict.controls, _CONTROLS))
        for verdict in report.verdicts
        if family(verdict.id) == lane.family
    ]


def _standards(report: Report) -> list[tuple[str, list[Control]]]:
    """Each scheme with its controls, in the order of their numbers."""
    found: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        for name in catalogue()[verdict.id].standards:
            found.setdefault(name, []).append(verdict)
    schemes: dict[str, list[Control]] = {title: [] for title in _SCHEMES.values()}
    for name in sorted(found, key=_numbered):
        scheme = name.split()[0] if " " in name else name[0]
        worst = sorted(found[name], key=lambda verdict: rank(verdict.status))
        schemes[_SCHEMES[scheme]].append(Control(name, _by_status(worst), _some(_read(worst), _EVIDENCE)))
    return [(title, controls) for title, controls in schemes.items() if controls]


def _read(verdicts: list[Verdict]) -> Iterator[tuple[str, evidence.Control]]:
    """What was read for each channel: where its first finding stands, else the first control that cuts it."""
    for verdict in verdicts:
        found = next((f for f in verdict.findings if f.address), None)
        if found is not None:
            yield verdict.id, evidence.Control(found.address, found.attribute)
        elif verdict.controls:
            yield verdict.id, verdict.controls[0]


def _by_status(verdicts: list[Verdict]) -> tuple[tuple[Status, tuple[str, ...]], ...]:
    groups: dict[Status, list[str]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.status, []).append(verdict.id)
    return tuple((status, tuple(ids)) for status, ids in groups.items())


def _numbered(name: str) -> list[tuple[int, str]]:
    """Sorts ``CIS-GCP 4.9`` before ``CIS-GCP 4.10``."""
    parts: list[str] = re.findall(r"\d+|\D+", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
