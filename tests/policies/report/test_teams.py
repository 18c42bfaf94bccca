"""The sheets of the teams against what the declarations say and against what the proof itself says is reachable."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from policies.check import check_world, world_of
from policies.facts.reach import reaching
from policies.facts.world import World
from policies.report.teams import Sheet, sheets
from tests.bench.grow import write

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "data" / "reference"
SHARED = """
sources:
  - {member: "serviceAccount:feeder@acme-ml-prod.iam.gserviceaccount.com", why: telemetry}
shares:
  - {bucket: results, with: translations, why: features, owner: s@acme.example, until: 2027-03-31}
releases:
  - {bucket: results, to: "group:readers@acme.example", why: report, owner: s@acme.example, until: 2027-03-31}
"""


def reads(sheet: Sheet) -> set[tuple[str, str]]:
    return {
        (access.member, node.name)
        for node in sheet.nodes
        for access in node.access
        if "read" in access.rights
    }


def members_of(members: str) -> str:
    return f"group:{members}-ml@acme.example"


@pytest.fixture
def company(example_tree: Path, tmp_path: Path) -> Path:
    """The example's tree and declarations, of which fakespot's also share, release and name a source."""
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "teams", tmp_path / "teams")
    shutil.copytree(example_tree, tmp_path / "cdktf.out")
    with (tmp_path / "teams" / "fakespot.yaml").open("a") as file:
        file.write(SHARED)
    return tmp_path


def world_in(home: Path) -> World:
    return world_of((home / "cdktf.out",), home / "boundary.yaml")


@pytest.mark.engine
def test_a_sheet_says_what_a_team_is_and_what_its_file_lets_pass(company: Path) -> None:
    fakespot, translations = sheets(world_in(company), ())
    assert (fakespot.team, fakespot.network) == ("fakespot", "sealed")
    group, pods, account = fakespot.identities
    assert (group.member, group.address) == (members_of("fakespot"), "teams/fakespot.yaml")
    assert pods.by == (group.member,) and account.by == (pods.member,)
    assert {node.name.removeprefix("acme-ml-prod-fakespot-") for node in fakespot.nodes} == {
        "code", "data", "artifacts", "results", "team-fakespot",
    }  # fmt: skip
    assert [(item.kind, item.to) for item in fakespot.passings] == [
        ("share", "team translations"),
        ("release", "group:readers@acme.example"),
        ("source", "serviceAccount:feeder@acme-ml-prod.iam.gserviceaccount.com"),
    ]
    assert not translations.passings and not fakespot.beyond
    doors = " ".join(door.does for door in fakespot.doors)
    assert "through the sealed runner only" in doors and "run pods in namespace team-fakespot" in doors
    assert "DNS endpoint" in doors and "open a shell" not in doors


@pytest.mark.engine
def test_people_create_code_and_read_nothing_but_logs(company: Path) -> None:
    for sheet in sheets(world_in(company), ()):
        group = members_of(sheet.team)
        rights = {(n.kind, n.name): a.rights for n in sheet.nodes for a in n.access if a.member == group}
        assert rights == {
            ("bucket", f"acme-ml-prod-{sheet.team}-code"): ("create",),
            ("log bucket", f"team-{sheet.team}"): ("read",),
        }


@pytest.mark.engine
def test_a_sheet_reads_what_the_proof_finds_reachable(company: Path) -> None:
    world = world_in(company)
    shown = {pair for sheet in sheets(world, ()) for pair in reads(sheet)}
    marks = ("read objects of bucket ", "read logs of ")
    found = {
        (r.principal, r.what.removeprefix(mark)) for r in reaching(world) for mark in marks if mark in r.what
    }
    assert shown == found


@pytest.mark.engine
def test_a_grant_to_another_team_is_on_both_sheets_with_its_finding(company: Path) -> None:
    path = company / "cdktf.out" / "stacks" / "team-fakespot" / "cdk.tf.json"
    tree = json.loads(path.read_text())
    foreign = "serviceAccount:team-translations@acme-ml-prod.iam.gserviceaccount.com"
    bucket = "acme-ml-prod-fakespot-data"
    tree["resource"]["google_storage_bucket_iam_member"] = {
        "crossing": {"bucket": bucket, "role": "roles/storage.objectViewer", "member": foreign}
    }
    path.write_text(json.dumps(tree))
    report = check_world(world_in(company), date(2026, 11, 25))
    fakespot, translations = report.teams
    assert (foreign, bucket) in reads(fakespot)
    (beyond,) = translations.beyond
    assert (beyond.name, beyond.of, beyond.access.rights) == (bucket, "fakespot", ("read",))
    ids = {finding.id for finding in report.findings}
    assert ids and set(fakespot.findings) == ids


def test_a_grant_on_the_project_is_on_every_sheet(tmp_path: Path) -> None:
    tree = json.loads((REFERENCE / "cdk.tf.json").read_text())
    tree["resource"]["google_project_iam_member"] = tree["resource"].get("google_project_iam_member", {}) | {
        "wide": {
            "project": "acme-data-prod",
            "role": "roles/storage.objectViewer",
            "member": "group:evil@x.example",
        }
    }
    path = tmp_path / "cdk.tf.json"
    path.write_text(json.dumps(tree))
    found = sheets(world_of((path,), REFERENCE / "boundary.yaml"), ())
    assert found
    for sheet in found:
        for node in sheet.nodes:
            evil = [access for access in node.access if access.member == "group:evil@x.example"]
            assert bool(evil) == (node.kind == "bucket")
            assert all(access.how == "by a grant on acme-data-prod" for access in evil)


def test_there_is_a_sheet_per_team_however_many(tmp_path: Path) -> None:
    tree, boundary = write(tmp_path, 50)
    found = sheets(world_of((tree,), boundary), ())
    assert [sheet.team for sheet in found] == [f"t{index:04d}" for index in range(50)]
    assert all(sheet.identities and sheet.nodes for sheet in found)
