"""The firewall: one global network policy that allows what the cluster needs, then denies everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloister.declarations import Platform, names
from stacks import cdk
from stacks.base import Stack
from stacks.foundation.network import Network
from stacks.google_cloud import ANYWHERE_V4, ANYWHERE_V6, RESTRICTED_VIP

KUBE_API_PORT = "443"
KONNECTIVITY_PORT = "8132"  # agents on the nodes keep the tunnel by which the control plane reaches pods
KUBELET_PORT = "10250"
WEBHOOK_PORT = "8443"  # where admission webhooks usually listen (GKE's guide to private clusters)


@dataclass(frozen=True)
class Rule:
    """One rule. `ranges` are destinations of EGRESS and sources of INGRESS; no `ports` means all protocols."""

    name: str
    priority: int
    direction: str
    action: str
    ranges: tuple[str, ...]
    tcp_ports: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()  # service accounts


def rules(platform: Platform, nodes: tuple[str, ...]) -> list[Rule]:
    """The whole policy. `nodes` are the e-mail addresses of the node identities."""
    ranges = platform.network
    inside = (str(ranges.nodes), str(ranges.pods), str(ranges.services))
    control_plane = (str(ranges.control_plane),)
    return [
        Rule("allow-egress-inside", 1000, "EGRESS", "allow", inside),
        Rule(
            "allow-egress-control-plane",
            1010,
            "EGRESS",
            "allow",
            control_plane,
            (KUBE_API_PORT, KONNECTIVITY_PORT),
        ),
        Rule("allow-egress-google", 1020, "EGRESS", "allow", (RESTRICTED_VIP,), ("443",), nodes),
        Rule("deny-egress-v4", 65000, "EGRESS", "deny", (ANYWHERE_V4,)),
        Rule("deny-egress-v6", 65001, "EGRESS", "deny", (ANYWHERE_V6,)),
        Rule("allow-ingress-inside", 2000, "INGRESS", "allow", inside),
        Rule(
            "allow-ingress-control-plane",
            2010,
            "INGRESS",
            "allow",
            control_plane,
            ("443", KUBELET_PORT, WEBHOOK_PORT),
        ),
        Rule("deny-ingress-v4", 65002, "INGRESS", "deny", (ANYWHERE_V4,)),
        Rule("deny-ingress-v6", 65003, "INGRESS", "deny", (ANYWHERE_V6,)),
    ]


def build_firewall(stack: Stack, network: Network, node_accounts: list[Any]) -> None:
    """Policy, rules, and the association that puts them in force."""
    # The policy that decides before any classic rule.
    policy = cdk.google.ComputeNetworkFirewallPolicy(
        stack.scope,
        "firewall",
        project=stack.project,
        name=names.firewall_policy(stack.platform.name),
        description="Everything that leaves or enters the network, decided before any classic rule",
    )
    emails = tuple(account.email for account in node_accounts)
    built = [_build_rule(stack, policy, rule) for rule in rules(stack.platform, emails)]
    # Puts the policy in force on the network.
    cdk.google.ComputeNetworkFirewallPolicyAssociation(
        stack.scope,
        "firewall_association",
        project=stack.project,
        name=names.firewall_policy(stack.platform.name),
        firewall_policy=policy.name,
        attachment_target=network.network.id,
        depends_on=built,  # never an association that only allows
    )


def _build_rule(stack: Stack, policy: Any, rule: Rule) -> Any:
    sides = {"EGRESS": "dest_ip_ranges", "INGRESS": "src_ip_ranges"}
    layer4 = (
        {"ip_protocol": "tcp", "ports": list(rule.tcp_ports)} if rule.tcp_ports else {"ip_protocol": "all"}
    )
    # The exact allows the cluster needs, and below them the denies of everything else, in and out.
    return cdk.google.ComputeNetworkFirewallPolicyRule(
        stack.scope,
        f"firewall_{rule.name}".replace("-", "_"),
        project=stack.project,
        firewall_policy=policy.name,
        rule_name=rule.name,
        priority=rule.priority,
        direction=rule.direction,
        action=rule.action,
        disabled=False,
        enable_logging=rule.action == "deny",
        match={sides[rule.direction]: list(rule.ranges), "layer4_configs": [layer4]},
        target_service_accounts=list(rule.targets) or None,
    )
