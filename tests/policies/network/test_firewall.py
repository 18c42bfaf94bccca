"""The firewall's decision on sets against a walk over single packets that knows nothing of sets.

The oracle reads the same resources by its own short rules: documents of the provider, no shared code.
"""

from __future__ import annotations

import ipaddress
import os
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.facts.network.addresses import parse
from policies.facts.network.firewall import Position, layers, passes
from policies.facts.network.networks import Key
from tests.policies.network.worlds import PROJECT, world_of

RULE_SETS = int(os.environ.get("CLOISTER_RULE_SETS", "300"))

RANGES = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "203.0.113.0/24",
    "203.0.113.7/32",
    "::/0",
    "2001:db8::/32",
)
REMOTES = ("10.1.2.3", "10.2.0.1", "203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::1", "2600::1")
LAYER4 = (
    ("all", ()),
    ("tcp", ()),
    ("tcp", ("443",)),
    ("tcp", ("80", "8000-9000")),
    ("udp", ("53",)),
    ("icmp", ()),
    ("17", ()),
)
PACKETS = (("tcp", 443), ("tcp", 80), ("tcp", 8500), ("udp", 53), ("udp", 123), ("icmp", 0), ("esp", 0))
TAGS = ("a", "b")
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50}


@st.composite
def classic_rule(draw: st.DrawFn, number: int) -> dict[str, Any]:
    direction = draw(st.sampled_from((None, "INGRESS", "EGRESS")))
    ranges = draw(st.lists(st.sampled_from(RANGES), max_size=2, unique=True))
    protocol, ports = draw(st.sampled_from(LAYER4))
    rule: dict[str, Any] = {
        "name": f"classic-{number}", "network": "net", "priority": draw(st.integers(1, 4)),
        draw(st.sampled_from(("allow", "deny"))): [{"protocol": protocol, "ports": list(ports)}],
        "disabled": draw(st.sampled_from((None, False, True))),
    }  # fmt: skip
    if direction:
        rule["direction"] = direction
    if ranges:
        rule["destination_ranges" if direction == "EGRESS" else "source_ranges"] = ranges
    if draw(st.booleans()):
        rule["target_tags"] = [draw(st.sampled_from(TAGS))]
    return rule


@st.composite
def policy_rule(draw: st.DrawFn, number: int, policy: str) -> dict[str, Any]:
    direction = draw(st.sampled_from(("INGRESS", "EGRESS")))
    protocol, ports = draw(st.sampled_from(LAYER4))
    side = "dest" if direction == "EGRESS" else "src"
    match: dict[str, Any] = {
        f"{side}_ip_ranges": draw(st.lists(st.sampled_from(RANGES), min_size=1, max_size=2, unique=True)),
        "layer4_configs": [{"ip_protocol": protocol, "ports": list(ports)}],
    }
    rule: dict[str, Any] = {
        "firewall_policy": policy, "priority": number, "direction": direction, "match": match,
        "action": draw(st.sampled_from(("allow", "deny", "goto_next", "apply_security_profile_group"))),
        "disabled": draw(st.sampled_from((None, False, True))),
    }  # fmt: skip
    if draw(st.booleans()):
        rule["target_service_accounts"] = [f"{draw(st.sampled_from(TAGS))}@{PROJECT}.iam.gserviceaccount.com"]
    return rule


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    order = draw(st.sampled_from((None, "AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL")))
    found: dict[str, Any] = {
        "google_compute_network": {
            "net": {"name": "net", "network_firewall_policy_enforcement_order": order}
        },
        "google_compute_firewall": {f"c{n}": draw(classic_rule(n)) for n in range(draw(st.integers(0, 4)))},
        "google_compute_network_firewall_policy": {"p": {"name": "p"}},
        "google_compute_network_firewall_policy_rule": {
            f"p{n}": draw(policy_rule(n, "p")) for n in range(draw(st.integers(0, 4)))
        },
        "google_compute_region_network_firewall_policy_rule": {
            f"r{n}": draw(policy_rule(n, "r")) for n in range(draw(st.integers(0, 3)))
        },
        "google_compute_region_network_firewall_policy": {"r": {"name": "r", "region": "europe-west1"}},
    }
    if draw(st.booleans()):
        found["google_compute_network_firewall_policy_association"] = {
            "p": {
                "name": "p",
                "firewall_policy": "p",
                "attachment_target": f"projects/{PROJECT}/global/networks/net",
            }
        }
    if draw(st.booleans()):
        found["google_compute_region_network_firewall_policy_association"] = {
            "r": {"name": "r", "firewall_policy": "r", "region": "europe-west1", "attachment_target": "net"}
        }
    return found


def oracle(config: dict[str, Any], tag: str, ingress: bool, remote: str, protocol: str, port: int) -> bool:
    """One packet through the rules, one after the other."""
    address = ipaddress.ip_address(remote)

    def in_ranges(ranges: list[str]) -> bool:
        return any(address in ipaddress.ip_network(r) for r in ranges)

    def service(name: str, ports: list[str]) -> bool:
        if name != "all" and name not in (protocol, str(NUMBERS[protocol])):
            return False
        return not ports or any(int(text.split("-")[0]) <= port <= int(text.split("-")[-1]) for text in ports)

    def classic() -> str:
        best: list[tuple[int, int, str]] = []
        for rule in config["google_compute_firewall"].values():
            rule_ingress = rule.get("direction", "INGRESS") == "INGRESS"
            action = "allow" if "allow" in rule else "deny"
            side = rule.get("source_ranges" if rule_ingress else "destination_ranges") or ["0.0.0.0/0"]
            if (
                rule_ingress == ingress
                and not rule["disabled"]
                and ("target_tags" not in rule or tag in rule["target_tags"])
                and in_ranges(side)
                and service(rule[action][0]["protocol"], rule[action][0]["ports"])
            ):
                best.append((rule["priority"], 0 if action == "deny" else 1, action))
        return min(best)[2] if best else "next"

    def policy(kind: str, associated: bool) -> str:
        rules = config[f"google_compute_{kind}_rule"].values() if associated else ()
        for rule in sorted(rules, key=lambda r: r["priority"]):
            match = rule["match"]
            if (
                (rule["direction"] == "INGRESS") == ingress
                and not rule["disabled"]
                and (
                    "target_service_accounts" not in rule
                    or rule["target_service_accounts"][0].startswith(f"{tag}@")
                )
                and in_ranges(match["src_ip_ranges" if ingress else "dest_ip_ranges"])
                and service(match["layer4_configs"][0]["ip_protocol"], match["layer4_configs"][0]["ports"])
            ):
                return {"deny": "deny", "goto_next": "next"}.get(rule["action"], "allow")
        return "next"

    levels = [
        policy("network_firewall_policy", "google_compute_network_firewall_policy_association" in config),
        policy(
            "region_network_firewall_policy",
            "google_compute_region_network_firewall_policy_association" in config,
        ),
    ]
    order = config["google_compute_network"]["net"]["network_firewall_policy_enforcement_order"]
    levels = [*levels, classic()] if order == "BEFORE_CLASSIC_FIREWALL" else [classic(), *levels]
    decided = next((answer for answer in levels if answer != "next"), None)
    return decided == "allow" if decided else not ingress


@settings(max_examples=RULE_SETS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configurations(), st.sampled_from(TAGS))
def test_decision_is_that_of_a_packet_walk(config: dict[str, Any], tag: str) -> None:
    world = world_of(config)
    at = Position(frozenset({tag}), f"{tag}@{PROJECT}.iam.gserviceaccount.com", region="europe-west1")
    for ingress in (False, True):
        pieces = passes(layers(world, Key(PROJECT, "net")), at, ingress)
        each = passes(layers(world, Key(PROJECT, "net")), at, ingress, each=True)
        for remote, (protocol, port) in product(REMOTES, PACKETS):
            block = parse(remote)
            assert block is not None
            passed = [p for p in pieces if p.packets.has(block.intervals[0][0], NUMBERS[protocol], port)]
            assert len(passed) <= 1  # pieces do not overlap
            assert any(p.packets.has(block.intervals[0][0], NUMBERS[protocol], port) for p in each) == bool(
                passed
            )
            assert bool(passed) == oracle(config, tag, ingress, remote, protocol, port)
