"""CMP-06: file stores, and what they export and replicate."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, kept, present, sends
from policies.channels.registry import channel
from policies.facts.flows import leaves
from policies.facts.resource import Res
from policies.facts.world import World, fact

_REACHES = (
    ("google_filestore_instance", "networks.network", "network", "File store {} answers in"),
    (
        "google_filestore_instance",
        "networks.psc_config.endpoint_project",
        "project",
        "File store {} is published to",
    ),
    (
        "google_filestore_instance",
        "initial_replication.replicas.peer_instance",
        "filestore",
        "File store {} is copied to",
    ),
    ("google_filestore_backup", "source_instance", "filestore", "Backup {} is made of"),
    ("google_netapp_storage_pool", "network", "network", "Storage pool {} answers in"),
    ("google_netapp_volume", "backup_config.backup_vault", "vault", "Volume {} is backed up to"),
    (
        "google_netapp_volume_replication",
        "destination_volume_parameters.storage_pool",
        "pool",
        "Volume {} is copied to",
    ),
    ("google_lustre_instance", "network", "network", "Lustre {} answers in"),
    ("google_parallelstore_instance", "network", "network", "Parallelstore {} answers in"),
)
_LOCATIONS = (
    ("google_filestore_backup", "location", "File store backup {} is kept in"),
    ("google_netapp_backup_vault", "backup_region", "Backups of volumes are kept in"),
)
_EXPORTS = (
    ("google_filestore_instance", "file_shares.nfs_export_options", "ip_ranges"),
    ("google_netapp_volume", "export_policy.rules", "allowed_clients"),
)


@channel("CMP-06")
def file_stores_answer_the_projects_network_only(world: World) -> Iterator[Evidence]:
    """File stores stand in networks of the snapshot, export to ranges of its subnetworks, and copy nowhere else."""
    for type_, path, kind, says in _REACHES:
        yield from sends(world, type_, path, kind, says)
    for type_, path, says in _LOCATIONS:
        yield from kept(world, type_, path, says)
    for type_, path, name in _EXPORTS:
        for res in world.of(type_):
            yield from _exported(world, res, path, name)
    for res in world.of("google_netapp_volume"):
        if res.get("hybrid_replication_parameters") is not None:
            yield fault(
                res,
                "hybrid_replication_parameters",
                "Volume {} is copied to a storage system outside Google Cloud",
            )
    yield from present(
        world, ["google_lustre_instance", "google_parallelstore_instance"],
        "File system {} may be exported to any bucket while it runs", "weakened",
    )  # fmt: skip


def _exported(world: World, res: Res, path: str, name: str) -> Iterator[Evidence]:
    blocks = res.blocks(path)
    if not blocks:
        yield fault(res, path, "File store {} exports to every client that a peering or tunnel brings to its network",
                    "weakened", f"set {path}.{name} of {res.address} to ranges of the snapshot's subnetworks")  # fmt: skip
    for block in blocks:
        listed = list(leaves(block, name))
        if not listed:
            yield fault(
                res,
                block.at(name),
                "File store {} exports to every client that reaches its network",
                "weakened",
            )
        for attribute, value in listed:
            for part in str(value).split(",") if isinstance(value, str) else [value]:
                yield _range(world, res, attribute, part)


def _range(world: World, res: Res, attribute: str, value: Any) -> Evidence:
    if not isinstance(value, str):
        return fault(res, attribute, "File store {} exports to a range that is not known", "undecided")
    try:
        clients = ip_network(value.strip(), strict=False)
    except ValueError:
        return fault(res, attribute, f"File store {{}} exports to {value}, which is no range", "undecided")
    if any(clients.version == own.version and clients.subnet_of(own) for own in _ranges(world)):
        return Control(res.address, attribute)
    wide = clients.prefixlen == 0 or not clients.is_private
    return fault(res, attribute, f"File store {{}} exports to {value}, which is no range of the snapshot's subnetworks",
                 "open" if wide else "weakened")  # fmt: skip


@fact
def _ranges(world: World) -> list[Any]:
    """The primary and secondary ranges of every subnetwork."""
    found = []
    for res in world.of("google_compute_subnetwork"):
        for path in ("ip_cidr_range", "secondary_ip_range.ip_cidr_range"):
            for _, value in leaves(res, path):
                try:
                    found.append(ip_network(str(value), strict=False))
                except ValueError:
                    continue
    return found
