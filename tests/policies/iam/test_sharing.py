"""Shares and releases are assumptions with an owner and an end, and findings once it has passed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.channels.registry import all_channels
from policies.facts.world import World
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide
from policies.verdicts.model import Verdict
from tests.policies.iam.worlds import PROJECT, account, workload, world

TODAY = date(2026, 11, 1)
SIGNED = {"why": "evaluation", "owner": "security@acme.example"}


def tree(member: str, role: str, **red: Any) -> World:
    name = f"{PROJECT}-red-results"
    return world(
        {
            "kubernetes_namespace": {t: {"metadata": {"name": t, "labels": {"team": t}}} for t in ("red", "blue")},
            "google_service_account": {"blue": {"project": PROJECT, "account_id": "blue"}},
            "google_service_account_iam_member": {
                "blue": {"service_account_id": "${google_service_account.blue.name}",
                         "role": "roles/iam.workloadIdentityUser", "member": workload("blue", "app")}
            },
            "google_storage_bucket": {"b": {"name": name, "labels": {"team": "red"}}},
            "google_storage_bucket_iam_member": {"m": {"bucket": name, "role": role, "member": member}},
        },
        teams={"red": red, "blue": {}},
    )  # fmt: skip


def verdict(found: World, channel: str) -> Verdict:
    return decide(catalogue()[channel], all_channels()[channel](found), found.boundary, TODAY)


@pytest.mark.parametrize(
    ("bucket", "role", "until", "status", "findings"),
    [
        ("results", "roles/storage.objectViewer", "2099-01-01", "assumed", 0),
        ("results", "roles/storage.objectViewer", "2020-01-01", "assumed", 1),
        ("results", "roles/storage.objectUser", "2099-01-01", "open", 1),
        ("data", "roles/storage.objectViewer", "2099-01-01", "open", 1),
    ],
)
def test_shares(bucket: str, role: str, until: str, status: str, findings: int) -> None:
    share = {"bucket": bucket, "with": "blue", "until": until, **SIGNED}
    found = verdict(tree(account("blue"), role, shares=[share]), "TEN-02")
    assert (found.status, len(found.findings)) == (status, findings)
    if status == "assumed":
        assert found.assumptions[0].owner == "security@acme.example"
        assert found.assumptions[0].subject == f"{PROJECT}-red-results"


@pytest.mark.parametrize(("until", "findings"), [("2099-01-01", 0), ("2020-01-01", 1)])
@pytest.mark.parametrize("channel", ["IAM-01", "GCS-02"])
def test_releases(until: str, findings: int, channel: str) -> None:
    release = {"bucket": "results", "to": "group:readers@acme.example", "until": until, **SIGNED}
    found = tree("group:readers@acme.example", "roles/storage.objectViewer", releases=[release])
    answer = verdict(found, channel)
    assert (answer.status, len(answer.findings)) == ("assumed", findings)


def test_without_a_declaration_both_are_open() -> None:
    reader, role = "group:readers@acme.example", "roles/storage.objectViewer"
    assert verdict(tree(account("blue"), role), "TEN-02").status == "open"
    assert verdict(tree(reader, role), "GCS-02").status == "open"
