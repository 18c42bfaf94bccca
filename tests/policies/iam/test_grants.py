"""Grants: every IAM type by its suffix, policy documents, access lists, and that disputes add up."""

from __future__ import annotations

import csv
import gzip
import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.expressions.values import Unknown
from policies.facts.grants import SUFFIXES, grants, outside_grants, target_attribute
from policies.facts.resource import Res
from tests.policies.iam.worlds import PROJECT, account, world

EVE = "user:eve@evil.example"


def _types() -> list[str]:
    listed = files("policies.data").joinpath("resource-types.tsv").read_text().splitlines()
    found = {row[0] for row in csv.reader(listed, delimiter="\t")}
    schema = gzip.decompress(files("policies.data").joinpath("provider-schema.tsv.gz").read_bytes()).decode()
    found |= {line.split("\t", 1)[0] for line in schema.splitlines()}
    return sorted(t for t in found if t.endswith(tuple(SUFFIXES)) and not t.startswith("data."))


@pytest.mark.parametrize("type_", _types())
def test_every_iam_type(type_: str) -> None:
    suffix = next(s for s in SUFFIXES if type_.endswith(s))
    kind = type_.removesuffix(suffix)
    arguments: dict[str, dict[str, Any]] = {
        "_iam_member": {"role": "roles/viewer", "member": EVE},
        "_iam_binding": {"role": "roles/viewer", "members": [account("a"), EVE]},
        "_iam_policy": {
            "policy_data": json.dumps({"bindings": [{"role": "roles/viewer", "members": [EVE]}]})
        },
    }
    bare = Res({**arguments[suffix], "name": "x"}, "", type=type_)
    target = target_attribute(bare, kind) or "project"
    name = PROJECT if kind == "google_project" else "thing"
    tree = world({type_: {"x": {**arguments[suffix], target: name}}})
    found = [(grant.kind, grant.role, grant.member) for grant, _ in outside_grants(tree)]
    assert (kind, "roles/viewer", EVE) in found


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("google_bigquery_table", "table_id"),
        ("google_storage_managed_folder", "managed_folder"),
        ("google_secret_manager_secret", "secret_id"),
        ("google_artifact_registry_repository", "repository"),
        ("google_service_account", "service_account_id"),
        ("google_spanner_database", "database"),
        ("google_logging_log_view", "name"),
        ("google_project", "project"),
        ("google_folder", "folder"),
        ("google_kms_crypto_key", "crypto_key_id"),
    ],
)
def test_what_a_grant_is_on(kind: str, attribute: str) -> None:
    assert target_attribute(Res({}, "", type=f"{kind}_iam_member"), kind) == attribute


BINDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["roles/storage.objectViewer", "roles/storage.admin"]),
            "members": st.lists(st.sampled_from([account("a"), EVE, "allUsers"]), max_size=3),
        }
    ),
    max_size=3,
)


@given(BINDINGS, BINDINGS, BINDINGS)
def test_disputing_resources_add_up(policy: list[Any], data: list[Any], bound: list[Any]) -> None:
    """However a policy, a document and bindings dispute one bucket, each allow of any of them is taken as given."""
    tree = world(
        {
            "google_storage_bucket_iam_policy": {
                "json": {"bucket": "b", "policy_data": json.dumps({"bindings": policy})},
                "source": {"bucket": "b", "policy_data": "${data.google_iam_policy.d.policy_data}"},
            },
            "google_storage_bucket_iam_binding": {f"b{i}": {"bucket": "b", **x} for i, x in enumerate(bound)},
        },
        {"google_iam_policy": {"d": {"binding": data}}},
    )
    expected = {(b["role"], m) for source in (policy, data, bound) for b in source for m in b["members"]}
    assert {(grant.role, grant.member) for grant in grants(tree)} == expected


@pytest.mark.parametrize("document", ['{"bindings": [', "[]", "17", '"x"', "${var.document}"])
def test_documents_that_cannot_be_read_are_unknown_grants(document: str) -> None:
    tree = world({"google_pubsub_topic_iam_policy": {"x": {"topic": "t", "policy_data": document}}})
    found = grants(tree)
    assert found
    assert all(isinstance(grant.member, Unknown) for grant in found)


def test_access_lists() -> None:
    tree = world(
        {
            "google_bigquery_dataset": {
                "d": {
                    "dataset_id": "d",
                    "access": [
                        {"role": "OWNER", "special_group": "projectOwners"},
                        {"role": "READER", "user_by_email": "eve@evil.example"},
                        {"role": "WRITER", "iam_member": "allUsers"},
                        {"domain": "evil.example"},
                    ],
                }
            },
            "google_storage_bucket_acl": {
                "a": {"bucket": "b", "role_entity": ["OWNER:user-eve@evil.example"]}
            },
            "google_storage_default_object_acl": {"o": {"bucket": "b", "role_entity": ["READER:allUsers"]}},
            "google_storage_bucket_access_control": {
                "c": {"bucket": "b", "role": "READER", "entity": "project-viewers-111122223333"}
            },
        }
    )
    assert {(grant.role, grant.member) for grant in grants(tree)} == {
        ("roles/bigquery.dataOwner", f"projectOwner:{PROJECT}"),
        ("roles/bigquery.dataViewer", EVE),
        ("roles/bigquery.dataEditor", "allUsers"),
        ("roles/bigquery.dataViewer", "domain:evil.example"),
        ("roles/storage.legacyBucketOwner", EVE),
        ("roles/storage.legacyObjectReader", "allUsers"),
        ("roles/storage.legacyBucketReader", "projectViewer:111122223333"),
    }
