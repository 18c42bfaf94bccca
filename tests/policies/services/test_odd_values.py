"""Values of the wrong kind, anywhere: every channel of these families answers, and none raises."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.channels.registry import all_channels
from tests.policies.network.worlds import world_of

FAMILIES = ("SRV", "BQ", "MSG", "LOG", "CMP", "REG", "SEC", "DB", "COV")
CASES = Path(__file__).parents[2] / "cases"
SEEDS = [
    case["change"]["resource"]
    for family in FAMILIES
    for path in sorted((CASES / family).glob("*/*/case.yaml"))
    if "resource" in (case := yaml.safe_load(path.read_text())).get("change", {})
]
ODD: tuple[Any, ...] = (
    None, "", "x", "${var.nowhere}", "${google_storage_bucket.nowhere.name}/x", "projects/", "https://[", "gs://", "//", "::",
    0, -1, 2**70, 1.5, True, False, [], {}, [None], [[]], [{}], {"a": {"b": []}}, ["x", 1, None], "a" * 5000, "\x00", "${",
)  # fmt: skip


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything below a node."""
    pairs = (
        list(node.items())
        if isinstance(node, dict)
        else list(enumerate(node))
        if isinstance(node, list)
        else []
    )
    return [(node, key) for key, _ in pairs] + [spot for _, value in pairs for spot in places(value)]


@given(st.integers(0, 2**32))
def test_no_channel_raises(seed: int) -> None:
    chosen = random.Random(seed)
    tree = {
        type_: {name: body for name, body in named.items() if isinstance(body, dict)}
        for type_, named in copy.deepcopy(chosen.choice(SEEDS)).items()
    }
    bodies = [body for named in tree.values() for body in named.values()]
    for _ in range(chosen.randint(1, 3)):
        spots = [spot for body in bodies for spot in places(body)]
        if spots:
            container, key = chosen.choice(spots)
            container[key] = copy.deepcopy(chosen.choice(ODD))
    world = world_of(tree)
    for identifier, channel in all_channels().items():
        if identifier.split("-")[0] in FAMILIES:
            list(channel(world))


def test_there_are_seeds() -> None:
    assert len(SEEDS) > 300


@pytest.mark.parametrize("odd", [["x"], "x", 1, {"a": 1}], ids=str)
def test_a_map_that_is_none(odd: Any) -> None:
    """Arguments that channels read as maps."""
    world = world_of(
        {
            "google_cloud_run_service": {"s": {"name": "s", "template": {"metadata": {"annotations": odd}},
                                               "metadata": {"annotations": odd}}},
            "google_bigquery_data_transfer_config": {"t": {"display_name": "t", "params": odd}},
            "google_monitoring_notification_channel": {"c": {"type": "email", "labels": odd}},
            "google_monitoring_uptime_check_config": {"u": {"display_name": "u", "monitored_resource": {"labels": odd}}},
            "google_compute_project_metadata": {"m": {"metadata": odd}},
            "google_alloydb_instance": {"i": {"cluster": "c", "instance_id": "i", "database_flags": odd}},
        }
    )  # fmt: skip
    for identifier, channel in all_channels().items():
        if identifier.split("-")[0] in FAMILIES:
            list(channel(world))
