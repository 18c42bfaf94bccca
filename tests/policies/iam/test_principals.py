"""Standing: who is inside, who is not, and who only looks so."""

from __future__ import annotations

import pytest

from policies.facts.principals import agent_number, standing
from tests.policies.iam.worlds import NUMBER, PROJECT, account, workload, world

WORLD = {"google_service_account": {"a": {"project": PROJECT, "account_id": "a"}}}


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (account("a"), "own"),
        (account("A"), "own"),
        (account("ghost"), "foreign"),
        (f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com", "own"),
        ("serviceAccount:999-compute@developer.gserviceaccount.com", "foreign"),
        (f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com", "agent"),
        (f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com", "agent"),
        (f"serviceAccount:{NUMBER}@cloudservices.gserviceaccount.com", "agent"),
        ("serviceAccount:service-999888777@gcp-sa-pubsub.iam.gserviceaccount.com", "foreign"),
        (f"serviceAccount:service-{NUMBER}@someones-project.iam.gserviceaccount.com", "foreign"),
        (f"serviceAccount:service-{NUMBER}@gs-project-accounts-x.iam.gserviceaccount.com", "foreign"),
        (f"serviceAccount:service-org-{NUMBER}9@gcp-sa-logging.iam.gserviceaccount.com", "foreign"),
        (workload("team-a", "app"), "workload"),
        ("serviceAccount:other.svc.id.goog[team-a/app]", "foreign"),
        ("group:platform-admins@acme.example", "declared"),
        ("group:Platform-Admins@ACME.example", "declared"),
        ("group:others@acme.example", "foreign"),
        ("user:alice@acme.example", "foreign"),
        ("domain:acme.example", "foreign"),
        ("allUsers", "public"),
        (f"projectViewer:{PROJECT}", "own"),
        ("projectViewer:other", "foreign"),
        (f"principalSet://cloudresourcemanager.googleapis.com/projects/{NUMBER}", "own"),
        ("principalSet://cloudresourcemanager.googleapis.com/folders/1", "foreign"),
        (f"deleted:{account('a')}?uid=1", "foreign"),
        ("robot:x", "unknown"),
    ],
)
def test_standing(member: str, kind: str) -> None:
    assert standing(world(WORLD), member).kind == kind


def test_references_are_known_by_identity() -> None:
    tree = world(
        {
            **WORLD,
            "google_storage_bucket_iam_member": {
                "known": {"bucket": "b", "role": "r", "member": "serviceAccount:${google_service_account.a.email}"},
                "agent": {"bucket": "b", "role": "r", "member": "${google_logging_project_sink.s.writer_identity}"},
                "other": {"bucket": "b", "role": "r", "member": "${google_pubsub_topic.t.id}"},
            },
            "google_logging_project_sink": {"s": {"project": PROJECT, "name": "s"}},
        }
    )  # fmt: skip
    kinds = [standing(tree, res.get("member")).kind for res in tree.of("google_storage_bucket_iam_member")]
    assert kinds == ["own", "agent", "unknown"]


@pytest.mark.parametrize(
    ("email", "number"),
    [
        ("service-123456@gcp-sa-aiplatform-cc.iam.gserviceaccount.com", "123456"),
        ("p123456-654321@gcp-sa-cloud-sql.iam.gserviceaccount.com", "123456"),
        ("bq-123456@bigquery-encryption.iam.gserviceaccount.com", "123456"),
        ("project-123456@storage-transfer-service.iam.gserviceaccount.com", "123456"),
        ("123456@cloudbuild.gserviceaccount.com", "123456"),
        ("service-123456@evil.iam.gserviceaccount.com", None),
        ("gcp-sa-pubsub@evil.iam.gserviceaccount.com", None),
        ("service-123456@gcp-sa-pubsub.iam.gserviceaccount.com.evil.example", None),
    ],
)
def test_agents(email: str, number: str | None) -> None:
    assert agent_number(email) == number


def test_declared_by_team_files() -> None:
    teams = {
        "red": {
            "sources": [{"member": account("telemetry"), "why": "w"}],
            "releases": [
                {"bucket": "results", "to": "group:readers@acme.example", "why": "w",
                 "owner": "s@acme.example", "until": "2099-01-01"}
            ],
        }
    }  # fmt: skip
    tree = world(WORLD, teams=teams)
    for member in ("group:red@acme.example", account("telemetry"), "group:readers@acme.example"):
        assert standing(tree, member).kind == "team"
        assert standing(world(WORLD), member).kind == "foreign"
