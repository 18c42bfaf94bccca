"""Deny policies: a deny counts only where it is sure."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.channels.registry import all_channels
from policies.facts.denies import denied_by, denied_to_outsiders, denied_to_runtime
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide
from tests.policies.iam.worlds import NUMBER, PROJECT, account, workload, world

RULE = {
    "denied_principals": ["principalSet://goog/public:all"],
    "denied_permissions": ["storage.googleapis.com/objects.get"],
}
PARENT = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{PROJECT}"
ACCOUNT = {"google_service_account": {"a": {"project": PROJECT, "account_id": "a"}}}


def denied(parent: str = PARENT, **changes: Any) -> frozenset[str]:
    policy = {"parent": parent, "name": "d", "rules": [{"deny_rule": {**RULE, **changes}}]}
    return denied_to_outsiders(world({**ACCOUNT, "google_iam_deny_policy": {"d": policy}}))


@pytest.mark.parametrize(
    ("parent", "counts"),
    [
        (f"cloudresourcemanager.googleapis.com/projects/{NUMBER}", True),
        ("cloudresourcemanager.googleapis.com%2Fprojects%2Fanother", False),
        ("cloudresourcemanager.googleapis.com%2Ffolders%2F123456789012", False),
        ("cloudresourcemanager.googleapis.com%2Forganizations%2F999999999999", False),
        ("${var.parent}", False),
        ("", False),
    ],
)
def test_a_deny_counts_where_it_is_attached_to_the_project(parent: str, counts: bool) -> None:
    assert denied(parent) == ({"storage.objects.get"} if counts else frozenset())


def test_a_deny_counts_where_it_is_attached_to_the_organisation() -> None:
    above = {"id": "999999999999", "access_policy": "123456789", "customer": "C0123abcd"}
    policy = {
        "parent": f"cloudresourcemanager.googleapis.com%2Forganizations%2F{above['id']}",
        "name": "d",
        "rules": [{"deny_rule": RULE}],
    }
    tree = world({**ACCOUNT, "google_iam_deny_policy": {"d": policy}}, organization=above)
    assert denied_to_outsiders(tree) == {"storage.objects.get"}


def test_a_rule_that_excepts_who_runs_denies_nothing_to_who_runs() -> None:
    def left(*excepted: str) -> frozenset[str]:
        policy = {
            "parent": PARENT,
            "name": "d",
            "rules": [{"deny_rule": {**RULE, "exception_principals": excepted}}],
        }
        return denied_to_runtime(world({**ACCOUNT, "google_iam_deny_policy": {"d": policy}}))

    own = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{account('a').partition(':')[2]}"
    assert left("principalSet://goog/group/platform-admins@acme.example") == {"storage.objects.get"}
    assert left(own) == left(workload("team-a", "app")) == frozenset()


def test_a_whole_deny() -> None:
    assert denied() == {"storage.objects.get"}
    own = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{account('a').partition(':')[2]}"
    excepted = [own, "principalSet://goog/group/platform-admins@acme.example", workload("team-a", "app")]
    assert denied(exception_principals=excepted) == {"storage.objects.get"}


@pytest.mark.parametrize(
    "changes",
    [
        {"denied_principals": ["principal://goog/subject/eve@evil.example"]},
        {"denied_principals": []},
        {"exception_principals": ["principalSet://goog/group/others@acme.example"]},
        {"exception_principals": [f"principalSet://cloudresourcemanager.googleapis.com/projects/{PROJECT}"]},
        {"exception_permissions": ["storage.googleapis.com/objects.get"]},
        {"denial_condition": {"expression": 'resource.matchTag("1/env", "prod")'}},
        {"denial_condition": {"expression": 'resource.name.startsWith("x")'}},
        {"denied_permissions": "${var.list}"},
    ],
)
def test_a_deny_with_a_hole_denies_nothing(changes: dict[str, Any]) -> None:
    assert denied(**changes) == frozenset()


@pytest.mark.parametrize(
    ("written", "permissions"),
    [
        ("storage.googleapis.com/objects.get", {"storage.objects.get"}),
        ("cloudresourcemanager.googleapis.com/projects.delete", {"resourcemanager.projects.delete"}),
        ("storage.googleapis.com/objects.fetch", set()),
        ("storage.objects.get", set()),
        ("newservice.googleapis.com/things.get", {"newservice.things.get"}),
    ],
)
def test_permissions_in_deny_form(written: str, permissions: set[str]) -> None:
    assert denied_by(written) == permissions


def test_wildcards() -> None:
    found = denied_by("secretmanager.googleapis.com/versions.*")
    assert "secretmanager.versions.access" in found
    assert all(name.startswith("secretmanager.versions.") for name in found)


@pytest.mark.parametrize(
    ("permissions", "status"),
    [(["storage.googleapis.com/objects.get", "storage.googleapis.com/objects.list"], "weakened"),
     (["storage.googleapis.com/objects.get"], "open")],
)  # fmt: skip
def test_a_grant_that_a_deny_takes_back_whole_is_weakened(permissions: list[str], status: str) -> None:
    tree = world(
        {
            **ACCOUNT,
            "google_iam_deny_policy": {
                "d": {
                    "parent": PARENT,
                    "name": "d",
                    "rules": [{"deny_rule": {**RULE, "denied_permissions": permissions}}],
                }
            },
            "google_storage_bucket_iam_member": {
                "m": {"bucket": "b", "role": "roles/storage.objectViewer", "member": "user:eve@evil.example"}
            },
        }
    )
    for channel in ("IAM-01", "GCS-02"):
        found = decide(catalogue()[channel], all_channels()[channel](tree), tree.boundary, date(2026, 11, 1))
        assert found.status == status, channel
