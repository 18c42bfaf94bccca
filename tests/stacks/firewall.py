"""A firewall as a packet meets it: rules of a network policy in order of priority, the first match decides.

Written from Google's description of network firewall policies, and on purpose not from stacks/ or policies/.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection at a machine's interface. `remote`: its other end."""

    direction: str  # EGRESS or INGRESS
    remote: str
    protocol: str
    port: int = 0
    identity: str = "node-cpu@acme-ml-prod.iam.gserviceaccount.com"


def passes(rules: list[dict[str, Any]], packet: Packet) -> bool:
    """Whether the packet passes. Metadata, DNS and NTP at 169.254.169.254 always do; nothing else does unasked."""
    if packet.direction == "EGRESS" and packet.remote == "169.254.169.254":
        return True
    for rule in sorted(rules, key=lambda rule: rule["priority"]):
        if not rule.get("disabled") and _matches(rule, packet):
            return bool(rule["action"] == "allow")
    return packet.direction == "EGRESS"  # implied rules: egress allowed, ingress denied


def _matches(rule: dict[str, Any], packet: Packet) -> bool:
    if rule["direction"] != packet.direction:
        return False
    targets = rule.get("target_service_accounts")
    if targets and packet.identity not in targets:
        return False
    match = rule["match"]
    ranges = match.get("dest_ip_ranges" if packet.direction == "EGRESS" else "src_ip_ranges")
    address = ipaddress.ip_address(packet.remote)
    if ranges and not any(address in ipaddress.ip_network(block) for block in ranges):
        return False
    return any(_layer4(config, packet) for config in match["layer4_configs"])


def _layer4(config: dict[str, Any], packet: Packet) -> bool:
    if config["ip_protocol"] not in ("all", packet.protocol):
        return False
    ports = config.get("ports")
    if not ports:
        return True
    spans = [port.partition("-") for port in ports]
    return any(int(low) <= packet.port <= int(high or low) for low, _, high in spans)
