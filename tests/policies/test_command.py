"""``cloister check``, ``explain`` and ``diff`` as a person calls them: exit codes, files, words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policies.certificate import certificate, differences
from policies.command import check, diff, explain, run

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "data" / "reference"
BOUNDARY = ["--boundary", str(REFERENCE / "boundary.yaml")]
SECURE = str(REFERENCE / "cdk.tf.json")
LEAK = {
    "bucket": "${google_storage_bucket.team_a_raw.name}",
    "role": "roles/storage.objectViewer",
    "member": "group:evil@other.example",
}


def leaking(folder: Path) -> str:
    tree = json.loads((REFERENCE / "cdk.tf.json").read_text())
    tree["resource"]["google_storage_bucket_iam_member"]["leak"] = LEAK
    path = folder / "cdk.tf.json"
    path.write_text(json.dumps(tree, indent=2))
    return str(path)


def call(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def test_what_holds_ends_with_0_and_says_on_what_it_rests() -> None:
    done = call(check, SECURE, *BOUNDARY)
    assert done.exit_code == 0
    assert "The boundary holds. Grade D." in done.output
    assert "group:platform-admins@acme.example: operates the platform" in done.output


def test_a_leak_ends_with_1_and_a_sentence(tmp_path: Path) -> None:
    done = call(check, leaking(tmp_path), *BOUNDARY)
    assert done.exit_code == 1
    assert "OPEN IAM-01 acme-data-prod-team-a-raw" in done.output
    assert "group:evil@other.example" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.json", *BOUNDARY], "nowhere.json"),
        ([SECURE, "--boundary", "nowhere.yaml"], "nowhere.yaml"),
        ([SECURE, *BOUNDARY, "--output", "/nowhere/report"], "cannot be written"),
        ([SECURE, *BOUNDARY, "--verify", SECURE], "not a certificate"),
    ],
)
def test_a_wrong_question_ends_with_2_and_one_line(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(check, arguments)
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("format_", ["json", "sarif", "junit", "markdown", "text", "html"])
def test_a_format_goes_to_a_file(tmp_path: Path, format_: str) -> None:
    target = tmp_path / "report"
    assert call(check, SECURE, *BOUNDARY, "--format", format_, "--output", str(target)).exit_code == 0
    assert target.stat().st_size > 500


def test_a_certificate_names_the_very_tree(tmp_path: Path) -> None:
    tree, proven = tmp_path / "cdk.tf.json", tmp_path / "proven.json"
    shutil.copy(SECURE, tree)
    assert call(check, str(tree), *BOUNDARY, "--certificate", str(proven)).exit_code == 0
    same = call(check, str(tree), *BOUNDARY, "--verify", str(proven))
    assert same.exit_code == 0 and "this is the tree that was proven" in same.output
    tree.write_text(tree.read_text() + "\n")
    other = call(check, str(tree), *BOUNDARY, "--verify", str(proven))
    assert other.exit_code == 1 and "changed since it was proven" in other.output


def test_a_certificate_tells_inputs_of_one_name_apart(tmp_path: Path) -> None:
    trees = [tmp_path / name / "x/cdk.tf.json" for name in ("a", "b")]
    for tree in trees:
        tree.parent.mkdir(parents=True)
        shutil.copy(SECURE, tree)
    other = {
        "//": {"metadata": {"stackName": "other"}},
        "terraform": {"backend": {"gcs": {"bucket": "acme-data-prod-tfstate", "prefix": "other"}}},
        "resource": {},
    }
    trees[1].write_text(json.dumps(other))
    paths, proven = [str(tree) for tree in trees], tmp_path / "proven.json"
    assert call(check, *paths, *BOUNDARY, "--certificate", str(proven)).exit_code == 0
    assert call(check, *paths, *BOUNDARY, "--verify", str(proven)).exit_code == 0
    for tree in trees:
        before = tree.read_text()
        tree.write_text(before + "\n")
        assert call(check, *paths, *BOUNDARY, "--verify", str(proven)).exit_code == 1, tree
        tree.write_text(before)


def test_a_certificate_covers_what_lies_beside_the_boundary(tmp_path: Path) -> None:
    for name in ("boundary.yaml", "platform.yaml", "teams"):
        (shutil.copytree if name == "teams" else shutil.copy)(ROOT / name, tmp_path / name)
    tree, proven = tmp_path / "cdk.tf.json", tmp_path / "proven.json"
    shutil.copy(SECURE, tree)
    # The secure tree is another company's: what the two certificates say of the files beside is what is asked here.
    report = run((tree,), tmp_path / "boundary.yaml")
    proven.write_text(certificate(report, tmp_path / "boundary.yaml"))
    assert differences(report, tmp_path / "boundary.yaml", proven) == []
    team = tmp_path / "teams/translations.yaml"
    team.write_text(team.read_text() + "\n")
    (tmp_path / "teams/fakespot.yaml").unlink()
    (tmp_path / "teams/new.yaml").write_text("team: new\n")
    assert differences(report, tmp_path / "boundary.yaml", proven) == [
        "declaration teams/new.yaml: not in the certificate",
        "declaration teams/fakespot.yaml: missing, the certificate covers it",
        "declaration teams/translations.yaml: changed since it was proven",
    ]


def test_another_proof_is_another_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report, boundary, proven = run((Path(SECURE),), Path(BOUNDARY[1])), Path(BOUNDARY[1]), tmp_path / "p.json"
    proven.write_text(certificate(report, boundary))
    package = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", package)
    monkeypatch.setattr("policies.certificate._PROOF", package)
    assert differences(report, boundary, proven) == []
    with (package / "verdicts/decide.py").open("a") as source:
        source.write("# anything\n")
    (line,) = differences(report, boundary, proven)
    assert line.startswith("proof: proven with")


def test_no_certificate_is_written_for_what_fails(tmp_path: Path) -> None:
    proven = tmp_path / "proven.json"
    assert call(check, leaking(tmp_path), *BOUNDARY, "--certificate", str(proven)).exit_code == 1
    assert not proven.exists()


def test_explain_says_what_a_channel_is_and_what_holds_it() -> None:
    done = call(explain, "net-06", SECURE, *BOUNDARY)
    assert done.exit_code == 0
    assert "NET-06 Public Cloud NAT" in done.output and "Here: closed." in done.output


def test_explain_shows_one_finding(tmp_path: Path) -> None:
    tree = leaking(tmp_path)
    findings = json.loads(call(check, tree, *BOUNDARY, "--format", "json").output)["findings"]
    name = next(finding["id"] for finding in findings if finding["channel"] == "IAM-01")
    done = call(explain, name, tree, *BOUNDARY)
    assert "group:evil@other.example" in done.output and "fix:" in done.output


def test_explain_offers_the_nearest_channel() -> None:
    done = call(explain, "NET-99")
    assert done.exit_code == 2 and "did you mean NET-" in done.output


def test_diff_says_what_a_change_opens_and_makes_reachable(tmp_path: Path) -> None:
    done = call(diff, SECURE, leaking(tmp_path), *BOUNDARY)
    assert done.exit_code == 1
    assert "## Red: this change opens" in done.output
    assert "can read objects of bucket acme-data-prod-team-a-raw" in done.output


def test_diff_the_other_way_closes(tmp_path: Path) -> None:
    done = call(diff, leaking(tmp_path), SECURE, *BOUNDARY, "--format", "json")
    assert done.exit_code == 0
    answer = json.loads(done.output)
    assert not answer["opens"] and {finding["channel"] for finding in answer["closed"]} >= {"IAM-01"}


def test_diff_of_a_tree_with_itself_is_empty() -> None:
    answer = json.loads(call(diff, SECURE, SECURE, *BOUNDARY, "--format", "json").output)
    assert not answer["opened"] and not answer["channels"] and not answer["blast_radius"]
