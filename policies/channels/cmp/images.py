"""CMP-04: what machines boot from, and the scripts they run first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.channels.evidence import Evidence
from policies.channels.outward import landed, sends
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import Place, place
from policies.facts.flows import leaves
from policies.facts.machine_metadata import Item, metadata_items
from policies.facts.mentions import mentions
from policies.facts.resource import Res
from policies.facts.world import World

# Projects of Google and its partners that publish operating system images.
# Source: cloud.google.com/compute/docs/images/os-details.
_PUBLIC = frozenset(
    {
        "centos-cloud", "cos-cloud", "debian-cloud", "fedora-cloud", "fedora-coreos-cloud", "opensuse-cloud", "rhel-cloud",
        "rhel-sap-cloud", "rocky-linux-cloud", "suse-cloud", "suse-sap-cloud", "ubuntu-os-cloud", "ubuntu-os-pro-cloud",
        "windows-cloud", "windows-sql-cloud", "oracle-linux-cloud", "gke-node-images", "gke-windows-node-images",
        "deeplearning-platform-release", "ml-images", "cloud-hpc-image-public", "ubuntu-os-gke-cloud",
        "confidential-vm-images", "cloud-dataproc", "rocky-linux-accelerator-cloud",
    }
)  # fmt: skip
# Bare names and families that the provider looks up in the projects above. Source: its image resolver.
_FAMILY = re.compile(
    r"^(?:centos|cos|debian|fedora-coreos|opensuse|rhel|rocky-linux|sles|ubuntu|windows|sql-)[a-z0-9-]*$"
)

_BOOTS = (
    ("google_compute_instance", "boot_disk.initialize_params.image"),
    ("google_compute_instance_from_template", "boot_disk.initialize_params.image"),
    ("google_compute_instance_template", "disk.source_image"),
    ("google_compute_region_instance_template", "disk.source_image"),
    ("google_compute_disk", "image"),
    ("google_compute_image", "source_image"),
    ("google_container_node_pool", "node_config.secondary_boot_disks.disk_image"),
    ("google_container_node_pool", "node_config.node_image_config.image"),
    ("google_container_cluster", "node_config.secondary_boot_disks.disk_image"),
    ("google_dataproc_cluster", "cluster_config.master_config.image_uri"),
    ("google_dataproc_cluster", "cluster_config.worker_config.image_uri"),
)
_PROJECTS = (
    ("google_container_node_pool", "node_config.node_image_config.image_project"),
    ("google_container_cluster", "node_config.node_image_config.image_project"),
    ("google_workbench_instance", "gce_setup.vm_image.project"),
)
_COPIED = (
    ("google_compute_instance", "boot_disk.initialize_params.snapshot", "snapshot"),
    ("google_compute_instance", "boot_disk.source", "disk"),
    ("google_compute_instance_from_template", "source_instance_template", "template"),
    ("google_compute_instance_from_machine_image", "source_machine_image", "machine image"),
    ("google_compute_instance_template", "disk.source_snapshot", "snapshot"),
    ("google_compute_region_instance_template", "disk.source_snapshot", "snapshot"),
    ("google_compute_instance_group_manager", "version.instance_template", "template"),
    ("google_compute_region_instance_group_manager", "version.instance_template", "template"),
    ("google_compute_disk", "snapshot", "snapshot"),
    ("google_compute_disk", "source_disk", "disk"),
    ("google_compute_disk", "source_storage_object", "bucket"),
    ("google_compute_region_disk", "snapshot", "snapshot"),
    ("google_compute_region_disk", "source_disk", "disk"),
    ("google_compute_snapshot", "source_disk", "disk"),
    ("google_compute_image", "source_snapshot", "snapshot"),
    ("google_compute_image", "source_disk", "disk"),
    ("google_compute_image", "raw_disk.source", "bucket"),
    ("google_compute_machine_image", "source_instance", "resource"),
    ("google_workbench_instance", "gce_setup.container_image.repository", "registry"),
)
_SAYS = "{} starts from"


@channel("CMP-04")
def machines_boot_from_known_images(world: World) -> Iterator[Evidence]:
    """Machines start from images of the snapshot or of Google, and from scripts in buckets of the snapshot."""
    for type_, path in _BOOTS:
        for res in world.of(type_):
            for attribute, value in leaves(res, path):
                yield landed(res, attribute, image_place(world, value, res), _SAYS, "image")
    for type_, path in _PROJECTS:
        for res in world.of(type_):
            for attribute, value in leaves(res, path):
                there = place(world, value, "project")
                if not (isinstance(value, str) and value in _PUBLIC):
                    yield landed(res, attribute, there, "{} starts from an image of", "project")
    for type_, path, kind in _COPIED:
        yield from sends(world, type_, path, kind, _SAYS)
    for item in metadata_items(world):
        yield from _script(world, item)


def image_place(world: World, value: Any, beside: Res) -> Place:
    """Where an image lies; the public projects count as inside."""
    if isinstance(value, Unknown):
        target = world.referred(value)
        if target is not None and target.mode == "data" and target.project in _PUBLIC:
            return Place("own", target.subject)
        return place(world, value, "image", beside)
    text = str(value)
    project = re.search(r"(?:^|/)projects/([^/]+)/", text)
    owner = project[1] if project else text.split("/")[0] if "/" in text else None
    if owner in _PUBLIC or (owner is None and _FAMILY.match(text)):
        return Place("own", f"image {text}")
    return place(world, value, "image", beside)


def _script(world: World, item: Item) -> Iterator[Evidence]:
    """``startup-script-url`` and its kin are fetched and run as root; a script written inline may fetch more."""
    if not item.key.endswith(("script-url", "startup-script", "shutdown-script", "user-data")):
        return
    url = item.key.endswith("-url")
    for there in mentions(world, item.value):
        if not there.inside or url:
            says = (
                "Machines of {} run as root what they fetch from"
                if url
                else "A script that machines of {} run names"
            )
            yield landed(item.res, item.attribute, there, says, "resource", "open" if url else "weakened")
