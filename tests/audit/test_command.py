"""``cloister audit`` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from audit.command import audit as command
from tests.audit.conftest import Answers
from tests.stacks.trees import ROOT

pytestmark = pytest.mark.engine


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["--boundary", str(ROOT / "boundary.yaml"), *map(str, arguments)])


def assets(answers: Answers) -> list[str | Path]:
    return [argument for path in answers.files() for argument in ("--assets", path)]


def test_it_says_what_was_read_from_when_and_what_was_not(answers: Answers, example_tree: Path) -> None:
    result = run(*assets(answers), "--against", example_tree)
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert f"resources: {len(answers.company.resources)} from" in words
    assert "2026-11-30T08:30:00Z" in words
    assert "Not read" not in words
    assert "The boundary holds. Grade C." in words
    assert "resources are where the stacks declare them." in words


def test_it_says_what_was_not_read(answers: Answers) -> None:
    answers.objects = None
    result = run(*assets(answers))
    assert result.exit_code == 1
    assert "Not read: the cluster. What hangs on these is undecided, never closed." in " ".join(
        result.output.split()
    )


def test_a_leak_is_exit_1_and_json_has_everything(
    answers: Answers, example_tree: Path, tmp_path: Path
) -> None:
    answers.company.grant(
        "acme-ml-prod-fakespot-data",
        "storage.googleapis.com/Bucket",
        "roles/storage.objectViewer",
        "allUsers",
    )
    out = tmp_path / "report.json"
    result = run(*assets(answers), "--against", example_tree, "--format", "json", "--output", out)
    assert result.exit_code == 1
    report = json.loads(out.read_text())
    Draft202012Validator(json.loads((ROOT / "docs/schemas/report.json").read_text())).validate(report)
    assert "acme-ml-prod-fakespot-data" in {finding["subject"] for finding in report["findings"]}
    assert {item["part"] for item in report["read"]} == {"resources", "iam", "org-policies", "cluster"}
    assert report["not_read"] == ["access-policies", "buckets"]
    assert [item["address"].partition(".")[0] for item in report["drift"]["foreign"]] == [
        "live/google_storage_bucket_iam_binding"
    ]


@pytest.mark.parametrize("format_", ["html", "sarif", "junit", "markdown"])
def test_every_format_of_check_is_there(answers: Answers, format_: str, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert run(*assets(answers), "--format", format_, "--output", out).exit_code == 0
    assert out.stat().st_size > 1000


def test_nothing_to_read_is_the_wrong_question() -> None:
    result = run()
    assert result.exit_code == 2
    assert (
        result.output
        == "nothing to read: give --assets FILE, --inventory, --context NAME, --kubeconfig FILE or --buckets\n"
    )


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("{}x")
    result = run(
        "--assets", tmp_path / "a.json", "--assets", tmp_path / "b.json", "--assets", tmp_path / "none.json"
    )
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 3
    assert "Traceback" not in result.output


def test_hostile_names_command_no_terminal(answers: Answers, tmp_path: Path) -> None:
    """Names in an export are anybody's: escapes are shown, not obeyed, and a report in HTML holds no markup of theirs."""
    name = "\x1b[2J\u202e<script>alert(1)</script>"
    answers.company.add(
        "sqladmin.googleapis.com/Instance", f"projects/acme-ml-prod/instances/{name}", {"name": name}
    )
    answers.company.add("pubsub.googleapis.com/Topic", f"projects/acme-ml-prod/topics/{name}", {"name": name})
    text = run(*assets(answers)).output
    assert "\x1b" not in text
    assert "\u202e" not in text
    out = tmp_path / "report.html"
    run(*assets(answers), "--format", "html", "--output", out)
    assert "<script>alert(1)" not in out.read_text()
