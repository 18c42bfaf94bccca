"""DNS. Source: Cloud DNS's REST reference, v1."""

from __future__ import annotations

from collections.abc import Iterator

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
    yield one(asset, inventory, "google_dns_managed_zone", {}, {}, _UNTOLD, more)


@asset_type("dns.googleapis.com/ResourceRecordSet", "google_dns_record_set")
def record_set(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A record set. Those every zone has of itself, SOA and NS at its top, are Cloud DNS's own."""
    data = asset.data
    zone = asset.segment("managedZones")
    top = next(
        (
            item.data.get("dnsName")
            for item in inventory.of("dns.googleapis.com/ManagedZone")
            if item.segment("managedZones") == zone
        ),
        None,
    )
    if data.get("type") in ("SOA", "NS") and data.get("name") == top:
        return
    more = {"managed_zone": zone, "name": data.get("name"), "type": data.get("type")}
    yield one(asset, inventory, "google_dns_record_set", {}, {}, _UNTOLD, more)


plain("dns.googleapis.com/Policy", "google_dns_policy", {"name": "policies"}, {}, _UNTOLD)
plain("dns.googleapis.com/ResponsePolicy", "google_dns_response_policy", {"response_policy_name": "responsePolicies"},
      {"responsePolicyName": ""}, _UNTOLD)  # fmt: skip
plain("dns.googleapis.com/ResponsePolicyRule", "google_dns_response_policy_rule",
      {"response_policy": "responsePolicies", "rule_name": "rules"}, {"ruleName": ""}, (*_UNTOLD, "behavior"))  # fmt: skip
