"""The admission policies on a real API server: the one KUBECONFIG names, else that of `make cluster`."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, dynamic

from cloister.declarations import Team, load
from tests.stacks.cases import Case, cases

ROOT = Path(__file__).parents[2]
RUN = secrets.token_hex(4)  # a namespace of an earlier run may still be terminating
LOCAL = ROOT / ".cloister" / "cluster" / "admin.kubeconfig"


def _team(name: str, **changes: Any) -> Team:
    return Team.model_validate(
        {
            "team": name,
            "members": "group:x@acme.example",
            "quota": {"cpu": 1, "memory": "1Gi", "max_run_hours": 12},
            **changes,
        }
    )


TEAMS = {
    team.team: team
    for team in (
        _team("fakespot"),
        _team("translations"),
        _team("open", network="project"),
        _team("alone", isolation="dedicated"),
    )
}


@pytest.fixture(scope="module")
def cluster() -> dynamic.DynamicClient:
    named = os.environ.get("KUBECONFIG") or str(LOCAL)
    if not os.path.exists(named):
        pytest.skip("no Kubernetes API server: make cluster, or set KUBECONFIG")
    return dynamic.DynamicClient(config.new_client_from_config(named))


def _ensure(cluster: dynamic.DynamicClient, manifest: dict[str, Any], namespace: str | None = None) -> None:
    resource = cluster.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
    cluster.server_side_apply(
        resource, body=manifest, namespace=namespace, field_manager="test", force_conflicts=True
    )


@pytest.fixture(scope="module")
def runner(cluster: dynamic.DynamicClient) -> Iterator[str]:
    """The policies in force, a namespace of each kind of team; the runner's image."""
    from stacks.base import Stack
    from stacks.guardrails.admission import binding_manifest, policies, policy_manifest
    from stacks.team.namespace import namespace_labels

    stack = Stack(None, load(ROOT))
    for policy in policies(stack):
        _ensure(cluster, policy_manifest(policy))
        _ensure(cluster, binding_manifest(policy))
    for team in TEAMS.values():
        name = _namespace(team.team)
        metadata = {"name": name, "labels": namespace_labels(team)}
        _ensure(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        for account in ("runner", "default"):
            _ensure(
                cluster,
                {
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "metadata": {"name": account},
                    "automountServiceAccountToken": False,
                },
                name,
            )
        for accelerator in ("standard", "nvidia-l4"):
            _ensure(
                cluster,
                {
                    "apiVersion": "scheduling.k8s.io/v1",
                    "kind": "PriorityClass",
                    "metadata": {"name": f"cloister-{accelerator}"},
                    "value": 0,
                    "preemptionPolicy": "Never",
                },
            )
    image = stack.platform.images.runner
    _until(lambda: bool(_refusal(cluster, Case("probe", "metaflow"), image)))
    yield image
    namespaces = cluster.resources.get(api_version="v1", kind="Namespace")
    for team in TEAMS:
        namespaces.delete(name=_namespace(team))


def _namespace(team: str) -> str:
    return f"admission-{team}-{RUN}"


def _until(done: Callable[[], bool]) -> None:
    """The API server takes up new policies a moment after they are created."""
    for _ in range(100):
        if done():
            return
        time.sleep(0.1)
    pytest.fail("the API server did not take up the policies")


def _refusal(cluster: dynamic.DynamicClient, case: Case, image: str) -> str:
    """The message of the refusal, or nothing where the object is accepted."""
    manifest = case.object(image)
    resource = cluster.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
    try:
        resource.create(body=manifest, namespace=_namespace(case.team), dry_run="All")
    except client.ApiException as error:
        return str(error.body)
    return ""


@pytest.mark.parametrize("case", cases("honest"), ids=lambda case: case.name)
def test_honest_objects_are_accepted(cluster: dynamic.DynamicClient, runner: str, case: Case) -> None:
    assert _refusal(cluster, case, runner) == ""


@pytest.mark.parametrize("case", cases("hostile"), ids=lambda case: case.name)
def test_hostile_objects_are_refused(cluster: dynamic.DynamicClient, runner: str, case: Case) -> None:
    message = _refusal(cluster, case, runner)
    assert message, "accepted"
    assert re.search(case.says, message) or "violates PodSecurity" in message, message
