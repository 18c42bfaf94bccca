"""The stack `cluster`: a private GKE cluster and its pools of nodes."""

from __future__ import annotations

from stacks import cdk
from stacks.base import Stack
from stacks.cluster.control_plane import build_control_plane
from stacks.cluster.pools import SYSTEM, build_pool

STACK = "cluster"
ENDPOINT = "endpoint"


def build_cluster(stack: Stack) -> None:
    """Control plane, node pools, and the one output other stacks need."""
    cluster = build_control_plane(stack)
    for pool in (SYSTEM, *stack.platform.pools):
        build_pool(stack, pool, cluster=cluster.name)
    # Known to Google only once the cluster exists.
    endpoint = cdk.attribute(cluster, "control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint")
    cdk.TerraformOutput(stack.scope, ENDPOINT, value=endpoint)
