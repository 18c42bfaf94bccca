"""The network policy that no namespace can widen: a deny beats whatever a team's namespace allows."""

from __future__ import annotations

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.google_cloud import ANYWHERE_V4, ANYWHERE_V6, METADATA, RESTRICTED_VIP


def build_clusterwide_deny(stack: Stack) -> None:
    """Pods of team namespaces, and of no other, reach nothing beyond the network, Google's addresses and metadata."""
    ranges = stack.platform.network
    inside = [str(ranges.nodes), str(ranges.pods), str(ranges.services), str(ranges.control_plane)]
    cdk.kubernetes.Manifest(
        stack.scope,
        "deny_outside",
        manifest={
            "apiVersion": "cilium.io/v2",
            "kind": "CiliumClusterwideNetworkPolicy",
            "metadata": {"name": names.DENY_OUTSIDE},
            "spec": {
                "endpointSelector": {
                    "matchExpressions": [
                        {
                            "key": f"k8s:io.cilium.k8s.namespace.labels.{names.TEAM_LABEL}",
                            "operator": "Exists",
                        }
                    ]
                },
                "egressDeny": [
                    {
                        "toCIDRSet": [
                            {"cidr": ANYWHERE_V4, "except": [*inside, RESTRICTED_VIP, f"{METADATA}/32"]},
                            {"cidr": ANYWHERE_V6},
                        ]
                    }
                ],
            },
        },
    )
