"""The packet table: what the synthesized firewall policy lets through, and nothing else."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stacks.firewall import Packet, passes
from tests.stacks.trees import stacks

NODE, POD, SERVICE, CONTROL_PLANE = "10.10.0.7", "10.20.3.4", "10.24.0.10", "172.16.0.2"
VIP = "199.36.153.4"
ROGUE = "somebody@acme-ml-prod.iam.gserviceaccount.com"

PASS = {
    "kubelet to the API server": Packet("EGRESS", CONTROL_PLANE, "tcp", 443),
    "konnectivity agent to the control plane": Packet("EGRESS", CONTROL_PLANE, "tcp", 8132),
    "API server to the kubelet": Packet("INGRESS", CONTROL_PLANE, "tcp", 10250),
    "API server to a webhook": Packet("INGRESS", CONTROL_PLANE, "tcp", 8443),
    "API server to an extension": Packet("INGRESS", CONTROL_PLANE, "tcp", 443),
    "pod to pod, out": Packet("EGRESS", POD, "tcp", 9000),
    "pod to pod, in": Packet("INGRESS", POD, "tcp", 9000),
    "pod to pod by udp": Packet("EGRESS", POD, "udp", 7777),
    "pod to a service": Packet("EGRESS", SERVICE, "tcp", 80),
    "node to node": Packet("EGRESS", NODE, "icmp"),
    "DNS by udp": Packet("EGRESS", "169.254.169.254", "udp", 53),
    "DNS by tcp": Packet("EGRESS", "169.254.169.254", "tcp", 53),
    "the metadata server": Packet("EGRESS", "169.254.169.254", "tcp", 80),
    "Google's restricted addresses": Packet("EGRESS", VIP, "tcp", 443),
    "the last of them": Packet("EGRESS", "199.36.153.7", "tcp", 443),
}
FAIL = {
    "the internet": Packet("EGRESS", "93.184.216.34", "tcp", 443),
    "a public resolver": Packet("EGRESS", "8.8.8.8", "udp", 53),
    "DNS over TLS": Packet("EGRESS", "1.1.1.1", "tcp", 853),
    "a time server": Packet("EGRESS", "216.239.35.0", "udp", 123),
    "ping to the internet": Packet("EGRESS", "93.184.216.34", "icmp"),
    "GRE": Packet("EGRESS", "93.184.216.34", "gre"),
    "the internet by IPv6": Packet("EGRESS", "2606:2800:220:1::1", "tcp", 443),
    "Google by IPv6": Packet("EGRESS", "2600:2d00:2:1000::", "tcp", 443),
    "Google's private addresses": Packet("EGRESS", "199.36.153.8", "tcp", 443),
    "below the restricted addresses": Packet("EGRESS", "199.36.153.3", "tcp", 443),
    "Google's public addresses": Packet("EGRESS", "142.250.74.106", "tcp", 443),
    "direct path": Packet("EGRESS", "34.126.0.1", "tcp", 443),
    "the restricted addresses unencrypted": Packet("EGRESS", VIP, "tcp", 80),
    "the restricted addresses by QUIC": Packet("EGRESS", VIP, "udp", 443),
    "the restricted addresses from another identity": Packet("EGRESS", VIP, "tcp", 443, ROGUE),
    "the control plane by ssh": Packet("EGRESS", CONTROL_PLANE, "tcp", 22),
    "another private network": Packet("EGRESS", "10.99.0.1", "tcp", 443),
    "an on-premises network": Packet("EGRESS", "192.168.1.1", "tcp", 443),
    "the rest of the link-local range": Packet("EGRESS", "169.254.1.1", "tcp", 80),
    "from the internet": Packet("INGRESS", "93.184.216.34", "tcp", 443),
    "from Google's TCP forwarding": Packet("INGRESS", "35.235.240.1", "tcp", 22),
    "from Google's load balancers": Packet("INGRESS", "130.211.0.1", "tcp", 80),
    "from the internet by IPv6": Packet("INGRESS", "2606:2800:220:1::1", "tcp", 443),
    "from the control plane by ssh": Packet("INGRESS", CONTROL_PLANE, "tcp", 22),
    "from another private network": Packet("INGRESS", "10.99.0.1", "tcp", 443),
}


@pytest.fixture(scope="module")
def rules(example_tree: Path) -> list[dict[str, Any]]:
    """The rules as Google would have them, with the node identities resolved."""
    foundation = stacks(example_tree)["foundation"]["resource"]
    accounts = {
        f"${{google_service_account.{name}.email}}": f"{account['account_id']}@acme-ml-prod.iam.gserviceaccount.com"
        for name, account in foundation["google_service_account"].items()
    }
    found = []
    for rule in foundation["google_compute_network_firewall_policy_rule"].values():
        targets = [accounts[target] for target in rule.get("target_service_accounts", [])]
        found.append({**rule, "target_service_accounts": targets})
    return found


@pytest.mark.engine
@pytest.mark.parametrize("name", PASS)
def test_what_the_cluster_needs_passes(rules: list[dict[str, Any]], name: str) -> None:
    assert passes(rules, PASS[name])


@pytest.mark.engine
@pytest.mark.parametrize("name", FAIL)
def test_everything_else_fails(rules: list[dict[str, Any]], name: str) -> None:
    assert not passes(rules, FAIL[name])


INSIDE = [ipaddress.ip_network(block) for block in ("10.10.0.0/20", "10.20.0.0/16", "10.24.0.0/20")]
EDGES = [ipaddress.ip_network(block) for block in ("172.16.0.0/28", "199.36.153.4/30", "169.254.169.254/32")]


@pytest.mark.engine
@given(
    direction=st.sampled_from(["EGRESS", "INGRESS"]),
    remote=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str),
    protocol=st.sampled_from(["tcp", "udp", "icmp", "esp", "gre", "sctp"]),
    port=st.integers(1, 65535),
)
def test_no_other_address_passes_by_any_protocol(
    rules: list[dict[str, Any]], direction: str, remote: str, protocol: str, port: int
) -> None:
    address = ipaddress.ip_address(remote)
    if not any(address in block for block in (*INSIDE, *EDGES) if block.version == address.version):
        assert not passes(rules, Packet(direction, remote, protocol, port))


@pytest.mark.engine
def test_the_policy_decides_before_classic_rules_on_the_one_network(example_tree: Path) -> None:
    foundation = stacks(example_tree)["foundation"]["resource"]
    (network,) = foundation["google_compute_network"].values()
    assert network["network_firewall_policy_enforcement_order"] == "BEFORE_CLASSIC_FIREWALL"
    (association,) = foundation["google_compute_network_firewall_policy_association"].values()
    assert association["attachment_target"] == "${google_compute_network.network.id}"
    rules = foundation["google_compute_network_firewall_policy_rule"]
    waits = set(association["depends_on"])
    assert {f"google_compute_network_firewall_policy_rule.{name}" for name in rules} <= waits
    priorities = [rule["priority"] for rule in rules.values()]
    assert len(set(priorities)) == len(priorities)
