"""What a declaration admits to, and no more."""

from __future__ import annotations

import pytest

from policies.facts.admission import ruling, runtime
from policies.facts.grants import grants
from tests.policies.iam.worlds import PROJECT, account, world

RELEASE = {
    "bucket": "results",
    "to": "group:readers@acme.example",
    "why": "w",
    "owner": "s@acme.example",
    "until": "2099-01-01",
}
TEAMS = {"red": {"releases": [RELEASE], "sources": [{"member": account("telemetry"), "why": "w"}]}}
VIEWER, USER, CREATOR = (
    "roles/storage.objectViewer",
    "roles/storage.objectUser",
    "roles/storage.objectCreator",
)


@pytest.mark.parametrize(
    ("bucket", "role", "member", "answer"),
    [
        ("red-results", VIEWER, "group:readers@acme.example", "assumed"),
        ("red-results", USER, "group:readers@acme.example", "outside"),
        ("red-results", "roles/storage.admin", "group:readers@acme.example", "outside"),
        ("red-data", VIEWER, "group:readers@acme.example", "outside"),
        ("blue-results", VIEWER, "group:readers@acme.example", "outside"),
        ("red-code", CREATOR, "group:red@acme.example", "inside"),
        ("red-data", VIEWER, "group:red@acme.example", "outside"),
        ("red-results", VIEWER, "group:red@acme.example", "outside"),
        ("red-data", CREATOR, account("telemetry"), "inside"),
        ("red-data", VIEWER, account("telemetry"), "outside"),
        ("red-results", CREATOR, account("telemetry"), "outside"),
        ("red-data", VIEWER, "group:platform-admins@acme.example", "inside"),
        ("red-data", VIEWER, "group:nobody@acme.example", "outside"),
    ],
)
def test_admission(bucket: str, role: str, member: str, answer: str) -> None:
    name = f"{PROJECT}-{bucket}"
    tree = world(
        {
            "google_storage_bucket": {"b": {"name": name, "labels": {"team": bucket.split("-")[0]}}},
            "google_storage_bucket_iam_member": {"m": {"bucket": name, "role": role, "member": member}},
        },
        teams=TEAMS,
    )
    (grant,) = grants(tree)
    assert ruling(tree, grant).answer == answer


def test_trusted_people_of_a_team_run_and_operators_do_not() -> None:
    binding = {
        "metadata": {"name": "x", "namespace": "team-a"},
        "role_ref": {"kind": "Role", "name": "r", "api_group": "rbac.authorization.k8s.io"},
        "subject": [{"kind": "Group", "name": "team-a@acme.example"}],
    }
    members = ["group:team-a@acme.example", "group:platform-admins@acme.example"]
    tree = world(
        {
            "kubernetes_namespace": {"red": {"metadata": {"name": "team-a", "labels": {"team": "red"}}}},
            "kubernetes_role_binding": {"x": binding},
            "google_project_iam_binding": {"b": {"project": PROJECT, "role": VIEWER, "members": members}},
        }
    )
    assert [runtime(tree, grant) for grant in grants(tree)] == [True, False]
