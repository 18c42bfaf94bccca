"""DNS. Source: Cloud DNS's REST reference, v1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from audit.assets.registry import Inventory, asset_type, one, plain
from audit.model import Asset, Live

_UNTOLD = (
    "kind",
    "nameServers",
    "nameServerSet",
    "isForwarding",
    "isPrivate",
    "signatureRrdatas",
    "managedZoneId",
)


@asset_type("dns.googleapis.com/ManagedZone", "google_dns_managed_zone")
def zone(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A zone. That of Cloud DNS for GKE belongs to a cluster, which names it itself."""
    more = {"name": asset.data.get("name", asset.path.rsplit("/", 1)[-1])}
    found = one(asset, inventory, "google_dns_managed_zone", {}, {}, _UNTOLD, more)
    clusters = (asset.data.get("privateVisibilityConfig") or {}).get("gkeClusters")
    yield replace(found, made="Cloud DNS, for a cluster" if clusters else "")


@asset_type("dns.googleapis.com/ResourceRecordSet", "google_dns_record_set")
def record_set(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A record set. Those every zone has of itself, SOA and NS at its top, are Cloud DNS's own."""
    data = asset.data
    zone, top = _zone(asset, inventory)
    if data.get("type") in ("SOA", "NS") and data.get("name") == top:
        return
    more = {"managed_zone": zone, "name": data.get("name"), "type": data.get("type")}
    yield one(asset, inventory, "google_dns_record_set", {}, {}, _UNTOLD, more)


def _zone(asset: Asset, inventory: Inventory) -> tuple[str | None, Any]:
    """The name and the domain of a record's zone, which its own name may call by number."""
    called = asset.segment("managedZones")
    for zone in inventory.of("dns.googleapis.com/ManagedZone"):
        if called in (zone.segment("managedZones"), str(zone.data.get("id")), zone.data.get("name")):
            return zone.data.get("name", called), zone.data.get("dnsName")
    return called, None


plain("dns.googleapis.com/Policy", "google_dns_policy", {"name": "policies"}, {}, _UNTOLD)
plain("dns.googleapis.com/ResponsePolicy", "google_dns_response_policy", {"response_policy_name": "responsePolicies"},
      {"responsePolicyName": ""}, _UNTOLD)  # fmt: skip
plain("dns.googleapis.com/ResponsePolicyRule", "google_dns_response_policy_rule",
      {"response_policy": "responsePolicies", "rule_name": "rules"}, {"ruleName": ""}, (*_UNTOLD, "behavior"))  # fmt: skip
