"""The report as JSON: stable, documented in ``docs/schemas/report.json`` (design section 6)."""

from __future__ import annotations

import json
from typing import Any

from policies.channels.evidence import Assumed
from policies.report.model import Report
from policies.verdicts.model import Finding, Verdict


def render(report: Report) -> str:
    return json.dumps(as_dict(report), indent=2, ensure_ascii=False) + "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """The report's tree; keys in the documented order."""
    return {
        "version": 1,
        "assurance": report.assurance,
        "grade": report.grade.letter,
        "claim": report.grade.claim,
        "inputs": [{"path": item.path, "sha256": item.sha256} for item in report.inputs],
        "summary": dict(report.summary),
        "channels": [_channel(verdict) for verdict in report.verdicts],
        "findings": [_finding(finding) for finding in report.findings],
        "trusted": [_assumption(item) for item in report.trusted],
        "not_built": list(report.not_built),
    }


def _channel(verdict: Verdict) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "id": verdict.id,
        "title": verdict.title,
        "status": verdict.status,
        "controls": [{"address": c.address, "attribute": c.attribute} for c in verdict.controls],
        "advice": [item.text for item in verdict.advice],
    }
    if verdict.residuals:
        channel["residual"] = [{"text": r.text, "closes": r.closes} for r in verdict.residuals]
    if verdict.assumptions:
        channel["assumed"] = [_assumption(item) for item in verdict.assumptions]
    return channel


def _assumption(item: Assumed) -> dict[str, Any]:
    expires = item.expires.isoformat() if item.expires else None
    return {"text": item.text, "owner": item.owner, "expires": expires, "subject": item.subject}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "channel": finding.channel,
        "status": finding.status,
        "severity": finding.severity,
        "subject": finding.subject,
        "sentence": finding.sentence,
        "path": [
            {
                "from": step.source,
                "to": step.target,
                "because": step.because,
                "address": step.address,
                "attribute": step.attribute,
            }
            for step in finding.path
        ],
        "fix": finding.fix,
        "standards": list(finding.standards),
    }
