"""Clusters and their pools. Source: Kubernetes Engine's REST reference, v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from audit.assets.registry import Inventory, asset_type, one, short
from audit.model import Asset, Live

_CLUSTER = {
    "addonsConfig.cloudRunConfig": "addonsConfig.cloudrunConfig", "addonsConfig.kubernetesDashboard": "",
    "autopilot.enabled": "enableAutopilot", "autopilot": "", "autoscaling": "clusterAutoscaling",
    "legacyAbac.enabled": "enableLegacyAbac", "legacyAbac": "", "shieldedNodes.enabled": "enableShieldedNodes", "shieldedNodes": "",
    "networkConfig.datapathProvider": "datapathProvider", "networkConfig.enableIntraNodeVisibility": "enableIntranodeVisibility",
    "networkConfig.defaultSnatStatus": "defaultSnatStatus", "networkConfig.dnsConfig": "dnsConfig",
    "networkConfig.serviceExternalIpsConfig": "serviceExternalIpsConfig", "networkConfig.gatewayApiConfig": "gatewayApiConfig",
    "networkConfig.enableMultiNetworking": "enableMultiNetworking", "networkConfig.enableFqdnNetworkPolicy": "enableFqdnNetworkPolicy",
    "networkConfig.enableCiliumClusterwideNetworkPolicy": "enableCiliumClusterwideNetworkPolicy",
    "networkConfig.privateIpv6GoogleAccess": "privateIpv6GoogleAccess", "networkConfig.enableL4ilbSubsetting": "enableL4IlbSubsetting",
    "networkConfig.inTransitEncryptionConfig": "inTransitEncryptionConfig", "networkConfig.network": "network",
    "networkConfig.subnetwork": "subnetwork", "networkConfig.networkPerformanceConfig": "networkPerformanceConfig",
    "networkConfig.disableL4LbFirewallReconciliation": "disableL4LbFirewallReconciliation", "networkConfig": "",
    "ipAllocationPolicy.clusterIpv4CidrBlock": "", "ipAllocationPolicy.servicesIpv4CidrBlock": "",
    "loggingConfig.componentConfig.enableComponents": "loggingConfig.enableComponents", "loggingConfig.componentConfig": "",
    "monitoringConfig.componentConfig.enableComponents": "monitoringConfig.enableComponents", "monitoringConfig.componentConfig": "",
    "monitoringConfig.managedPrometheusConfig": "monitoringConfig.managedPrometheus",
    "maintenancePolicy": "", "nodePools": "", "nodeConfig": "",
    "nodePoolDefaults.nodeConfigDefaults.nodeKubeletConfig.insecureKubeletReadonlyPortEnabled":
        "nodePoolDefaults.nodeConfigDefaults.insecureKubeletReadonlyPortEnabled",
    "nodePoolDefaults.nodeConfigDefaults.nodeKubeletConfig": "",
    "nodePoolDefaults.nodeConfigDefaults.loggingConfig.variantConfig.variant": "nodePoolDefaults.nodeConfigDefaults.loggingVariant",
    "nodePoolDefaults.nodeConfigDefaults.loggingConfig": "",
    "defaultMaxPodsConstraint.maxPodsPerNode": "defaultMaxPodsPerNode", "defaultMaxPodsConstraint": "",
    "resourceUsageExportConfig.consumptionMeteringConfig.enabled": "resourceUsageExportConfig.enableResourceConsumptionMetering",
    "resourceUsageExportConfig.consumptionMeteringConfig": "",
}  # fmt: skip
# Versions, counts, addresses Google chose, and states.
_CLUSTER_UNTOLD = (
    "clusterIpv4Cidr", "servicesIpv4Cidr", "currentMasterVersion", "currentNodeVersion", "currentNodeCount", "initialClusterVersion",
    "initialNodeCount", "nodeIpv4CidrSize", "instanceGroupUrls", "endpoint", "expireTime", "conditions", "locations", "location",
    "privateEndpoint", "publicEndpoint", "peeringName", "clusterCaCertificate", "useIpAliases", "useRoutes", "subnetworkName",
    "currentState", "currentEncryptionState", "lastOperationErrors", "verticalPodAutoscaling", "securityPostureConfig", "autopilot",
    "authenticatorGroupsConfig.enabled", "masterAuthorizedNetworksConfig.enabled", "ipEndpointsConfig.publicEndpoint",
    "defaultPodIpv4RangeUtilization", "podCidrOverprovisionConfig", "enterpriseConfig", "releaseChannel.autoUpgradeTargetVersion",
    "upgradeOptions", "currentEmulatedVersion", "compliancePostureConfig", "controlPlaneEgress", "alphaClusterFeatureGates",
    "controlPlaneEndpointsConfig.ipEndpointsConfig", "parentProductConfig", "networkTierConfig", "gkeAutoUpgradeConfig",
)  # fmt: skip
_POOL = {
    "config.taints": "config.taint", "config.accelerators": "config.guestAccelerator", "config": "nodeConfig",
    "maxPodsConstraint.maxPodsPerNode": "maxPodsPerNode", "maxPodsConstraint": "",
    "nodeConfig.loggingConfig.variantConfig.variant": "nodeConfig.loggingVariant", "nodeConfig.loggingConfig": "",
    "nodeConfig.sandboxConfig.type": "nodeConfig.sandboxConfig.sandboxType",
}  # fmt: skip
_POOL_UNTOLD = (
    "podIpv4CidrSize", "instanceGroupUrls", "locations", "version", "conditions", "updateInfo", "cluster", "location", "initialNodeCount",
    "autoscaling.enabled", "effectiveCgroupMode", "bestEffortProvisioning", "kubeletConfig.topologyManager", "windowsNodeConfig",
    "podIpv4RangeUtilization", "nodeConfig.bootDisk", "autoscaling.autoprovisioned", "upgradeSettings",
)  # fmt: skip


@asset_type("container.googleapis.com/Cluster", "google_container_cluster")
def cluster(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A cluster without its pools, which are assets of their own, the first one too if it is still there."""
    data = dict(asset.data)
    more: dict[str, Any] = {
        "name": asset.path.rsplit("/", 1)[-1],
        "location": _location(asset),
        "remove_default_node_pool": True,
    }
    allocation = data.get("ipAllocationPolicy") or {}
    more["networking_mode"] = "VPC_NATIVE" if allocation.get("useIpAliases") else "ROUTES"
    authorized = data.get("masterAuthorizedNetworksConfig")
    if not (authorized or {}).get("enabled"):
        data.pop("masterAuthorizedNetworksConfig", None)
    live = one(
        Asset(asset.name, asset.type, _scaled(data)),
        inventory,
        "google_container_cluster",
        {},
        _CLUSTER,
        _CLUSTER_UNTOLD,
        more,
    )
    endpoints = (data.get("controlPlaneEndpointsConfig") or {}).get("ipEndpointsConfig")
    if endpoints is not None:
        body = dict(live.body)
        held = dict(body.get("control_plane_endpoints_config") or {})
        held["ip_endpoints_config"] = {"enabled": bool(endpoints.get("enabled"))}
        body["control_plane_endpoints_config"] = held
        live = replace(live, body=body)
    yield replace(live, body=_switched(dict(live.body)))


def _location(asset: Asset) -> str | None:
    return asset.segment("locations") or asset.segment("zones")


def _scaled(data: dict[str, Any]) -> dict[str, Any]:
    """Node auto-provisioning as the provider writes it."""
    scaling = data.get("autoscaling")
    if isinstance(scaling, Mapping):
        data["autoscaling"] = {
            "enabled": bool(scaling.get("enableNodeAutoprovisioning")), "autoscalingProfile": scaling.get("autoscalingProfile"),
            "resourceLimits": scaling.get("resourceLimits"), "autoProvisioningDefaults": scaling.get("autoprovisioningNodePoolDefaults"),
            "autoProvisioningLocations": scaling.get("autoprovisioningLocations"),
        }  # fmt: skip
    return data


def _switched(body: dict[str, Any]) -> dict[str, Any]:
    """The kubelet's read-only port is a word in the provider: TRUE or FALSE."""
    holders = [
        ("node_pool_defaults", "node_config_defaults"),
        ("node_config", "kubelet_config"),
        ("node_pool_auto_config", "node_kubelet_config"),
    ]
    for holder in holders:
        inner: Any = body
        for name in holder:
            inner = inner.get(name) if isinstance(inner, Mapping) else None
        if isinstance(inner, dict) and isinstance(inner.get("insecure_kubelet_readonly_port_enabled"), bool):
            inner["insecure_kubelet_readonly_port_enabled"] = str(
                inner["insecure_kubelet_readonly_port_enabled"]
            ).upper()
    return body


@asset_type("container.googleapis.com/NodePool", "google_container_node_pool")
def node_pool(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    more = {
        "name": asset.path.rsplit("/", 1)[-1],
        "cluster": asset.segment("clusters"),
        "location": _location(asset),
    }
    data = dict(asset.data)
    config = dict(data.get("config") or {})
    config["accelerators"] = [
        {"type": item.get("acceleratorType"), "count": item.get("acceleratorCount"), "gpuPartitionSize": item.get("gpuPartitionSize"),
         "gpuDriverInstallationConfig": item.get("gpuDriverInstallationConfig"), "gpuSharingConfig": item.get("gpuSharingConfig")}
        for item in config.get("accelerators") or ()
    ]  # fmt: skip
    config["serviceAccount"] = short(config.get("serviceAccount"))
    data["config"] = config
    live = one(
        Asset(asset.name, asset.type, data),
        inventory,
        "google_container_node_pool",
        {},
        _POOL,
        _POOL_UNTOLD,
        more,
    )
    yield replace(live, body=_switched(dict(live.body)))
