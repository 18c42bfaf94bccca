"""A foreign key is found wherever a type can name one, and nothing else is taken for a key."""

from __future__ import annotations

from typing import Any

import pytest

from policies.channels.sec import keys_are_the_projects_own
from policies.facts.keys import key_paths
from policies.facts.types import entries
from tests.policies.network.worlds import world_of

FOREIGN = "projects/attacker-project/locations/europe-west1/keyRings/r/cryptoKeys/k"
USES = [
    (row.type, path)
    for row in entries()
    if row.type.startswith("google_") and not row.type.startswith("google_kms_") and "_iam_" not in row.type
    for path in key_paths(row.type)
]


def nested(path: str, value: Any) -> dict[str, Any]:
    """The arguments of a resource that hold a value at a dotted path."""
    head, _, rest = path.partition(".")
    return {head: [nested(rest, value)] if rest else value}


def test_there_are_as_many_as_the_provider_has() -> None:
    assert len(USES) > 140


@pytest.mark.parametrize(("type_", "path"), USES, ids=lambda item: item)
def test_a_foreign_key_is_found(type_: str, path: str) -> None:
    found = list(keys_are_the_projects_own(world_of({type_: {"x": nested(path, FOREIGN)}})))
    assert any(
        getattr(item, "status", "") == "open" and "attacker-project" in item.sentence for item in found
    )


def test_a_type_without_a_schema() -> None:
    body = {"spec": [{"encryption": {"kms_key_name": FOREIGN}, "size": 3, "key_name": "header"}]}
    found = list(keys_are_the_projects_own(world_of({"google_invented_thing": {"x": body}})))
    assert [item.attribute for item in found if hasattr(item, "status")] == [
        "spec[0].encryption.kms_key_name"
    ]


@pytest.mark.parametrize(
    "path", ["rules.rate_limit_options.enforce_on_key_name", "customer_encryption.encryption_key"]
)
def test_what_is_no_key(path: str) -> None:
    types = ("google_compute_region_security_policy", "google_storage_bucket_object")
    assert all(path not in key_paths(type_) for type_ in types)
