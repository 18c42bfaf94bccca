"""Changing a team, retiring it, adopting what exists: what each does to the tree, and to nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import cel
import pytest

from cloister.declarations import names
from cloister.declarations.team import Team
from tests.stacks.conftest import company
from tests.stacks.trees import ROOT, shared, stacks, synthesized

pytestmark = pytest.mark.engine
PROJECT, OPERATORS = "acme-ml-prod", ["group:ml-platform@acme.example"]


@pytest.fixture(scope="session")
def changed_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company with `fakespot` retired since a day that has passed, and `vision` adopting two of its buckets."""
    home = company(tmp_path_factory.mktemp("changed"))
    with (home / "teams/fakespot.yaml").open("a") as file:
        file.write("retired: 2026-01-31\n")
    with (home / "teams/vision.yaml").open("a") as file:
        file.write(f"adopt: [{PROJECT}-vision-data, {PROJECT}-vision-results]\nretired: 2999-12-31\n")
    return synthesized(home, shared(tmp_path_factory) / "changed" / "cdktf.out")


def stack(tree: Path, team: str) -> dict[str, Any]:
    return stacks(tree)[names.team_stack(team)]


def test_a_changed_team_changes_no_other_stack_by_a_byte(grown_tree: Path, changed_tree: Path) -> None:
    before = {file.parent.name: file.read_bytes() for file in grown_tree.glob("stacks/*/cdk.tf.json")}
    after = {file.parent.name: file.read_bytes() for file in changed_tree.glob("stacks/*/cdk.tf.json")}
    assert {name for name in before if before[name] != after[name]} == {"team-fakespot", "team-vision"}


def test_buckets_stay_unless_their_team_is_retired_and_its_day_has_come(
    grown_tree: Path, changed_tree: Path
) -> None:
    def forced(tree: Path, team: str) -> set[bool]:
        return {b["force_destroy"] for b in stack(tree, team)["resource"]["google_storage_bucket"].values()}

    assert forced(changed_tree, "fakespot") == {True}
    assert forced(changed_tree, "vision") == {False}  # its day is to come
    assert forced(changed_tree, "translations") == forced(grown_tree, "fakespot") == {False}


@pytest.mark.parametrize(("day", "gone"), [("2026-11-24", False), ("2026-11-25", True), ("2026-11-26", True)])
def test_the_day_itself_counts(day: str, gone: bool) -> None:
    quota = {"cpu": 1, "memory": "1Gi", "max_run_hours": 1}
    team = Team(team="t", members="group:t@acme.example", quota=quota, retired=date(2026, 11, 25))
    assert team.data_may_go(date.fromisoformat(day)) is gone


def test_the_right_to_empty_outlives_the_buckets_and_reaches_no_others(changed_tree: Path) -> None:
    resource = stack(changed_tree, "fakespot")["resource"]
    role = resource["google_project_iam_custom_role"]["role_removal"]
    assert role["permissions"] == [
        "storage.anywhereCaches.list",
        "storage.objects.delete",
        "storage.objects.list",  # never get
    ]
    binding = resource["google_project_iam_binding"]["project_removal"]
    assert binding["members"] == OPERATORS
    for bucket in resource["google_storage_bucket"].values():
        assert "google_project_iam_binding.project_removal" in bucket["depends_on"]
    condition = cel.compile(binding["condition"]["expression"])
    own = names.buckets(PROJECT, "fakespot").values()
    for path, inside in [
        *((f"projects/_/buckets/{bucket}", True) for bucket in own),
        *((f"projects/_/buckets/{bucket}/objects/a/b", True) for bucket in own),
        (f"projects/_/buckets/{PROJECT}-fakespot-data-code", False),
        (f"projects/_/buckets/{PROJECT}-fakespot-data-code/objects/a", False),
        (f"projects/_/buckets/{PROJECT}-vision-data/objects/a", False),
    ]:
        assert condition.execute({"resource": {"name": path}}) is inside, path
    assert binding["condition"]["expression"].count("||") <= 12  # IAM's limit of logical operators


def test_adopted_buckets_are_imported_under_their_own_names(changed_tree: Path) -> None:
    tree = stack(changed_tree, "vision")
    assert sorted((block["to"], block["id"]) for block in tree["import"]) == [
        ("google_storage_bucket.bucket_data", f"{PROJECT}/{PROJECT}-vision-data"),
        ("google_storage_bucket.bucket_results", f"{PROJECT}/{PROJECT}-vision-results"),
    ]


def test_an_adopted_bucket_keeps_no_right_from_before(grown_tree: Path, changed_tree: Path) -> None:
    """One policy with the same grants as the bindings of a bucket that is made, the roles of nobody left out."""
    bindings = stack(grown_tree, "vision")["resource"]["google_storage_bucket_iam_binding"].values()
    tree = stack(changed_tree, "vision")["resource"]
    for kind in ("data", "results"):
        bucket = f"${{google_storage_bucket.bucket_{kind}.name}}"
        policy = tree["google_storage_bucket_iam_policy"][f"bucket_{kind}_policy"]
        assert policy["bucket"] == bucket
        expected = [b for b in bindings if b["bucket"] == bucket and b["members"]]
        assert sorted(json.loads(policy["policy_data"])["bindings"], key=str) == sorted(
            ({k: b[k] for k in ("role", "members", "condition") if k in b} for b in expected), key=str
        )
        # Bindings beside a policy would fight with it.
        assert bucket not in {b["bucket"] for b in tree["google_storage_bucket_iam_binding"].values()}


def test_the_proof_holds_for_retired_and_adopting_teams(changed_tree: Path, grown_tree: Path) -> None:
    def findings(tree: Path) -> set[tuple[str, str]]:
        command = [sys.executable, "-m", "cloister", "check", str(tree), "--format", "json"]
        done = subprocess.run(
            [*command, "--boundary", str(ROOT / "boundary.yaml")], cwd=ROOT, capture_output=True, text=True
        )
        return {(f["channel"], f["subject"]) for f in json.loads(done.stdout)["findings"]}

    assert findings(changed_tree) <= findings(grown_tree)
