"""Pools of nodes: the system's own, the platform's, and a dedicated team's copies of them."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from cloister.declarations.platform import Pool
from stacks import cdk
from stacks.base import Stack

# GKE's own pods run here, and the platform's; the taint keeps jobs out.
SYSTEM = Pool(name=names.SYSTEM_POOL, machine="e2-standard-4", min=1, max=3)
_SYSTEM_TAINT = {"key": "components.gke.io/gke-managed-components", "value": "true", "effect": "NO_SCHEDULE"}
# The taint in the words of a pod.
SYSTEM_TOLERATION = {**_SYSTEM_TAINT, "operator": "Equal", "effect": "NoSchedule"}
_DISK_GB = 100


def build_pool(stack: Stack, pool: Pool, *, cluster: str, team: str | None = None) -> None:
    """A pool as declared; with `team`, that team's own copy, which only its pods tolerate."""
    name = names.dedicated_node_pool(team, pool.name) if team else names.node_pool(pool.name)
    # Private nodes with an identity of their pool's own, from none to as many as declared.
    cdk.google.ContainerNodePool(
        stack.scope,
        f"pool_{pool.name}".replace("-", "_"),
        project=stack.project,
        name=name,
        location=stack.region,
        cluster=cluster,
        initial_node_count=pool.min if pool is SYSTEM else None,
        autoscaling={
            "total_min_node_count": pool.min,
            "total_max_node_count": pool.max,
            "location_policy": "ANY",
        },
        management={"auto_repair": True, "auto_upgrade": True},
        upgrade_settings={"strategy": "SURGE", "max_surge": 1, "max_unavailable": 0},
        network_config={"enable_private_nodes": True},
        node_config=_node_config(stack, pool, team),
    )


def _node_config(stack: Stack, pool: Pool, team: str | None) -> dict[str, Any]:
    taints = [_SYSTEM_TAINT] if pool is SYSTEM else []
    labels = {names.POOL_LABEL: pool.name}
    if team:
        taints.append({"key": names.TEAM_LABEL, "value": team, "effect": "NO_SCHEDULE"})
        labels[names.TEAM_LABEL] = team
    account_id = names.node_service_account_id(pool.name)
    return {
        "machine_type": pool.machine,
        "image_type": "COS_CONTAINERD",
        "disk_type": "pd-balanced",
        "disk_size_gb": _DISK_GB,
        "boot_disk_kms_key": names.crypto_key_id(*stack.key_path, "disks"),
        "service_account": names.service_account_email(stack.project, account_id),
        # Rights are the identity's roles; scopes would only hide them.
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        # Scratch space of pods (emptyDir) on disks of the machine itself, gone with it and encrypted by keys of its own.
        "ephemeral_storage_local_ssd_config": {"local_ssd_count": pool.local_ssd} if pool.local_ssd else None,
        "spot": pool.spot,
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
        "kubelet_config": {"insecure_kubelet_readonly_port_enabled": "FALSE"},
        "metadata": {"disable-legacy-endpoints": "true"},
        "gcfs_config": {"enabled": False},
        "guest_accelerator": [
            {
                "type": accelerator,
                "count": count,
                "gpu_driver_installation_config": {"gpu_driver_version": "DEFAULT"},
            }
            for accelerator, count in sorted(pool.gpus.items())
        ]
        or None,
        "labels": labels,
        "taint": taints or None,
        "resource_labels": {"team": team} if team else None,
    }
