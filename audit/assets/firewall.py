"""Firewall rules and policies. Source: Compute Engine's REST reference, v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from audit.assets.compute import placed
from audit.assets.registry import Inventory, asset_type, live, one, short
from audit.assets.shape import shaped
from audit.model import Asset, Live

# Google's own last rules of every policy, which pass on to the next level.
_IMPLIED = range(2147483644, 2147483648)


@asset_type("compute.googleapis.com/Firewall", "google_compute_firewall")
def firewall(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    data = {key: value for key, value in asset.data.items() if key not in ("allowed", "denied", "logConfig")}
    if (asset.data.get("logConfig") or {}).get("enable"):
        data["logConfig"] = {"metadata": asset.data["logConfig"].get("metadata")}
    for field, block in (("allowed", "allow"), ("denied", "deny")):
        entries = asset.data.get(field) or ()
        if entries:
            data[block] = [
                {"protocol": entry.get("IPProtocol"), "ports": entry.get("ports", [])} for entry in entries
            ]
    body, left = shaped("google_compute_firewall", inventory.words.value(data))
    clusters = (item.path.rsplit("/", 1)[-1] for item in inventory.of("container.googleapis.com/Cluster"))
    made = any(str(asset.data.get("name")).startswith(f"gke-{cluster}-") for cluster in clusters)
    found = live("google_compute_firewall", {**body, **placed(asset)}, asset, left)
    yield replace(found, made="GKE, for a cluster" if made else "")


@asset_type(
    "compute.googleapis.com/FirewallPolicy",
    "google_compute_network_firewall_policy", "google_compute_network_firewall_policy_rule",
    "google_compute_network_firewall_policy_association", "google_compute_region_network_firewall_policy",
    "google_compute_region_network_firewall_policy_rule", "google_compute_region_network_firewall_policy_association",
    "google_compute_firewall_policy", "google_compute_firewall_policy_rule", "google_compute_firewall_policy_association",
)  # fmt: skip
def firewall_policy(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A network's policy, or one of the organisation or a folder, with its rules and what it is attached to."""
    above = asset.segment("projects") is None
    region = asset.segment("regions")
    stem = (
        "google_compute_firewall_policy"
        if above
        else f"google_compute_{'region_' if region else ''}network_firewall_policy"
    )
    name = str(asset.data.get("name") or asset.path.rsplit("/", 1)[-1])
    place = {"region": region} if region else {}
    parts = ("rules", "associations", "ruleTupleCount", "displayName", "shortName", "policyType")
    # A hierarchical policy is called by its number, and its short name stands in its data.
    own = {} if above else {"name": name}
    yield one(asset, inventory, stem, {}, {}, parts, {**own, **place})
    for rule in asset.data.get("rules") or ():
        if rule.get("priority") in _IMPLIED and rule.get("action") == "goto_next":
            continue
        yield _rule(asset, inventory, f"{stem}_rule", {"firewall_policy": name, **place}, rule)
    for item in asset.data.get("associations") or ():
        data = inventory.words.value(
            {key: value for key, value in item.items() if key not in ("firewallPolicyId", "shortName")}
        )
        body, left = shaped(
            f"{stem}_association",
            data,
            (
                "displayName",
                "shortName",
            ),
        )
        body |= {"name": item.get("name"), "firewall_policy": name, **place}
        yield live(f"{stem}_association", body, asset, left, f"{name}-{short(item.get('name'))}")


def _rule(
    asset: Asset, inventory: Inventory, type_: str, place: Mapping[str, Any], rule: Mapping[str, Any]
) -> Live:
    body, left = shaped(type_, inventory.words.value(rule), ("ruleTupleCount",))
    body |= place
    return live(type_, body, asset, left, f"{place['firewall_policy']}-{rule.get('priority')}")
