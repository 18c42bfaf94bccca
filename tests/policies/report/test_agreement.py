"""What makes a change green, yellow or red, on small changes of the example's synthesized tree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policies.check import check_world, today
from policies.report.changes_text import render
from policies.report.compare import Changes, compare
from policies.report.sides import Side
from tests.policies.report.company import company, world

pytestmark = pytest.mark.engine


def side(home: Path) -> Side:
    found = world(home)
    return Side(check_world(found, today()), found)


@pytest.fixture(scope="module")
def base(example_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Side:
    return side(company(example_tree, tmp_path_factory.mktemp("base")))


@pytest.fixture
def head(example_tree: Path, tmp_path: Path) -> Path:
    return company(example_tree, tmp_path)


def edited(home: Path, stack: str, edit: Callable[[dict[str, Any]], None]) -> None:
    file = home / "cdktf.out" / "stacks" / stack / "cdk.tf.json"
    tree = json.loads(file.read_text())
    edit(tree["resource"])
    file.write_text(json.dumps(tree))


def said(base: Side, home: Path) -> Changes:
    return compare(base, side(home))


def test_nothing_changed_is_green(base: Side, head: Path) -> None:
    changes = said(base, head)
    assert (changes.colour, changes.reasons, changes.blast) == ("green", (), {})
    assert "No resource differs." in render(changes)


def test_a_team_that_leaves_is_green(base: Side, head: Path) -> None:
    shutil.rmtree(head / "cdktf.out" / "stacks" / "team-fakespot")
    (head / "teams" / "fakespot.yaml").unlink()
    changes = said(base, head)
    assert not changes.reasons
    assert (changes.colour, changes.reasons, list(changes.blast)) == ("green", (), ["fakespot"])


def test_one_more_who_is_trusted_is_yellow_whatever_the_reason_given(base: Side, head: Path) -> None:
    file = head / "boundary.yaml"
    known = '- {member: "group:ml-platform@acme.example", why: operates the platform, owner: security@acme.example}'
    text = file.read_text()
    assert known in text
    file.write_text(text.replace(known, f"{known}\n    {known.replace('ml-platform', 'helpers')}"))
    changes = said(base, head)
    assert changes.colour == "yellow" and not changes.blast
    assert any("group:helpers@acme.example: operates the platform" in line for line in changes.reasons)


def test_less_to_be_proven_is_yellow(base: Side, head: Path) -> None:
    file = head / "boundary.yaml"
    file.write_text(file.read_text().replace("assurance: mediated", "assurance: project"))
    changes = said(base, head)
    assert changes.colour == "yellow"
    assert "The assurance falls from mediated to project." in changes.reasons


def test_a_right_on_data_that_is_not_new_is_yellow_and_counts_for_the_bucket_s_team(
    base: Side, head: Path
) -> None:
    def edit(resources: dict[str, Any]) -> None:
        resources.setdefault("google_storage_bucket_iam_member", {})["more"] = {
            "bucket": "acme-ml-prod-fakespot-results",
            "role": "roles/storage.objectViewer",
            "member": "serviceAccount:team-fakespot@acme-ml-prod.iam.gserviceaccount.com",
        }

    edited(head, "foundation", edit)
    changes = said(base, head)
    assert (changes.colour, list(changes.blast)) == ("yellow", ["fakespot"])
    assert any("can read objects of bucket acme-ml-prod-fakespot-results" in line for line in changes.reasons)


def test_several_owners_are_yellow_and_one_is_green(base: Side, head: Path) -> None:
    def edit(resources: dict[str, Any]) -> None:
        for bucket in resources["google_storage_bucket"].values():
            bucket["labels"]["cost"] = "research"

    edited(head, "team-fakespot", edit)
    assert said(base, head).colour == "green"
    edited(head, "team-translations", edit)
    changes = said(base, head)
    assert changes.colour == "yellow"
    assert changes.reasons == ("It changes resources of fakespot and translations: more than one owner.",)


def test_a_control_that_goes_is_never_green(base: Side, head: Path) -> None:
    def edit(resources: dict[str, Any]) -> None:
        del resources["google_storage_bucket"]["bucket_data"]["ip_filter"]

    edited(head, "team-fakespot", edit)
    changes = said(base, head)
    assert changes.colour == "yellow"
    lost = "GCS-06 is no longer cut by ip_filter[0] of team-fakespot/google_storage_bucket.bucket_data."
    assert lost in changes.reasons


def test_another_team_s_reader_is_red_with_the_sentence_at_forty_columns(base: Side, head: Path) -> None:
    def edit(resources: dict[str, Any]) -> None:
        binding = resources["google_storage_bucket_iam_binding"]["bucket_data_objectViewer"]
        binding["members"].append("serviceAccount:team-translations@acme-ml-prod.iam.gserviceaccount.com")

    edited(head, "team-fakespot", edit)
    changes = said(base, head)
    assert changes.colour == "red" and changes.opens
    text = render(changes, width=40)
    assert text.startswith("Red: this change opens ") and "TEN-02" in text
