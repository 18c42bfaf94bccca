"""A plan and the synthesized tree it was made from are one configuration: the same answers, leak by leak."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from policies.check import check_paths
from tests.policies.iam.worlds import PROJECT, REFERENCE, account

FAMILIES = ("IAM", "GCS", "TEN")
EMPTY = {"condition": [], "etag": None, "id": None}
EVE = "user:eve@evil.example"
RAW = f"{PROJECT}-team-a-raw"
ACCESS = {"condition": [], "dataset": [], "domain": "", "group_by_email": "", "iam_member": "", "routine": [],
          "special_group": "", "user_by_email": "", "view": []}  # fmt: skip

Leak = tuple[str, str, dict[str, Any], str]

LEAKS: list[Leak] = [
    ("google_storage_bucket_iam_member", "leak", {"bucket": RAW, "role": "roles/storage.objectViewer", "member": EVE}, "GCS-02"),
    ("google_storage_bucket_iam_binding", "leak",
     {"bucket": RAW, "role": "roles/storage.objectViewer", "members": [account("team-b-app")]}, "TEN-02"),
    ("google_project_iam_member", "leak",
     {"project": PROJECT, "role": "roles/editor", "member": account("team-a-app")}, "IAM-04"),
    ("google_service_account_iam_member", "leak",
     {"service_account_id": f"projects/{PROJECT}/serviceAccounts/team-a-app@{PROJECT}.iam.gserviceaccount.com",
      "role": "roles/iam.serviceAccountTokenCreator", "member": account("team-b-app")}, "IAM-05"),
    ("google_storage_bucket", "team_a_raw", {"public_access_prevention": "inherited"}, "GCS-01"),
    ("google_storage_bucket", "team_a_raw", {"uniform_bucket_level_access": False}, "GCS-03"),
    ("google_bigquery_dataset", "metrics",
     {"access": [{**ACCESS, "role": "READER", "user_by_email": "eve@evil.example"}]}, "IAM-18"),
    ("google_storage_bucket_iam_policy", "leak",
     {"bucket": RAW, "policy_data": json.dumps({"bindings": [{"role": "roles/storage.admin", "members": [EVE]}]})}, "IAM-01"),
]  # fmt: skip


def _planned(leak: Leak | None) -> dict[str, Any]:
    tree = copy.deepcopy(json.loads((REFERENCE / "tfplan.json").read_text()))
    if leak is None:
        return tree
    type_, name, values, _ = leak
    address = f"{type_}.{name}"
    resources = tree["planned_values"]["root_module"]["resources"]
    found = next((r for r in resources if r["address"] == address), None)
    if found is None:
        found = {"address": address, "mode": "managed", "type": type_, "name": name, "values": dict(EMPTY)}
        found["provider_name"] = "registry.terraform.io/hashicorp/google"
        resources.append(found)
        change = {"actions": ["create"], "before": None, "after_unknown": {"etag": True, "id": True}}
        tree["resource_changes"].append({**found, "change": {**change, "after": {**EMPTY, **values}}})
        plain = {key: {"constant_value": value} for key, value in values.items()}
        configured = {**found, "provider_config_key": "google", "expressions": plain}
        tree["configuration"]["root_module"]["resources"].append(configured)
    found["values"] = {**found["values"], **values}
    change = next(c for c in tree["resource_changes"] if c["address"] == address)["change"]
    change["after"] = {**change["after"], **values}
    expressions = next(
        r for r in tree["configuration"]["root_module"]["resources"] if r["address"] == address
    )["expressions"]
    expressions.update({key: {"constant_value": value} for key, value in values.items() if key != "access"})
    return tree


def _synthesized(leak: Leak | None) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((REFERENCE / "cdk.tf.json").read_text())
    if leak is not None:
        type_, name, values, _ = leak
        named = tree["resource"].setdefault(type_, {})
        named[name] = {**named.get(name, {}), **values}
    return tree


def _findings(tree: dict[str, Any], folder: Path, name: str) -> set[tuple[str, str, str]]:
    path = folder / name
    path.write_text(json.dumps(tree))
    report = check_paths([path], REFERENCE / "boundary.yaml")
    return {(f.channel, f.status, f.subject) for f in report.findings if f.channel.split("-")[0] in FAMILIES}


@pytest.mark.parametrize(
    "leak", [None, *LEAKS], ids=lambda leak: f"{leak[0]}-{leak[3]}" if leak else "unchanged"
)
def test_plan_and_tree_agree(leak: Leak | None, tmp_path: Path) -> None:
    planned = _findings(_planned(leak), tmp_path, "platform.json")
    assert planned == _findings(_synthesized(leak), tmp_path, "cdk.tf.json")
    assert {channel for channel, _, _ in planned} >= ({leak[3]} if leak else set())
    assert bool(planned) == (leak is not None)
