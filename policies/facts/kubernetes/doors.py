"""The doors to the API server from outside the network, and who can go through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policies.expressions.values import Unknown
from policies.facts.evidence import Step
from policies.facts.grants import Grant, grants
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.subjects import Subject
from policies.facts.network.addresses import NOTHING, PRIVATE, Addresses, parse
from policies.facts.network.networks import flag
from policies.facts.world import World, fact

CONNECT = "container.clusters.connect"
GATEWAY = "gkehub.gateway."
_PRIVATE = "private_cluster_config.enable_private_endpoint"
_IP = "control_plane_endpoints_config.ip_endpoints_config.enabled"
_DNS = "control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic"
_NETWORKS = "master_authorized_networks_config"


@dataclass(frozen=True, slots=True, eq=False)
class IpDoor:
    """The IP endpoint. ``public``: it has an address on the internet. ``admitted``: public addresses that authorised
    networks let in (everything where there are none); ``google``: any Google Cloud customer's VMs are let in."""

    cluster: Cluster
    public: bool | Unknown
    off: bool
    networks: bool | Unknown
    admitted: Addresses | Unknown
    google: bool | Unknown

    @property
    def open(self) -> bool:
        """Whether somebody outside gets an answer for certain."""
        if self.public is not True:
            return False
        return (
            self.networks is False
            or self.google is True
            or (not isinstance(self.admitted, Unknown) and bool(self.admitted))
        )


def ip_door(cluster: Cluster) -> IpDoor:
    """The IP endpoint of a cluster, read with the API's defaults."""
    res = cluster.res
    enabled, private = flag(res.get(_IP), True), flag(res.get(_PRIVATE), False)
    public: bool | Unknown = False
    if enabled is not False and private is not True:
        public = next((value for value in (enabled, private) if isinstance(value, Unknown)), True)
    given = res.get(_NETWORKS)
    networks: bool | Unknown = given if isinstance(given, Unknown) else bool(res.blocks(_NETWORKS))
    return IpDoor(
        cluster, public, enabled is False, networks, _admitted(cluster),
        flag(res.get(f"{_NETWORKS}.gcp_public_cidrs_access_enabled"), True),
    )  # fmt: skip


def _admitted(cluster: Cluster) -> Addresses | Unknown:
    found = NOTHING
    value = cluster.res.get(f"{_NETWORKS}.cidr_blocks")
    if isinstance(value, Unknown):
        return value
    for block in cluster.res.blocks(f"{_NETWORKS}.cidr_blocks"):
        cidr = block.get("cidr_block")
        addresses = parse(cidr) if isinstance(cidr, str) else None
        if addresses is None:
            return cidr if isinstance(cidr, Unknown) else Unknown(f"{cidr} is no CIDR block")
        found |= addresses - PRIVATE
    return found


def dns_door(cluster: Cluster) -> bool | Unknown:
    """Whether the DNS endpoint answers outside the network."""
    return flag(cluster.res.get(_DNS), False)


@fact
def connectors(world: World) -> tuple[Grant, ...]:
    """Grants of the permission that the DNS endpoint asks for, on the project or above; Google's agents left out."""
    return tuple(
        grant
        for grant in grants(world)
        if grant.kind in ("google_project", "google_folder", "google_organization") and grant.permits(CONNECT)
        and not (isinstance(grant.member, str) and grant.member.startswith("agent:"))
    )  # fmt: skip


@fact
def gateway_grants(world: World) -> tuple[Grant, ...]:
    """Grants that let their members through the Connect gateway."""
    return tuple(
        grant
        for grant in grants(world)
        if grant.permissions is not None and any(name.startswith(GATEWAY) for name in grant.permissions)
    )


@fact
def memberships(world: World) -> tuple[str, ...]:
    """Addresses of what makes a cluster a member of a fleet."""
    joined = [cluster.res.address for cluster in clusters(world) if cluster.res.blocks("fleet")]
    return (*joined, *(res.address for res in world.of("google_gke_hub_membership")))


def ways_in(world: World, who: Subject) -> Iterator[tuple[Literal["ip", "dns", "gateway"], tuple[Step, ...]]]:
    """The doors a subject can come through from outside, each with its step."""
    for cluster in clusters(world):
        target = f"the API server of {cluster.subject}"
        if ip_door(cluster).open:
            because = "its IP endpoint is public"
            yield "ip", (Step(who.says, target, because, cluster.res.address, _PRIVATE),)
        if dns_door(cluster) is not False and _holds(world, who, connectors(world)):
            because = "its DNS endpoint answers from anywhere and IAM lets it connect"
            yield "dns", (Step(who.says, target, because, cluster.res.address, _DNS),)
        if memberships(world) and _holds(world, who, gateway_grants(world)):
            because = "the Connect gateway leads to the cluster and IAM lets it through"
            yield "gateway", (Step(who.says, target, because, memberships(world)[0], ""),)


def _holds(world: World, who: Subject, found: tuple[Grant, ...]) -> bool:
    if who.kind == "everyone":
        return any(grant.member in ("allUsers", "allAuthenticatedUsers") for grant in found)
    return any(isinstance(grant.member, Unknown) or grant.member == who.says for grant in found)
