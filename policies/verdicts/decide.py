"""One verdict per channel from its evidence (design section 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from cloister.declarations import Boundary
from cloister.declarations.boundary import SignedException
from policies.channels.evidence import Advice, Assumed, Control, Evidence, Leak, Residual
from policies.verdicts.catalogue import Entry
from policies.verdicts.model import Finding, Status, Verdict

_WORST: tuple[Status, ...] = ("open", "undecided", "weakened", "assumed", "residual")
_UNPROVABLE = frozenset("AXR")


def decide(entry: Entry, evidence: Iterable[Evidence], boundary: Boundary, today: date) -> Verdict:
    """The verdict of ``entry``. Exceptions turn the leaks they match into assumptions; attestations turn a residual
    into an assumption; whatever has expired is a finding."""
    pieces = list(dict.fromkeys(evidence))
    leaks = [piece for piece in pieces if isinstance(piece, Leak)]
    assumptions = [piece for piece in pieces if isinstance(piece, Assumed)]
    residuals = [piece for piece in pieces if isinstance(piece, Residual)]
    controls = tuple(piece for piece in pieces if isinstance(piece, Control))

    leaks, excused = _except(entry, leaks, boundary, today)
    assumptions += excused
    if not leaks and not residuals and _by_nature_residual(entry, controls, boundary):
        residuals = [Residual("no plan can show this", entry.closes)]
    if residuals and not leaks:
        attested = [
            Assumed(f"{a.claim} ({a.evidence})", a.owner, a.expires)
            for a in boundary.attestations
            if a.channel == entry.id
        ]
        if attested:
            assumptions, residuals = assumptions + attested, []

    findings = [_finding(entry, leak) for leak in leaks]
    findings += [_expired(entry, item) for item in assumptions if item.expires and item.expires < today]
    status = _status(findings, assumptions, residuals)
    return Verdict(
        entry.id, entry.title, status, controls,
        tuple(piece for piece in pieces if isinstance(piece, Advice)),
        tuple(residuals), tuple(assumptions), _one_per_subject(findings),
    )  # fmt: skip


def _by_nature_residual(entry: Entry, controls: tuple[Control, ...], boundary: Boundary) -> bool:
    """A channel no plan can show stays residual, unless the organisation's own configuration proves it."""
    if entry.bare not in _UNPROVABLE:
        return False
    with_organization = getattr(boundary.organization, "id", None) is not None
    return not (controls and (boundary.organization == "none" or (with_organization and entry.org in "PG")))


def _except(
    entry: Entry, leaks: list[Leak], boundary: Boundary, today: date
) -> tuple[list[Leak], list[Assumed]]:
    """Leaks that no exception in force excuses, and what the others became. An exception that has expired excuses
    nothing and, like one that matches nothing (unused, or wider than one subject), is a finding itself."""
    excused: list[Assumed] = []
    kept = list(leaks)
    for exception in boundary.exceptions:
        if exception.finding != entry.id:
            continue
        matched = [leak for leak in leaks if leak.subject == exception.subject]
        if exception.expires < today:
            kept.append(_stale(exception, f"expired on {exception.expires}"))
        elif not matched:
            kept.append(_stale(exception, "matches no finding: it is unused or too wide"))
        else:
            kept = [leak for leak in kept if leak.subject != exception.subject]
            excused.append(
                Assumed(f"exception: {exception.why}", exception.owner, exception.expires, exception.subject)
            )
    return kept, excused


def _stale(exception: SignedException, what: str) -> Leak:
    sentence = (
        f"The exception for {exception.finding} on {exception.subject} (owner {exception.owner}) {what}."
    )
    return Leak(
        "undecided", exception.subject, sentence, fix="renew or remove the exception in boundary.yaml"
    )


def _finding(entry: Entry, leak: Leak) -> Finding:
    return Finding(
        entry.id, leak.status, entry.severity, leak.subject, leak.sentence, leak.path, leak.fix or entry.closes,
        entry.standards, leak.address, leak.attribute,
    )  # fmt: skip


def _expired(entry: Entry, item: Assumed) -> Finding:
    sentence = f"The assumption of {item.owner} expired on {item.expires}: {item.text}."
    return Finding(
        entry.id, "assumed", entry.severity, item.subject or entry.id, sentence, (),
        "renew or remove the declaration", entry.standards,
    )  # fmt: skip


def _status(findings: list[Finding], assumptions: list[Assumed], residuals: list[Residual]) -> Status:
    found: set[Status] = {finding.status for finding in findings}
    if assumptions:
        found.add("assumed")
    if residuals:
        found.add("residual")
    return next((status for status in _WORST if status in found), "closed")


def _one_per_subject(findings: list[Finding]) -> tuple[Finding, ...]:
    """Identifiers are made of channel and subject, so one finding each: the worst, then the shortest path; what the
    others say is appended to its sentence."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.subject, []).append(finding)
    merged: list[Finding] = []
    for subject in sorted(groups):
        group = sorted(groups[subject], key=lambda f: (_WORST.index(f.status), len(f.path), f.sentence))
        others = list(dict.fromkeys(f.sentence for f in group[1:] if f.sentence != group[0].sentence))
        merged.append(replace(group[0], sentence=" ".join([group[0].sentence, *others])))
    return tuple(merged)
