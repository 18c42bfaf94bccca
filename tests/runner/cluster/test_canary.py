"""The canary as the platform starts it: its CronJob's two pods, its image, its account, on a real cluster.

Its places are of this machine: a store and a metadata server on the cluster's bridge, and the cluster's own resolver. The
cluster enforces no network policies, which is the hole that the canary must find; another is a right granted on purpose.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from kubernetes import client

from cloister.declarations import names
from tests.cluster.node import ADDRESS

from ..canary import world
from . import store
from .conftest import NAMESPACE, Platform

SPACE = names.CANARY_NAMESPACE
# Nothing of this cluster stands between pods.
NO_NETWORK_POLICIES = {"other-pod", "other-pod-seen"}


@pytest.fixture
def places() -> Iterator[dict[str, str]]:
    """Where the canary goes here, all of it closed."""
    with ExitStack() as stack:
        metadata = stack.enter_context(store.serving(world.metadata([]), ADDRESS))
        buckets = stack.enter_context(store.serving(world.store(""), ADDRESS))
        yield {
            "internet": "",
            "internet_v6": "",
            "private_vip": ADDRESS,
            "api": ADDRESS,
            "metadata": metadata,
            "store": f"http://{buckets}",
            "foreign_bucket": "somebody-elses-bucket",
        }


def look(platform: Platform, name: str, places: dict[str, str]) -> list[dict[str, Any]]:
    """Start the canary's CronJob by hand with other places; what its two pods write."""
    core, batch = client.CoreV1Api(platform.cluster.client), client.BatchV1Api(platform.cluster.client)
    spec = batch.read_namespaced_cron_job(names.CANARY, SPACE).spec.job_template.spec
    [settings] = [each for each in spec.template.spec.containers[0].env if each.name == "CLOISTER_CANARY"]
    settings.value = json.dumps({**json.loads(settings.value), **places})
    batch.create_namespaced_job(SPACE, {"metadata": {"name": name}, "spec": spec})
    selector = f"job-name={name},batch.kubernetes.io/job-completion-index"
    lines: list[dict[str, Any]] = []
    deadline = time.monotonic() + 120
    while not any(line["event"] == "canary" for line in lines):
        pods = core.list_namespaced_pod(SPACE, label_selector=selector).items
        assert time.monotonic() < deadline, [pod.status.container_statuses for pod in pods]
        time.sleep(1)
        lines = [line for pod in pods for line in _said(core, pod)]
    return lines


def _said(core: client.CoreV1Api, pod: client.V1Pod) -> list[dict[str, Any]]:
    if pod.status.phase == "Pending":
        return []
    text = core.read_namespaced_pod_log(pod.metadata.name, SPACE)
    return [json.loads(line) for line in text.splitlines()]


def outcomes(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["probe"]: line["outcome"] for line in lines if line["event"] == "probe"}


def barking(lines: list[dict[str, Any]]) -> set[str]:
    return {name for name, outcome in outcomes(lines).items() if outcome == "escaped"}


def test_the_canary_holds_what_is_closed_and_finds_what_is_open(
    platform: Platform, system_node: None, places: dict[str, str]
) -> None:
    lines = look(platform, "closed", places)
    assert barking(lines) <= NO_NETWORK_POLICIES and "other-pod" in barking(lines), lines
    found = {name: outcome for name, outcome in outcomes(lines).items() if name not in NO_NETWORK_POLICIES}
    assert set(found.values()) == {"held"}, lines
    how = {line["probe"]: line["how"] for line in lines if line["event"] == "probe"}
    assert how["sealed-socket"] == "Operation not permitted (5)"
    # A machine that is busy may not answer in time; that is held as well.
    assert how["kubelet"].startswith(("refused with 401", "no answer")), how["kubelet"]
    assert how["dns-tunnel"].startswith(ADDRESS) and how["kubelet-read-only"] == "refused"
    assert how["metadata-account"] == f"{world.OWN} and nobody else"
    assert how["other-bucket-read"] == how["other-bucket-write"] == "refused with 403 (8)"  # of two teams
    assert how["api-create-pods"] == "denied (3)" and how["api-pod"] == "refused with 403 (2)"
    [summary] = [line for line in lines if line["event"] == "canary"]
    assert summary["complete"] and summary["escaped"] == ["other-pod"] and len(found) == summary["held"]

    rbac = client.RbacAuthorizationV1Api(platform.cluster.client)
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}
    rbac.create_namespaced_role(NAMESPACE, {"metadata": {"name": "hole"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "hole"},
        "roleRef": {"kind": "Role", "name": "hole", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [
            {"kind": "Group", "name": "system:serviceaccounts", "apiGroup": "rbac.authorization.k8s.io"}
        ],
    }
    rbac.create_namespaced_role_binding(NAMESPACE, binding)
    with socket.create_server((ADDRESS, 443)):
        lines = look(platform, "open", places)
    # Admission still refuses the pod itself; the right to make one is the hole.
    assert barking(lines) - NO_NETWORK_POLICIES == {"api-create-pods", "private-vip"}, lines
    how = {line["probe"]: line["how"] for line in lines if line["event"] == "probe"}
    assert how["api-create-pods"].startswith(f"{NAMESPACE}: allowed: RBAC: allowed by RoleBinding")
    assert outcomes(lines)["api-pod"] == "held"
