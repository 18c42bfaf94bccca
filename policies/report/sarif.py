"""The report as SARIF 2.1.0, for code scanning: a rule per channel, a result per finding, lines into the input."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from policies.report.locate import line_of
from policies.report.model import Report
from policies.report.plain import dumped
from policies.snapshot.model import Input
from policies.verdicts.catalogue import Entry, catalogue
from policies.verdicts.model import Finding

_LEVEL = {"open": "error", "undecided": "error", "weakened": "warning", "assumed": "error"}
_RANK = {"critical": 100.0, "high": 75.0, "medium": 50.0, "low": 25.0}


def render(report: Report) -> str:
    rules = sorted({finding.channel for finding in report.findings})
    place = _places(report.inputs)
    run = {
        "tool": {
            "driver": {
                "name": "cloister",
                "version": version("cloister"),
                "rules": [_rule(catalogue()[identifier]) for identifier in rules],
            }
        },
        "artifacts": [
            {"location": {"uri": _uri(item.path)}, "hashes": {"sha-256": item.sha256}}
            for item in report.inputs
        ],
        "results": [_result(finding, rules.index(finding.channel), place) for finding in report.findings],
        "properties": {"assurance": report.assurance, "grade": report.grade.letter},
    }
    tree = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dumped(tree)


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.id.replace("-", ""),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.semantics},
        "help": {"text": f"Closed by: {entry.closes}"},
        "properties": {"tags": ["security", *entry.standards], "severity": entry.severity},
    }


def _result(finding: Finding, rule: int, place: Callable[[Finding], dict[str, Any] | None]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.channel,
        "ruleIndex": rule,
        "level": _LEVEL[finding.status],
        "rank": _RANK[finding.severity],
        "message": {"text": f"{finding.sentence} Fix: {finding.fix}"},
        "partialFingerprints": {"cloisterFinding/v1": finding.id},
        "properties": {"status": finding.status, "subject": finding.subject},
    }
    location = place(finding)
    if location:
        result["locations"] = [location]
    return result


def _places(inputs: tuple[Input, ...]) -> Callable[[Finding], dict[str, Any] | None]:
    """Finding to SARIF location: the input whose text holds its resource, and the line."""
    texts: dict[str, str] = {}

    def place(finding: Finding) -> dict[str, Any] | None:
        address = finding.address or next((step.address for step in finding.path if step.address), "")
        stack, _, rest = address.partition("/")
        source = _source(inputs, stack)
        if source is None:
            return None
        if source.path not in texts:
            try:
                texts[source.path] = Path(source.path).read_text()
            except (OSError, UnicodeDecodeError):
                texts[source.path] = ""
        kind, rest = ("data", rest.removeprefix("data.")) if rest.startswith("data.") else ("resource", rest)
        type_, _, name = rest.partition(".")
        line = line_of(texts[source.path], (kind, type_, name.split("[")[0])) if texts[source.path] else 1
        return {
            "physicalLocation": {
                "artifactLocation": {"uri": _uri(source.path)},
                "region": {"startLine": line},
            },
            "logicalLocations": [{"fullyQualifiedName": address, "kind": "resource"}],
        }

    return place


def _source(inputs: tuple[Input, ...], stack: str) -> Input | None:
    """The input of a stack: its directory is named after it; a single input needs no name."""
    named = [
        item for item in inputs if stack and stack in (Path(item.path).parent.name, Path(item.path).stem)
    ]
    return named[0] if named else (inputs[0] if len(inputs) == 1 else None)


def _uri(path: str) -> str:
    given = Path(path)
    return given.as_uri() if given.is_absolute() else given.as_posix()
