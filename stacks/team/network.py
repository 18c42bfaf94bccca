"""Network policies: nothing in, and out only to the metadata server, DNS and Google's restricted addresses."""

from __future__ import annotations

from typing import Any

from stacks import cdk
from stacks.base import Stack
from stacks.google_cloud import METADATA, RESTRICTED_VIP


def build_network_policies(stack: Stack, namespace: str) -> None:
    """Default deny both ways for every pod, then the exact allows."""
    # Nothing in and nothing out, for every pod of the namespace.
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "deny_all",
        metadata={"name": "deny-all", "namespace": namespace},
        spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
    )
    # What a job needs: its identity's tokens, names, and Google's APIs by the restricted addresses.
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "allow_google",
        metadata={"name": "allow-google", "namespace": namespace},
        spec={
            "pod_selector": {},
            "policy_types": ["Egress"],
            "egress": to_google(),
        },
    )


def to(cidr: str, *ports: tuple[str, int]) -> dict[str, Any]:
    """An egress rule: to a range, on ports by protocol and number."""
    return {
        "to": [{"ip_block": {"cidr": cidr}}],
        "ports": [{"protocol": protocol, "port": str(port)} for protocol, port in ports],
    }


def to_google() -> list[dict[str, Any]]:
    """Egress rules: an identity's tokens, names, and Google's APIs by the restricted addresses."""
    return [
        to(f"{METADATA}/32", ("TCP", 80)),  # the identity's tokens
        to(f"{METADATA}/32", ("TCP", 53), ("UDP", 53)),  # Cloud DNS
        to(RESTRICTED_VIP, ("TCP", 443)),
    ]


def to_api_server(stack: Stack) -> dict[str, Any]:
    """An egress rule: to the control plane's own addresses."""
    return to(str(stack.platform.network.control_plane), ("TCP", 443))
