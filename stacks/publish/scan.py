"""What Artifact Analysis found in an image, inside the project."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from stacks.rest import Google, Refused

ANALYSIS = "https://containeranalysis.googleapis.com/v1"
SEVERITIES = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)  # the last one again and again


@dataclass(frozen=True)
class Finding:
    """One vulnerability: its name, as CVE-2026-1, its severity, and the package it is in."""

    name: str
    severity: str
    package: str

    @property
    def rank(self) -> int:
        return _rank(self.severity)


@dataclass(frozen=True)
class Scan:
    """All that was found."""

    findings: tuple[Finding, ...]

    def worse_than(self, severity: str) -> list[Finding]:
        """What is graver than `severity`, the gravest first."""
        grave = [finding for finding in self.findings if finding.rank > _rank(severity)]
        return sorted(grave, key=lambda finding: (-finding.rank, finding.name, finding.package))

    def __str__(self) -> str:
        counts = Counter(finding.severity for finding in self.findings)
        ordered = sorted(counts, key=_rank, reverse=True)
        return ", ".join(f"{counts[severity]} {severity.lower()}" for severity in ordered) or "nothing found"


def scan(google: Google, image: str, patience: float, say: Callable[[str], None]) -> Scan:
    """Wait for the scan that the push has started. Raises Refused when it fails or takes over `patience` seconds."""
    deadline = time.monotonic() + patience
    told = None
    for pause in chain(_PAUSES_SECONDS, repeat(_PAUSES_SECONDS[-1])):
        status = _status(google, image)
        if status == "FINISHED_SUCCESS":
            break
        if status.startswith("FINISHED"):
            raise Refused(0, f"the scan ended with {status}; an image nobody has scanned is not attested")
        if time.monotonic() > deadline:
            said = status or "not begun"
            raise Refused(0, f"the scan is not done after {patience:.0f} s ({said}); run it again")
        if status != told:
            say(f"scanning: {status.lower() or 'waiting for it to begin'}")
            told = status
        time.sleep(pause)
    return Scan(tuple(map(_finding, _occurrences(google, image, "VULNERABILITY"))))


def _status(google: Google, image: str) -> str:
    discoveries = _occurrences(google, image, "DISCOVERY")
    states = [found.get("discovery", {}).get("analysisStatus", "") for found in discoveries]
    return next(filter(None, states), "")


def _occurrences(google: Google, image: str, kind: str) -> list[dict[str, Any]]:
    query = [("filter", f'kind="{kind}" AND resourceUrl="https://{image}"'), ("pageSize", "1000")]
    return google.pages(f"{ANALYSIS}/projects/{google.project}/occurrences", "occurrences", query)


def _finding(occurrence: dict[str, Any]) -> Finding:
    found = occurrence.get("vulnerability", {})
    name = found.get("shortDescription") or occurrence.get("noteName", "").rpartition("/")[2]
    packages = [issue.get("affectedPackage", "") for issue in found.get("packageIssue", [])]
    severity = found.get("effectiveSeverity") or found.get("severity") or "UNKNOWN"
    return Finding(name, severity, next(filter(None, packages), ""))


def _rank(severity: str) -> int:
    """Where a severity stands; one that Google does not name is as grave as can be."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
