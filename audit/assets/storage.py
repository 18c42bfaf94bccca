"""Buckets. Source: Cloud Storage's JSON API reference, v1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.assets.registry import Inventory, asset_type, live
from audit.assets.shape import moved, shaped
from audit.model import Asset, Live

_MOVED = {
    "iamConfiguration.uniformBucketLevelAccess.enabled": "uniformBucketLevelAccess",
    "iamConfiguration.publicAccessPrevention": "publicAccessPrevention", "iamConfiguration": "",
    "billing.requesterPays": "requesterPays", "billing": "", "lifecycle.rule": "lifecycleRule", "lifecycle": "",
    "softDeletePolicy.effectiveTime": "",
}  # fmt: skip
_UNTOLD = (
    "locationType", "retentionPolicy.effectiveTime", "objectRetention", "autoclass.toggleTime", "autoclass.terminalStorageClassUpdateTime",
    "owner", "satisfiesPZS", "effectiveTime", "lockedTime", "toggleTime", "softDeleteTime", "hardDeleteTime",
)  # fmt: skip


@asset_type(
    "storage.googleapis.com/Bucket", "google_storage_bucket", "google_storage_bucket_access_control", "google_storage_bucket_acl",
    "google_storage_default_object_access_control", "google_storage_default_object_acl",
)  # fmt: skip
def bucket(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A bucket, and the access lists that hold where uniform access is off."""
    yield bucket_of(asset.data, asset, inventory)
    for field, type_ in (
        ("acl", "google_storage_bucket_access_control"),
        ("defaultObjectAcl", "google_storage_default_object_access_control"),
    ):
        for number, entry in enumerate(asset.data.get(field) or ()):
            body = {"bucket": asset.path, "entity": entry.get("entity"), "role": entry.get("role")}
            yield live(type_, body, asset, name=f"{asset.path}-{field}-{number}")


def bucket_of(data: Any, asset: Asset, inventory: Inventory) -> Live:
    """A bucket as its JSON says, whichever way it was read."""
    data = {key: value for key, value in data.items() if key not in ("acl", "defaultObjectAcl")}
    told = moved(data, _MOVED)
    body, left = shaped("google_storage_bucket", inventory.words.value(told), _UNTOLD)
    project = {"project": inventory.words.project}
    return live(
        "google_storage_bucket", {**body, "name": data.get("name", asset.path), **project}, asset, left
    )
