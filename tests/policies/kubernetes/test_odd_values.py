"""Values of the wrong kind, or not known, anywhere in the cluster: every channel answers, none raises, and what is not
known never makes a leak vanish."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.channels.registry import all_channels
from policies.facts.world import World
from tests.policies.network.worlds import world_of
from tests.policies.services.test_odd_values import places
from tests.policies.test_cases import merge

CHANNELS = [f"K8S-{n:02}" for n in range(1, 27)] + [
    "TEN-03",
    "TEN-05",
    "TEN-06",
    "TEN-07",
    "TEN-08",
    "TEN-12",
]
TESTS = Path(__file__).parents[2]
TRUSTED = yaml.safe_load((TESTS / "data" / "reference" / "boundary.yaml").read_text())["trusted"]
BASE = json.loads((TESTS / "data" / "reference" / "cdk.tf.json").read_text())["resource"]
CHANGES = [
    case["change"]["resource"]
    for family in ("K8S", "TEN")
    for path in sorted((TESTS / "cases" / family).glob("*/*/case.yaml"))
    if (case := yaml.safe_load(path.read_text()))["base"] == "reference"
    and "resource" in case.get("change", {})
]
OURS = ("kubernetes_", "google_container_", "google_gke_", "google_binary_", "kubectl_")
ODD: tuple[Any, ...] = (
    None, "", "x", "${var.nowhere}", "${google_container_cluster.nowhere.name}", "0.0.0.0/33", "*", "a" * 5000, "\x00", "${", 0, -1,
    2**70, 1.5, True, False, [], {}, [None], [[]], [{}], {"a": {"b": []}}, ["x", 1, None], {"${var.nowhere}": "x"},
)  # fmt: skip


def judge(world: World) -> dict[str, int]:
    built = all_channels()
    return {name: sum(type(item).__name__ == "Leak" for item in built[name](world)) for name in CHANNELS}


@given(st.integers(0, 2**32))
def test_no_channel_raises(seed: int) -> None:
    chosen = random.Random(seed)
    tree = copy.deepcopy(merge(BASE, chosen.choice(CHANGES)))
    bodies = [
        body
        for type_, named in tree.items()
        if type_.startswith(OURS)
        for body in named.values()
        if isinstance(body, dict)
    ]
    for _ in range(chosen.randint(1, 3)):
        container, key = chosen.choice([spot for body in bodies for spot in places(body)])
        container[key] = copy.deepcopy(chosen.choice(ODD))
    judge(world_of(tree, trusted=TRUSTED))


def test_there_are_seeds() -> None:
    assert len(CHANGES) > 250


# What may stay silent when it is not known: it opens nothing by any value.
HARMLESS = {
    "name", "project", "location", "network", "subnetwork", "initial_node_count", "deletion_protection", "networking_mode", "env", "owner",
    "cluster_secondary_range_name", "services_secondary_range_name", "enable_private_nodes", "master_ipv4_cidr_block", "enabled",
    "display_name", "key_name", "security_group", "channel", "mode", "vulnerability_mode", "enable_components", "machine_type",
    "oauth_scopes", "boot_disk_kms_key", "cpu_manager_policy", "enable_integrity_monitoring", "min_node_count", "max_node_count",
    "auto_repair", "auto_upgrade", "cluster", "replicas", "resource_labels", "app", "run_as_non_root", "run_as_user", "fs_group",
    "image_pull_policy", "limits", "requests", "cpu", "memory", "allow_privilege_escalation", "read_only_root_filesystem", "drop", "path",
    "port", "automount_service_account_token", "service_account_name", "hard", "requests.cpu", "requests.memory", "pods",
    "services.loadbalancers", "services.nodeports", "iam.gke.io/gcp-service-account", "annotations", "team", "protocol", "ports", "namespace",
    "api_group", "kind", "labels", "match_labels", "k8s-app", "kubernetes.io/metadata.name", "global_policy_evaluation_mode",
    "human_readable_name", "note_reference", "metadata", "disable-legacy-endpoints", "require_attestations_by", "image_type",
}  # fmt: skip


@pytest.mark.parametrize("type_", [type_ for type_ in BASE if type_.startswith(OURS)])
def test_a_value_that_is_not_known_is_said(type_: str) -> None:
    """Each argument of the secure configuration in turn becomes unknown: some channel must not pass."""
    calm = judge(world_of(BASE, trusted=TRUSTED))
    assert not any(calm.values())
    tree = copy.deepcopy(BASE)
    silent = []
    name = next(iter(tree[type_]))
    for container, key in places(tree[type_][name]):
        if (
            key == "//"
            or isinstance(key, int)
            or key in HARMLESS
            or "uniqueId" in container
            or isinstance(container[key], dict | list)
        ):
            continue
        before, container[key] = container[key], "${var.nowhere}"
        if not any(judge(world_of(tree, trusted=TRUSTED)).values()):
            silent.append(key)
        container[key] = before
    assert silent == [], silent
