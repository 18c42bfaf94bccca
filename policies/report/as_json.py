"""The report as JSON: stable, documented in ``docs/schemas/report.json`` (design section 6)."""

from __future__ import annotations

from datetime import date
from typing import Any

from policies.channels.evidence import Assumed
from policies.report.cited import Cited
from policies.report.model import Report
from policies.report.plain import dumped
from policies.report.teams import Access, Sheet
from policies.verdicts.model import Finding, Verdict


def render(report: Report) -> str:
    return dumped(as_dict(report))


def as_dict(report: Report) -> dict[str, Any]:
    """The report's tree; keys in the documented order."""
    return {
        "version": 1,
        "assurance": report.assurance,
        "grade": report.grade.letter,
        "claim": report.grade.claim,
        "inputs": [{"path": item.path, "sha256": item.sha256} for item in report.inputs],
        "summary": dict(report.summary),
        "channels": [_channel(verdict, report.cited) for verdict in report.verdicts],
        "findings": [_finding(finding, report.cited) for finding in report.findings],
        "trusted": [_assumption(item) for item in report.trusted],
        "not_built": list(report.not_built),
        "teams": [_team(sheet) for sheet in report.teams],
    }


def _place(address: str, attribute: str, cited: Cited) -> dict[str, Any]:
    """Where a fact was read: ``value`` is null for what is not of the snapshot."""
    return {"address": address, "attribute": attribute, "value": cited.get((address, attribute))}


def _channel(verdict: Verdict, cited: Cited) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "id": verdict.id,
        "title": verdict.title,
        "status": verdict.status,
        "controls": [_place(c.address, c.attribute, cited) for c in verdict.controls],
        "advice": [item.text for item in verdict.advice],
    }
    if verdict.residuals:
        channel["residual"] = [{"text": r.text, "closes": r.closes} for r in verdict.residuals]
    if verdict.assumptions:
        channel["assumed"] = [_assumption(item) for item in verdict.assumptions]
    return channel


def _assumption(item: Assumed) -> dict[str, Any]:
    return {"text": item.text, "owner": item.owner, "expires": _day(item.expires), "subject": item.subject}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _finding(finding: Finding, cited: Cited) -> dict[str, Any]:
    return {
        "id": finding.id,
        "channel": finding.channel,
        "status": finding.status,
        "severity": finding.severity,
        "subject": finding.subject,
        "sentence": finding.sentence,
        "path": [
            {"from": step.source, "to": step.target, "because": step.because}
            | _place(step.address, step.attribute, cited)
            for step in finding.path
        ],
        "fix": finding.fix,
        "standards": list(finding.standards),
        "evidence": _place(finding.address, finding.attribute, cited) if finding.address else None,
    }


def _team(sheet: Sheet) -> dict[str, Any]:
    return {
        "team": sheet.team,
        "network": sheet.network or None,
        "identities": [
            {
                "member": item.member,
                "because": item.because,
                "by": list(item.by),
                "address": item.address,
                "attribute": item.attribute,
            }
            for item in sheet.identities
        ],
        "data": [
            {
                "kind": node.kind,
                "name": node.name,
                "address": node.address,
                "access": [_access(access) for access in node.access],
            }
            for node in sheet.nodes
        ],
        "beyond": [
            {"name": item.name, "team": item.of or None, "through": list(item.through)} | _access(item.access)
            for item in sheet.beyond
        ],
        "doors": [
            {"member": door.who, "does": door.does, "address": door.address, "attribute": door.attribute}
            for door in sheet.doors
        ],
        "passings": [
            {
                "kind": item.kind,
                "bucket": item.bucket,
                "to": item.to,
                "why": item.why,
                "owner": item.owner,
                "until": _day(item.until),
            }
            for item in sheet.passings
        ],
        "findings": list(sheet.findings),
    }


def _access(access: Access) -> dict[str, Any]:
    return {
        "member": access.member,
        "rights": list(access.rights),
        "how": access.how,
        "address": access.address,
        "attribute": access.attribute,
    }
