"""The report as JUnit XML: a test case per channel, so that any CI shows it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from policies.report.model import Report
from policies.report.plain import plain


def render(report: Report) -> str:
    failing = sum(1 for verdict in report.verdicts if verdict.findings)
    suite = ET.Element(
        "testsuite",
        name=f"cloister check ({report.assurance})",
        tests=str(len(report.verdicts)),
        failures=str(failing),
        errors="0",
        skipped="0",
    )
    for verdict in report.verdicts:
        case = ET.SubElement(
            suite, "testcase", classname=verdict.id.split("-")[0], name=f"{verdict.id} {verdict.title}"
        )
        for finding in verdict.findings:
            failure = ET.SubElement(case, "failure", type=finding.status, message=plain(finding.sentence))
            steps = [
                f"{step.source} -> {step.target}: {step.because} ({step.address})" for step in finding.path
            ]
            standards = ", ".join(finding.standards)
            failure.text = "\n".join(
                plain(line) for line in [*steps, f"fix: {finding.fix}", f"standards: {standards}"]
            )
        if not verdict.findings and verdict.status != "closed":
            ET.SubElement(case, "system-out").text = verdict.status
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"
