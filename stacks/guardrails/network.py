"""The network policy that no namespace can widen: a deny beats whatever a team's namespace allows."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.google_cloud import ANYWHERE_V4, ANYWHERE_V6, METADATA, RESTRICTED_VIP

# Namespaces of teams, whichever there are; and the canary's, which stands where a team would.
_TEAMS = {
    "matchExpressions": [
        {"key": f"k8s:io.cilium.k8s.namespace.labels.{names.TEAM_LABEL}", "operator": "Exists"}
    ]
}
_CANARY = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": names.CANARY_NAMESPACE}}


def build_clusterwide_deny(stack: Stack) -> None:
    """Pods of team namespaces and of the canary's reach nothing beyond the network, Google's addresses and metadata."""
    for construct, name, pods in (
        ("deny_outside", names.DENY_OUTSIDE, _TEAMS),
        ("deny_outside_canary", f"{names.DENY_OUTSIDE}-{names.CANARY}", _CANARY),
    ):
        cdk.kubernetes.Manifest(
            stack.scope,
            construct,
            manifest={
                "apiVersion": "cilium.io/v2",
                "kind": "CiliumClusterwideNetworkPolicy",
                "metadata": {"name": name},
                "spec": {"endpointSelector": pods, "egressDeny": [{"toCIDRSet": _outside(stack)}]},
            },
        )


def _outside(stack: Stack) -> list[dict[str, Any]]:
    ranges = stack.platform.network
    inside = [str(ranges.nodes), str(ranges.pods), str(ranges.services), str(ranges.control_plane)]
    return [
        {"cidr": ANYWHERE_V4, "except": [*inside, RESTRICTED_VIP, f"{METADATA}/32"]},
        {"cidr": ANYWHERE_V6},
    ]
