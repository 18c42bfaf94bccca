"""`cloister flow lint`: what it must find and what it must leave alone, as data; and files that are no flows."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cloister.declarations import load
from cloister.main import cli
from runner.client.flow.lint.inside import Inside, of_team
from runner.client.flow.lint.rules import RULES, findings
from runner.client.flow.lint.running import FORBIDDEN
from runner.client.jobs import find_team

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CASES = yaml.safe_load((HERE / "cases.yaml").read_text())


def inside(network: str) -> Inside:
    declarations, team = find_team("translations", ROOT)
    return of_team(declarations, team.model_copy(update={"network": network}))


def written(case: dict[str, Any]) -> str:
    """The case as a flow."""
    step = textwrap.indent(case.get("step", "pass"), " " * 8)
    on = textwrap.indent(case["over"].rstrip("\n") + "\n", " " * 4) if "over" in case else ""
    above = case["above"] + "\n" if "above" in case else ""
    return (
        f"{case.get('top', '')}\nfrom metaflow import FlowSpec, step\n"
        f"{above}class Case(FlowSpec):\n{on}    @step\n    def start(self):\n{step}\n"
        "        self.next(self.end)\n    @step\n    def end(self):\n        pass\n"
        'if __name__ == "__main__":\n    Case()\n'
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_found(case: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(HERE / "beside", tmp_path, dirs_exist_ok=True)
    flow = tmp_path / "flow.py"
    flow.write_text(written(case))
    found = findings(flow, inside(case.get("network", "sealed")))
    said = [(finding.rule, finding.what) for finding in found]
    expected = [tuple(each.split(" ", 1)) for each in case.get("found", ())]
    assert len(said) == len(expected), said
    for rule, part in expected:
        assert any(rule == each and part in what for each, what in said), (rule, part, said)


def test_every_rule_has_a_case() -> None:
    assert {rule.id for rule in RULES} == {
        each.split()[0] for case in CASES for each in case.get("found", ())
    }
    assert sum("found" in case for case in CASES) >= 40


def test_a_finding_says_where_what_why_and_what_to_do(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text(written({"top": "import json, requests"}))
    result = CliRunner().invoke(cli, ["flow", "lint", str(flow), "--format", "json"])
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert (report["version"], report["team"], report["network"]) == (1, None, "sealed")
    [finding] = report["findings"]
    assert finding["file"] == str(flow) and finding["line"] == 1 and finding["rule"] == "network-client"
    assert all(finding[key] for key in ("what", "why", "do"))
    text = CliRunner().invoke(cli, ["flow", "lint", str(flow)]).output
    assert text.startswith(f"{flow}:1: imports requests, a network client [network-client]\n")
    assert text.splitlines()[-1] == "1 found (no team named, sealed): network-client 1"


def test_an_honest_flow_ends_with_0(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text(written({}))
    arguments = ["flow", "lint", str(flow), "--team", "translations", "--directory", str(ROOT)]
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, result.output) == (
        0,
        "nothing in the flow would leave (team translations, sealed)\n",
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("flow.py", b"def x(:\n", ":1: cannot be read as Python"),
        ("flow.py", b"import json\n", ":1: found no flow, expected a class that derives from FlowSpec"),
        ("flow.py", b"x = '\xff'\n", "cannot be read as Python"),
        ("flow.py", b"x = 1\0\n", "cannot be read as Python"),
        ("flow.py", b"x = " + b"(" * 5000 + b")" * 5000, "cannot be read as Python"),
        ("flow.ipynb", b"{}", 'found a file named "flow.ipynb", expected a Python file'),
        ("flow.py", None, "found no such file"),
    ],
)
def test_what_is_no_flow_ends_with_2(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    flow = tmp_path / name
    if content is not None:
        flow.write_bytes(content)
    result = CliRunner().invoke(cli, ["flow", "lint", str(flow)])
    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_broken_module_beside_the_flow_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(written({"top": "import broken"}))
    (tmp_path / "broken.py").write_text("x = = 1")
    result = CliRunner().invoke(cli, ["flow", "lint", str(tmp_path / "flow.py")])
    assert result.exit_code == 2 and f"{tmp_path / 'broken.py'}:1: cannot be read" in result.stderr


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + written({"top": "import helper"}))
    (tmp_path / "helper.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert CliRunner().invoke(cli, ["flow", "lint", str(flow)]).exit_code == 0
    assert not (tmp_path / "ran").exists()


def test_a_team_nobody_declared(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["flow", "lint", "x.py", "--team", "translation", "--directory", str(ROOT)]
    )
    assert result.exit_code == 2 and "did you mean translations" in result.stderr


def test_forbidden_variables_are_those_of_admission() -> None:
    policy = (ROOT / "stacks/guardrails/admission/pods.yaml").read_text()
    [pattern] = re.findall(r"matches\('\(\?i\)\^\((LD_.*)\)\$'\)", policy)
    assert FORBIDDEN.pattern == f"(?i)(?:{pattern})"


def test_the_team_of_the_example_is_sealed() -> None:
    assert load(ROOT).teams["translations"].network == "sealed"
