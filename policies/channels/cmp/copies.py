"""CMP-01, CMP-02, CMP-03, CMP-07: who may copy a disk, and where copies go."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Evidence
from policies.channels.outward import (
    fault,
    gained,
    granted,
    kept,
    landed,
    location,
    sends,
    sends_somewhere,
    unread,
)
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.capabilities import held_by_workloads
from policies.facts.destinations import place
from policies.facts.flows import leaves
from policies.facts.world import World

_STORAGE = (
    "google_compute_disk", "google_compute_region_disk", "google_compute_snapshot", "google_compute_instant_snapshot",
    "google_compute_region_instant_snapshot", "google_compute_image", "google_compute_machine_image",
    "google_compute_instance_template", "google_compute_region_instance_template", "google_compute_storage_pool",
)  # fmt: skip
_COPY = (
    "compute.disks.createSnapshot", "compute.disks.useReadOnly", "compute.snapshots.create", "compute.snapshots.useReadOnly",
    "compute.images.create", "compute.images.useReadOnly", "compute.machineImages.create", "compute.instantSnapshots.create",
)  # fmt: skip


@channel("CMP-01")
def only_members_inside_use_disks_and_images(world: World) -> Iterator[Evidence]:
    """No disk, snapshot, image or template is granted to a member outside, who could clone it in a project of their own."""
    yield from granted(world, _STORAGE, "can make itself a copy of", _COPY, "every disk of")


_COPIES = (
    ("google_compute_disk_async_replication", "secondary_disk.disk", "disk", "Every block of the disk is copied to"),
    ("google_compute_disk_async_replication", "primary_disk", "disk", "A disk of the project is written from"),
    ("google_compute_disk", "async_primary_disk.disk", "disk", "Disk {} is the copy of"),
    ("google_compute_region_disk", "async_primary_disk.disk", "disk", "Disk {} is the copy of"),
    ("google_backup_dr_backup_plan", "backup_vault", "vault", "Backup plan {} keeps copies of disks and machines in"),
    ("google_backup_dr_backup_plan_association", "backup_plan", "plan", "Backups of a machine go where this plan says:"),
    ("google_backup_dr_management_server", "networks.network", "network", "Backup server {} stands in"),
)  # fmt: skip
_LOCATIONS = (
    ("google_compute_resource_policy", "snapshot_schedule_policy.snapshot_properties.storage_locations",
     "Snapshots made by policy {} are kept in"),
    ("google_compute_snapshot", "storage_locations", "Snapshot {} is kept in"),
    ("google_compute_image", "storage_locations", "Image {} is kept in"),
    ("google_compute_machine_image", "storage_locations", "Machine image {} is kept in"),
    ("google_compute_snapshot_settings", "storage_location.locations.location", "Snapshots of the project are kept in"),
    ("google_backup_dr_backup_vault", "location", "Backup vault {} keeps copies of disks in"),
)  # fmt: skip


@channel("CMP-02")
def copies_of_disks_stay_in_the_project_and_its_regions(world: World) -> Iterator[Evidence]:
    """Replicas, backups and snapshots of disks lie in the project and in the boundary's regions."""
    for type_, path, kind, says in _COPIES:
        yield from sends(world, type_, path, kind, says)
    yield from sends_somewhere(world, ["google_backup_dr_restore_workload"], "A backup is restored to")
    for res in world.of("google_compute_disk_async_replication"):
        for attribute, value in leaves(res, "secondary_disk.disk"):
            there = place(world, value, "disk", res)
            if there.res is not None and there.inside:
                at = there.res.get("zone", there.res.get("region"))
                if at is not None:
                    yield location(world, res, attribute, at, "Every block of the disk is copied to one in")
    for type_, path, says in _LOCATIONS:
        yield from kept(world, type_, path, says)
    for res in world.of("google_compute_snapshot_settings"):
        if res.get("storage_location.policy") == "NEAREST_MULTI_REGION":
            yield fault(res, "storage_location.policy", "Snapshots of {} are kept in a multi-region, outside the boundary's "
                        "regions", fix=f"set storage_location.policy of {res.address} to SPECIFIC_LOCATIONS")  # fmt: skip
    for res in world.of("google_backup_dr_backup_vault"):
        limit = res.get("access_restriction", "WITHIN_ORGANIZATION")
        if limit != "WITHIN_PROJECT":
            yield fault(res, "access_restriction", "Backup vault {} may be restored from by other projects",
                        "undecided" if isinstance(limit, Unknown) else "open" if limit == "UNRESTRICTED" else "weakened",
                        f"set access_restriction of {res.address} to WITHIN_PROJECT")  # fmt: skip


# What turns a disk into something that can be carried off: Source: cloud.google.com/compute/docs/access/iam.
_EXPORT = (
    "compute.disks.createSnapshot", "compute.snapshots.create", "compute.images.create", "compute.machineImages.create",
    "compute.instantSnapshots.create",
)  # fmt: skip


@channel("CMP-03")
def no_running_code_may_copy_disks(world: World) -> Iterator[Evidence]:
    """No identity of running code may make snapshots or images: it could export them to any bucket."""
    yield from granted(world, [], "may turn any disk into an image and export it from", _EXPORT)
    for grant, who in held_by_workloads(world, *_EXPORT):
        yield gained(grant, who, "may turn any disk of the project into an image and export it", "an image of a disk",
                     ("a bucket anywhere", "an image can be exported to any bucket that takes it"))  # fmt: skip


_SHARED = (
    ("google_compute_reservation", "share_settings"),
    ("google_compute_future_reservation", "share_settings"),
    ("google_compute_node_group", "share_settings"),
)
_PROJECTS = ("project_map.project_id", "project_map.id", "projects")
_MOVED = (
    (
        "google_migration_center_assets_export_job",
        "signed_uri_destination",
        "Export job {} offers the inventory by signed URLs",
    ),
    ("google_migration_center_assets_export_job", "", "Export job {} hands out the inventory of machines"),
    ("google_migration_center_report", "", "Report {} hands out the inventory of machines"),
    (
        "google_migration_center_discovery_client",
        "",
        "Discovery client {} sends an inventory of machines to Google's side",
    ),
)


@channel("CMP-07")
def no_machine_is_shared_or_migrated_out(world: World) -> Iterator[Evidence]:
    """Reservations and sole-tenant nodes serve the project alone, and no migration exports machines or their inventory."""
    yield from unread(world, *_SHARED)
    for type_, path in _SHARED:
        for res in world.of(type_):
            for block in res.blocks(path):
                kind = block.get("share_type", "LOCAL")
                if kind == "ORGANIZATION":
                    yield fault(
                        res,
                        block.at("share_type"),
                        "Hosts of {} are shared with every project of the organisation",
                    )
                shared = {
                    str(value): (at, value) for inner in _PROJECTS for at, value in leaves(block, inner)
                }
                for attribute, value in shared.values():
                    there = place(world, value, "project")
                    yield landed(res, attribute, there, "Hosts of {} are shared with", "project")
    for type_, path, says in _MOVED:
        for res in world.of(type_):
            if not path or res.get(path) is not None:
                yield fault(res, path, says, "open" if path else "weakened")
