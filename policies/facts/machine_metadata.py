"""The metadata entries of machines, wherever they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.flows import leaves
from policies.facts.resource import Res
from policies.facts.world import World, fact

_MAPS = (
    ("google_compute_instance", "metadata"),
    ("google_compute_instance_from_template", "metadata"),
    ("google_compute_instance_from_machine_image", "metadata"),
    ("google_compute_instance_template", "metadata"),
    ("google_compute_region_instance_template", "metadata"),
    ("google_compute_project_metadata", "metadata"),
    ("google_compute_instance_settings", "metadata.items"),
    ("google_compute_instance_group_manager", "all_instances_config.metadata"),
    ("google_compute_region_instance_group_manager", "all_instances_config.metadata"),
    ("google_compute_per_instance_config", "preserved_state.metadata"),
    ("google_compute_region_per_instance_config", "preserved_state.metadata"),
    ("google_container_node_pool", "node_config.metadata"),
    ("google_container_cluster", "node_config.metadata"),
    ("google_container_cluster", "node_pool.node_config.metadata"),
    ("google_workbench_instance", "gce_setup.metadata"),
    ("google_dataproc_cluster", "cluster_config.gce_cluster_config.metadata"),
    ("google_tpu_v2_vm", "metadata"),
    ("google_notebooks_instance", "metadata"),
)
_SCRIPTS = (
    ("google_compute_instance", "metadata_startup_script"),
    ("google_compute_instance_from_template", "metadata_startup_script"),
    ("google_compute_instance_template", "metadata_startup_script"),
    ("google_compute_region_instance_template", "metadata_startup_script"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One metadata entry. ``key`` is empty where the whole map is not known."""

    res: Res
    attribute: str
    key: str
    value: Any


@fact
def metadata_items(world: World) -> tuple[Item, ...]:
    """Every metadata entry of machines, node pools and the project."""
    return tuple(_items(world))


def _items(world: World) -> Iterator[Item]:
    for type_, path in _MAPS:
        for res in world.of(type_):
            for attribute, entries in leaves(res, path):
                if isinstance(entries, Unknown):
                    yield Item(res, attribute, "", entries)
                elif isinstance(entries, Mapping):
                    for key, value in entries.items():
                        yield Item(res, f"{attribute}.{key}", str(key), value)
    for res in world.of("google_compute_project_metadata_item"):
        key = res.get("key")
        yield Item(res, "value", "" if isinstance(key, Unknown) else str(key), res.get("value"))
    for type_, path in _SCRIPTS:
        for res in world.of(type_):
            for attribute, value in leaves(res, path):
                yield Item(res, attribute, "startup-script", value)
