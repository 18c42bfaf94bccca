"""Machines, disks and what copies them. Source: Compute Engine's REST reference, v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from audit.assets.compute import compute, placed
from audit.assets.registry import Inventory, asset_type, live, short
from audit.assets.shape import moved, shaped
from audit.model import Asset, Live

# What says neither who reaches a machine nor what it holds.
_UNTOLD = (
    "cpuPlatform", "lastStartTimestamp", "lastStopTimestamp", "labelFingerprint", "shieldedInstanceIntegrityPolicy", "startRestricted",
    "displayDevice", "resourceStatus", "deletionProtection", "scheduling", "disks", "serviceAccounts", "metadata", "tags",
    "networkInterfaces", "lastSuspendedTimestamp", "keyRevocationActionType", "properties", "reservationAffinity",
)  # fmt: skip
_NIC = {
    "accessConfigs": "accessConfig",
    "aliasIpRanges": "aliasIpRange",
    "ipv6AccessConfigs": "ipv6AccessConfig",
}


@asset_type("compute.googleapis.com/Instance", "google_compute_instance")
def instance(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A machine. A node of the cluster is one too; what GKE sets on every node is left out, because its pool says it."""
    made = "GKE, for a pool" if is_node(asset.data) else ""
    yield replace(_machine("google_compute_instance", asset, inventory, asset.data, placed(asset)), made=made)


@asset_type(
    "compute.googleapis.com/InstanceTemplate",
    "google_compute_instance_template",
    "google_compute_region_instance_template",
)
def instance_template(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    region = asset.segment("regions")
    type_ = "google_compute_region_instance_template" if region else "google_compute_instance_template"
    properties = asset.data.get("properties") or {}
    made = "GKE, for a pool" if is_node(properties) else ""
    yield replace(_machine(type_, asset, inventory, properties, placed(asset)), made=made)


# What GKE writes on every node: its start, and where it belongs.
_NODE_METADATA = frozenset(
    {
        "kube-env", "kubeconfig", "kube-labels", "user-data", "configure-sh", "cluster-location", "cluster-name", "cluster-uid",
        "cluster-features", "created-by", "instance-template", "google-compute-enable-pcid", "gci-ensure-gke-docker",
        "gci-metrics-enabled", "gci-update-strategy", "disable-legacy-endpoints", "k8s-node-setup-psm1", "enable-gke-serial-logging",
    }
)  # fmt: skip


def is_node(data: Mapping[str, Any]) -> bool:
    """Whether GKE made a machine for a pool: it labels it with its cluster."""
    labels = data.get("labels") or {}
    return "goog-gke-node" in labels or "goog-k8s-cluster-name" in labels


@asset_type("compute.googleapis.com/InstanceSettings", "google_compute_instance_settings")
def instance_settings(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """What all machines of a zone are given, where somebody set it."""
    items = (asset.data.get("metadata") or {}).get("items") or {}
    if items:
        body = {"zone": asset.segment("zones"), "metadata": {"items": dict(items)}}
        yield live("google_compute_instance_settings", body, asset)


def _machine(
    type_: str, asset: Asset, inventory: Inventory, data: Mapping[str, Any], place: Mapping[str, Any]
) -> Live:
    told = {key: value for key, value in data.items() if key not in _UNTOLD}
    told["networkInterface"] = [_interface(nic) for nic in data.get("networkInterfaces") or ()]
    accounts = data.get("serviceAccounts") or ()
    if accounts:
        told["serviceAccount"] = {"email": accounts[0].get("email"), "scopes": accounts[0].get("scopes", [])}
    told["tags"] = (data.get("tags") or {}).get("items", [])
    metadata = {item["key"]: item.get("value", "") for item in (data.get("metadata") or {}).get("items", ())}
    if is_node(data):
        told.pop("canIpForward", None)
        metadata = {key: value for key, value in metadata.items() if key not in _NODE_METADATA}
    told["metadata"] = metadata
    told |= _disks(type_, data)
    told = inventory.words.value(told)
    told.pop("machineType", None)
    body, left = shaped(type_, told)
    return live(type_, {**body, "machine_type": short(data.get("machineType")), **place}, asset, left)


def _interface(nic: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        _NIC.get(key, key): value for key, value in nic.items() if key not in ("name", "fingerprint", "kind")
    }
    for access in ("accessConfig", "ipv6AccessConfig"):
        found[access] = [
            {"natIp": item.get("natIP"), "networkTier": item.get("networkTier")} if access == "accessConfig" else {"networkTier": item.get("networkTier")}
            for item in found.get(access) or ()
        ]  # fmt: skip
    found["networkIp"] = found.pop("networkIP", None)
    return found


def _disks(type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    disks = data.get("disks") or ()
    if type_ != "google_compute_instance":
        return {"disk": [{"source": disk.get("source"), "boot": bool(disk.get("boot"))} for disk in disks]}
    return {
        "bootDisk": [{"source": disk.get("source")} for disk in disks if disk.get("boot")],
        "attachedDisk": [
            {"source": disk.get("source"), "mode": disk.get("mode")} for disk in disks if not disk.get("boot")
        ],
    }


for _kind, _type in (
    ("Disk", "google_compute_disk"), ("RegionDisk", "google_compute_region_disk"), ("Snapshot", "google_compute_snapshot"),
    ("Image", "google_compute_image"),
):  # fmt: skip

    @asset_type(f"compute.googleapis.com/{_kind}", _type)
    def _held(asset: Asset, inventory: Inventory, type_: str = _type) -> Iterator[Live]:
        """What holds a machine's bytes. A node's disk is GKE's, as the node is."""
        made = "GKE, for a node" if is_node(asset.data) else ""
        yield replace(_copied(type_, asset, inventory), made=made)


def _copied(type_: str, asset: Asset, inventory: Inventory) -> Live:
    keys = {"diskEncryptionKey.kmsKeyName": "diskEncryptionKey.kmsKeySelfLink"}
    asset = replace(asset, data=moved(asset.data, keys))
    return compute(
        asset, inventory, type_, "lastAttachTimestamp", "lastDetachTimestamp", "physicalBlockSizeBytes", "guestOsFeatures",
        "licenseCodes", "licenses", "users", "sourceDiskId", "sourceSnapshotId", "diskSizeGb", "storageBytes", "storageBytesStatus",
        "downloadBytes", "archiveSizeBytes", "rolloutOverride", "creationSizeBytes", "locationHint", "shieldedInstanceInitialState",
        "enableConfidentialCompute", "storageLocations", "snapshotType", "sourceType", "rawDisk", "locked",
        sizeGb="size", sourceImage="image", sourceSnapshot="snapshot",
    )  # fmt: skip


@asset_type(
    "compute.googleapis.com/Project",
    "google_compute_project_metadata",
    "google_compute_project_metadata_item",
    "google_project_usage_export_bucket",
)
def project_metadata(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """The metadata every machine of the project sees: keys of people, start scripts, serial ports."""
    items = (asset.data.get("commonInstanceMetadata") or {}).get("items") or ()
    if items:
        metadata = {item["key"]: item.get("value", "") for item in items}
        yield live("google_compute_project_metadata", {"metadata": metadata}, asset)
    usage = asset.data.get("usageExportLocation") or {}
    if usage:
        body = {"bucket_name": usage.get("bucketName"), "prefix": usage.get("reportNamePrefix")}
        yield live("google_project_usage_export_bucket", body, asset)
