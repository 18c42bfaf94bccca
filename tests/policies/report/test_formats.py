"""Each format of the report: valid to its schema, deterministic, safe over hostile names."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from policies.channels.evidence import Advice, Assumed, Control, Leak, Residual, Step
from policies.report import as_json, as_text, junit, markdown, sarif
from policies.report.grade import grade
from policies.report.locate import line_of
from policies.report.model import Report
from policies.snapshot.model import Input
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide
from tests.npm import installed

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs/schemas/report.json").read_text())
HOSTILE = 'x<script>alert(1)</script>\x1b[31m\u202ered|`#"&' + "y" * 10_000


class Boundary:
    """What ``decide`` reads of a boundary."""

    organization = None
    attestations = ()
    exceptions = ()


def report_over(subject: str, tmp_path: Path) -> Report:
    tree = {
        "resource": {
            "google_compute_router": {"r": {}},
            "google_compute_router_nat": {"leak": {"name": subject}},
        }
    }
    source = tmp_path / "cdk.tf.json"
    source.write_text(json.dumps(tree, indent=2))
    leak = Leak(
        "open",
        subject,
        f"A pod reaches the internet through {subject}.",
        (Step("a pod", subject, "the NAT translates", "platform/google_compute_router_nat.leak", "name"),),
        "remove it",
        "platform/google_compute_router_nat.leak",
        "name",
    )
    evidence = {
        "NET-06": (leak,),
        "NET-07": (
            Control("platform/google_compute_network.vpc", "delete_default_routes_on_create"),
            Advice("a lien"),
        ),
        "API-01": (Residual("tenants share the VIP", "a perimeter"),),
        "TEN-02": (Assumed("share of results", "s@acme.example", date(2027, 3, 31), "results"),),
    }
    verdicts = tuple(
        decide(entry, evidence[name], Boundary(), date(2026, 11, 25))  # type: ignore[arg-type]
        for name, entry in catalogue().items()
        if name in evidence
    )
    trusted = (Assumed("operates the platform", "s@acme.example", None, "group:p@acme.example"),)
    return Report(
        "project", grade(True, "project", False), (Input(str(source), "0" * 64),), verdicts, trusted
    )


@pytest.fixture(params=["leak", HOSTILE], ids=["plain", "hostile"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Report:
    return report_over(request.param, tmp_path)


def test_json_follows_its_schema(report: Report) -> None:
    tree = json.loads(as_json.render(report))
    jsonschema.validate(tree, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert tree["summary"] == {
        "closed": 1,
        "weakened": 0,
        "open": 1,
        "undecided": 0,
        "residual": 1,
        "assumed": 1,
    }


def test_the_schema_refuses_another_shape(report: Report) -> None:
    tree = as_json.as_dict(report) | {"version": 2}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, SCHEMA)


def test_sarif_fits_the_published_schema(report: Report) -> None:
    package = installed(Path(__file__).parent / "sarif_schema") / "@microsoft/jest-sarif"
    schema = json.loads((package / "lib/schemas/sarif-2.1.0-rtm.5.json").read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    tree = json.loads(sarif.render(report))
    assert [error.message for error in validator.iter_errors(tree)] == []
    tree["runs"][0]["results"][0]["level"] = "critical"
    assert len(list(validator.iter_errors(tree))) == 1


def test_sarif_points_at_the_resource(report: Report) -> None:
    tree = json.loads(sarif.render(report))
    (result,) = tree["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    lines = Path(report.inputs[0].path).read_text().splitlines()
    assert '"leak": {' in lines[place["region"]["startLine"] - 1]
    assert result["ruleId"] == "NET-06"


def test_junit_has_a_case_per_channel(report: Report) -> None:
    suite = ET.fromstring(junit.render(report))
    assert suite.get("tests") == "4" and suite.get("failures") == "1"
    assert len(suite.findall("testcase")) == 4
    assert len(suite.findall("testcase/failure")) == 1


def test_text_and_markdown_print_no_control_character(report: Report) -> None:
    for text in (as_text.render(report, width=40), markdown.render(report)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
        assert "<script>" not in markdown.render(report)
        assert max(map(len, text.splitlines())) < 2_000


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for module in (as_json, as_text, sarif, junit, markdown):
        assert module.render(report_over("leak", tmp_path)) == module.render(report_over("leak", tmp_path))


def test_a_line_is_found_whatever_the_layout() -> None:
    text = '{"a": {"b": "{\\"c\\": 1}", "c":\n {\n "d": 2}}, "c": {"d": 3}}'
    assert line_of(text, ("a", "c", "d")) == 3
    assert line_of(text, ("c", "d")) == 3
    assert line_of(text, ("nothing",)) == 1
    assert line_of("{", ("a",)) == 1


@pytest.mark.parametrize(
    ("failing", "assurance", "policies", "letter"),
    [
        (True, "perimeter", True, "F"),
        (False, "perimeter", True, "A"),
        (False, "mediated", True, "B"),
        (False, "mediated", False, "C"),
        (False, "project", False, "D"),
    ],
)
def test_grades(failing: bool, assurance: str, policies: bool, letter: str) -> None:
    assert grade(failing, assurance, policies).letter == letter
