"""The VPC: no way out by default, one route to Google's restricted addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.google_cloud import RESTRICTED_VIP


@dataclass(frozen=True)
class Network:
    """What other parts of the stack refer to."""

    network: Any
    subnetwork: Any


def build_network(stack: Stack) -> Network:
    """Network, the nodes' subnetwork, and the only route."""
    ranges, name = stack.platform.network, stack.platform.name
    # The one network, without default routes: nothing leads out that is not written here.
    network = cdk.google.ComputeNetwork(
        stack.scope,
        "network",
        project=stack.project,
        name=names.network(name),
        auto_create_subnetworks=False,
        delete_default_routes_on_create=True,
        routing_mode="REGIONAL",
        enable_ula_internal_ipv6=False,
        # The policy of firewall.py decides before any classic rule, GKE's automatic ones among them.
        network_firewall_policy_enforcement_order="BEFORE_CLASSIC_FIREWALL",
    )
    # Addresses of nodes, pods and services, with every flow logged.
    nodes = cdk.google.ComputeSubnetwork(
        stack.scope,
        "subnetwork_nodes",
        project=stack.project,
        name=names.subnetwork(name),
        region=stack.region,
        network=network.id,
        ip_cidr_range=str(ranges.nodes),
        secondary_ip_range=[
            {"range_name": names.pods_range(name), "ip_cidr_range": str(ranges.pods)},
            {"range_name": names.services_range(name), "ip_cidr_range": str(ranges.services)},
        ],
        stack_type="IPV4_ONLY",
        private_ip_google_access=True,
        private_ipv6_google_access="DISABLE_GOOGLE_ACCESS",
        log_config={
            "aggregation_interval": "INTERVAL_5_SEC",
            "flow_sampling": 1,
            "metadata": "INCLUDE_ALL_METADATA",
        },
    )
    # The one way out: to Google's restricted addresses. They are not announced to the internet, so that the gateway as
    # next hop means Google's own network here.
    cdk.google.ComputeRoute(
        stack.scope,
        "route_restricted",
        project=stack.project,
        name=names.restricted_route(name),
        network=network.id,
        dest_range=RESTRICTED_VIP,
        next_hop_gateway="default-internet-gateway",
        priority=1000,
    )
    return Network(network, nodes)
