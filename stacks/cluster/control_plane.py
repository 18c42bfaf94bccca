"""The control plane: no address of its own to reach, every optional door shut."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack


def build_control_plane(stack: Stack) -> Any:
    """The private cluster the jobs run on. Each group of arguments stands with the reason for it."""
    platform, scope = stack.platform, stack.scope
    return cdk.google.ContainerCluster(
        scope,
        "cluster",
        project=stack.project,
        name=names.cluster(platform.name),
        location=platform.region,
        deletion_protection=True,
        remove_default_node_pool=True,
        initial_node_count=1,
        **_network(stack),
        **_doors(stack),
        **_identity(stack),
        **_addons(),
        **_upkeep(stack),
    )


def _network(stack: Stack) -> dict[str, Any]:
    """Private nodes on Dataplane V2, addresses from the subnetwork, names from Cloud DNS at cluster scope."""
    name = stack.platform.name
    return {
        "network": names.network_path(stack.project, name),
        "subnetwork": names.subnetwork_path(stack.project, stack.region, name),
        "networking_mode": "VPC_NATIVE",
        "ip_allocation_policy": {
            "cluster_secondary_range_name": names.pods_range(name),
            "services_secondary_range_name": names.services_range(name),
            "stack_type": "IPV4",
        },
        "private_cluster_config": {
            "enable_private_nodes": True,
            "enable_private_endpoint": True,
            "master_ipv4_cidr_block": str(stack.platform.network.control_plane),
            "master_global_access_config": {"enabled": False},
        },
        "datapath_provider": "ADVANCED_DATAPATH",
        "enable_cilium_clusterwide_network_policy": True,
        "enable_intranode_visibility": True,
        "dns_config": {
            "cluster_dns": "CLOUD_DNS",
            "cluster_dns_scope": "CLUSTER_SCOPE",
            "cluster_dns_domain": "cluster.local",
        },
        "service_external_ips_config": {"enabled": False},
        "gateway_api_config": {"channel": "CHANNEL_DISABLED"},
    }


def _doors(stack: Stack) -> dict[str, Any]:
    """People reach the API server by its DNS endpoint alone, which asks IAM first; nodes by the private one."""
    return {
        "control_plane_endpoints_config": {
            "dns_endpoint_config": {"allow_external_traffic": True},
            "ip_endpoints_config": {"enabled": False},
        },
        "master_auth": {"client_certificate_config": {"issue_client_certificate": False}},
        "anonymous_authentication_config": {"mode": "LIMITED"},
        "rbac_binding_config": {
            "enable_insecure_binding_system_authenticated": False,
            "enable_insecure_binding_system_unauthenticated": False,
        },
        "enable_legacy_abac": False,
        "enable_kubernetes_alpha": False,
    }


def _identity(stack: Stack) -> dict[str, Any]:
    """Workload Identity for pods, groups for people, only attested images, secrets encrypted with our key."""
    return {
        "workload_identity_config": {"workload_pool": names.workload_pool(stack.project)},
        # GKE takes only this name; teams' groups are its members.
        "authenticator_groups_config": {"security_group": f"gke-security-groups@{stack.boundary.domain}"},
        "binary_authorization": {"evaluation_mode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
        "database_encryption": {
            "state": "ENCRYPTED",
            "key_name": names.crypto_key_id(*stack.key_path, "cluster"),
        },
        "enable_shielded_nodes": True,
        "node_pool_defaults": {
            "node_config_defaults": {"insecure_kubelet_readonly_port_enabled": "FALSE"},
        },
    }


def _addons() -> dict[str, Any]:
    """No add-on that opens a way out or chooses a bucket at run time, and no nodes that nobody declared."""
    return {
        "addons_config": {
            "http_load_balancing": {"disabled": True},
            "network_policy_config": {"disabled": True},  # Dataplane V2 enforces them itself
            "dns_cache_config": {"enabled": False},  # pods ask 169.254.169.254, as their network policy says
            "config_connector_config": {"enabled": False},
            "gcs_fuse_csi_driver_config": {"enabled": False},
            "gcp_filestore_csi_driver_config": {"enabled": False},
            "parallelstore_csi_driver_config": {"enabled": False},
            "lustre_csi_driver_config": {"enabled": False},
            "gke_backup_agent_config": {"enabled": False},
            "gce_persistent_disk_csi_driver_config": {"enabled": True},
            "horizontal_pod_autoscaling": {"disabled": False},
        },
        "cluster_autoscaling": {"enabled": False, "autoscaling_profile": "OPTIMIZE_UTILIZATION"},
    }


def _upkeep(stack: Stack) -> dict[str, Any]:
    """Upgrades in the declared window; logs, metrics and cost by namespace, all inside the project."""
    cluster = stack.platform.cluster
    return {
        "release_channel": {"channel": cluster.release_channel},
        "maintenance_policy": {
            "recurring_window": {
                "start_time": cluster.window.start_time,
                "end_time": cluster.window.end_time,
                "recurrence": cluster.window.recurrence,
            }
        },
        "notification_config": {"pubsub": {"enabled": False}},
        "logging_config": {"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
        "monitoring_config": {
            "enable_components": ["SYSTEM_COMPONENTS"],
            "managed_prometheus": {"enabled": True},
        },
        "cost_management_config": {"enabled": True},
        "resource_labels": {"platform": stack.platform.name},
    }
