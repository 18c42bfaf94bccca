"""Networks and what leads out of them. Source: Compute Engine's REST reference, v1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.assets.registry import Inventory, asset_type, live, one, short
from audit.assets.shape import shaped
from audit.model import Asset, Live

_EVERYWHERE = ("0.0.0.0/0", "::/0")


def placed(asset: Asset) -> dict[str, Any]:
    """Name, and region or zone where it has one."""
    found = {
        "name": asset.data.get("name") or asset.path.rsplit("/", 1)[-1],
        "region": asset.segment("regions"),
        "zone": asset.segment("zones"),
    }
    return {key: value for key, value in found.items() if value is not None}


def compute(asset: Asset, inventory: Inventory, type_: str, *drop: str, **move: str) -> Live:
    """One resource that Compute Engine and the provider describe alike."""
    return one(asset, inventory, type_, {}, move, drop, placed(asset))


@asset_type("compute.googleapis.com/Network", "google_compute_network", "google_compute_network_peering")
def network(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A network and its peerings. Whether default routes were kept is seen from the routes that are there."""
    name = asset.path.rsplit("/", 1)[-1]
    kept = any(
        short(route.data.get("network")) == name and route.data.get("destRange") in _EVERYWHERE
        for route in inventory.of("compute.googleapis.com/Route")
    )
    yield one(
        asset, inventory, "google_compute_network", {}, {"routingConfig.routingMode": "routingMode", "peerings": "", "subnetworks": ""},
        ("routingConfig", "firewallPolicy", "gatewayIPv4"), {"name": name, "delete_default_routes_on_create": not kept},
    )  # fmt: skip
    for peering in asset.data.get("peerings") or ():
        data = inventory.words.value(
            {**peering, "peerNetwork": peering.get("network"), "network": asset.path}
        )
        body, left = shaped(
            "google_compute_network_peering", data, ("exchangeSubnetRoutes", "autoCreateRoutes", "peerMtu")
        )
        yield live(
            "google_compute_network_peering",
            {**body, "name": peering.get("name")},
            asset,
            left,
            f"{name}-{peering.get('name')}",
        )


@asset_type("compute.googleapis.com/Subnetwork", "google_compute_subnetwork")
def subnetwork(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    logs = asset.data.get("logConfig") or {}
    drop = (
        "enableFlowLogs",
        "gatewayAddress",
        "allowSubnetCidrRoutesOverlap",
        "logConfig.enable",
        "externalIpv6Prefix",
    )
    move = {"secondaryIpRanges": "secondaryIpRange"} | ({} if logs.get("enable") else {"logConfig": ""})
    yield one(asset, inventory, "google_compute_subnetwork", {}, move, drop, placed(asset))


@asset_type("compute.googleapis.com/Route", "google_compute_route")
def route(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A route. Those to a subnetwork's own range, and those a peering brings, are what the subnetwork and the peering say."""
    if any(asset.data.get(hop) for hop in ("nextHopNetwork", "nextHopPeering", "nextHopHub")):
        return
    gateway = short(asset.data.get("nextHopGateway"))
    more = placed(asset) | ({"next_hop_gateway": gateway} if gateway else {})
    drop = ("routeType", "routeStatus", "asPaths", "warnings")
    yield one(asset, inventory, "google_compute_route", {}, {}, drop, more)


@asset_type(
    "compute.googleapis.com/Router",
    "google_compute_router", "google_compute_router_nat", "google_compute_router_interface", "google_compute_router_peer",
)  # fmt: skip
def router(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A Cloud Router with its NATs, interfaces and BGP peers, each of which is a resource of its own."""
    parts = {
        "nats": "google_compute_router_nat",
        "interfaces": "google_compute_router_interface",
        "bgpPeers": "google_compute_router_peer",
    }
    yield one(asset, inventory, "google_compute_router", {}, dict.fromkeys(parts, ""), (), placed(asset))
    place = {"router": asset.path.rsplit("/", 1)[-1], "region": asset.segment("regions")}
    words = {"subnetworks": "subnetwork", "interfaceName": "interface", "ipAddress": "ip_address", "linkedVpnTunnel": "vpn_tunnel",
             "linkedInterconnectAttachment": "interconnect_attachment", "sourceSubnetworkIpRangesToNat": "source_subnetwork_ip_ranges_to_nat"}  # fmt: skip
    for part, type_ in parts.items():
        for item in asset.data.get(part) or ():
            data = {words.get(key, key): value for key, value in inventory.words.value(item).items()}
            body, left = shaped(type_, data, ("managementType", "ipVersion"))
            name = item.get("name")
            yield live(type_, {**body, **place, "name": name}, asset, left, f"{place['router']}-{name}")


@asset_type("compute.googleapis.com/VpnTunnel", "google_compute_vpn_tunnel")
def vpn_tunnel(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(
        asset,
        inventory,
        "google_compute_vpn_tunnel",
        "sharedSecret",
        "sharedSecretHash",
        "detailedStatus",
        "cipherSuite",
    )


@asset_type("compute.googleapis.com/VpnGateway", "google_compute_ha_vpn_gateway")
def ha_vpn_gateway(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(asset, inventory, "google_compute_ha_vpn_gateway", "label_fingerprint")


@asset_type("compute.googleapis.com/TargetVpnGateway", "google_compute_vpn_gateway")
def vpn_gateway(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(asset, inventory, "google_compute_vpn_gateway", "tunnels", "forwardingRules", "labels")


@asset_type("compute.googleapis.com/ExternalVpnGateway", "google_compute_external_vpn_gateway")
def external_vpn_gateway(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(asset, inventory, "google_compute_external_vpn_gateway", interfaces="interface")


@asset_type("compute.googleapis.com/InterconnectAttachment", "google_compute_interconnect_attachment")
def interconnect_attachment(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(
        asset, inventory, "google_compute_interconnect_attachment",
        "operationalStatus", "dataplaneVersion", "privateInterconnectInfo", "satisfiesPzs", "remoteService", "configurationConstraints",
    )  # fmt: skip


@asset_type("compute.googleapis.com/Address", "google_compute_address")
def address(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(asset, inventory, "google_compute_address", "users")


@asset_type("compute.googleapis.com/GlobalAddress", "google_compute_global_address")
def global_address(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(asset, inventory, "google_compute_global_address", "users", "networkTier")


@asset_type("compute.googleapis.com/ForwardingRule", "google_compute_forwarding_rule")
def forwarding_rule(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(
        asset,
        inventory,
        "google_compute_forwarding_rule",
        "pscConnectionId",
        "pscConnectionStatus",
        "baseForwardingRule",
    )


@asset_type("compute.googleapis.com/GlobalForwardingRule", "google_compute_global_forwarding_rule")
def global_forwarding_rule(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(
        asset, inventory, "google_compute_global_forwarding_rule", "pscConnectionId", "pscConnectionStatus"
    )


@asset_type("compute.googleapis.com/ServiceAttachment", "google_compute_service_attachment")
def service_attachment(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(
        asset, inventory, "google_compute_service_attachment", "connectedEndpoints", "pscServiceAttachmentId",
        consumerAcceptLists="consumerAcceptLists",
    )  # fmt: skip


@asset_type("compute.googleapis.com/PacketMirroring", "google_compute_packet_mirroring")
def packet_mirroring(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    yield compute(asset, inventory, "google_compute_packet_mirroring", "enable", "priority")
