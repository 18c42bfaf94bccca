"""The admission policies on a real API server: the one KUBECONFIG names, else that of `make cluster`."""

from __future__ import annotations

import copy
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, dynamic

from cloister.declarations import Team, load
from tests.cluster.policies import in_force
from tests.cluster.server import api_server
from tests.stacks.cases import Case, cases

ROOT = Path(__file__).parents[2]
RUN = secrets.token_hex(4)  # a namespace of an earlier run may still be terminating


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
        _team("serves", services=[{"name": "reviews", "model": "reviews"}]),
    )
}


@pytest.fixture(scope="module")
def cluster() -> dynamic.DynamicClient:
    return dynamic.DynamicClient(config.new_client_from_config(api_server()))


def _ensure(cluster: dynamic.DynamicClient, manifest: dict[str, Any], namespace: str | None = None) -> None:
    resource = cluster.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
    cluster.server_side_apply(
        resource, body=manifest, namespace=namespace, field_manager="test", force_conflicts=True
    )


@pytest.fixture(scope="module")
def turn() -> Iterator[None]:
    with in_force(of_the_example=True):
        yield


@pytest.fixture(scope="module")
def runner(cluster: dynamic.DynamicClient, turn: None) -> Iterator[str]:
    """The policies in force, a namespace of each kind of team; the runner's image."""
    from stacks.base import Stack
    from stacks.guardrails.admission import binding_manifest, policies, policy_manifest
    from stacks.team.namespace import namespace_labels
    from stacks.team.serving import serving_labels

    stack = Stack(None, load(ROOT))
    for policy in policies(stack):
        _ensure(cluster, policy_manifest(policy))
        _ensure(cluster, binding_manifest(policy))
    for team in TEAMS.values():
        name = _namespace(team.team)
        labels = serving_labels(team) if team.services else namespace_labels(team)
        metadata = {"name": name, "labels": labels}
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
    # The server may still hold an earlier run's policies, so an honest pod must pass as well.
    hostile, honest = Case("probe", "metaflow"), Case("probe", "sealed")
    serving, job = Case("probe", "serving", team="serves"), Case("probe", "sealed", team="serves")
    _until(
        lambda: (
            all(_refusal(cluster, case, image) for case in (hostile, job))
            and not any(_refusal(cluster, case, image) for case in (honest, serving))
        )
    )
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


# --- what is changed after admission, and by whom ----------------------------------------------------------


@pytest.fixture
def job(cluster: dynamic.DynamicClient, runner: str) -> Iterator[Any]:
    """A suspended Job of fakespot's, as submitted."""
    jobs = cluster.resources.get(api_version="batch/v1", kind="Job")
    manifest = Case("job", "sealed", kind="Job").object(runner)
    manifest["spec"]["suspend"] = True
    manifest["metadata"]["name"] = f"job-{secrets.token_hex(3)}"
    created = jobs.create(body=manifest, namespace=_namespace("fakespot"))
    yield created
    jobs.delete(name=created.metadata.name, namespace=_namespace("fakespot"))


def _patch(cluster: dynamic.DynamicClient, obj: Any, patch: Any, **options: Any) -> str:
    """The refusal of a patch, or nothing."""
    resource = cluster.resources.get(api_version=obj.apiVersion, kind=obj.kind)
    kind = "application/json-patch+json" if isinstance(patch, list) else "application/merge-patch+json"
    try:
        resource.patch(
            name=obj.metadata.name,
            namespace=obj.metadata.namespace,
            body=patch,
            content_type=kind,
            dry_run="All",
            **options,
        )
    except client.ApiException as error:
        return str(error.body)
    return ""


def test_a_suspended_job_cannot_take_another_command(cluster: dynamic.DynamicClient, job: Any) -> None:
    networks = {"spec": {"template": {"metadata": {"annotations": {"networking.gke.io/interfaces": "[]"}}}}}
    assert "annotations" in _patch(cluster, job, networks)
    patch = [{"op": "add", "path": "/spec/template/spec/tolerations", "value": [{"operator": "Exists"}]}]
    assert "tolerations" in _patch(cluster, job, patch)
    assert _patch(cluster, job, {"spec": {"suspend": False}}) == ""


@pytest.fixture
def pod(cluster: dynamic.DynamicClient, runner: str) -> Iterator[Any]:
    """A pod of fakespot's that waits for a node."""
    pods = cluster.resources.get(api_version="v1", kind="Pod")
    # A scheduling gate keeps it from running anywhere.
    manifest = Case("pod", "sealed", set={"schedulingGates": [{"name": "cloister.dev/test"}]}).object(runner)
    manifest["metadata"]["name"] = f"pod-{secrets.token_hex(3)}"
    created = pods.create(body=manifest, namespace=_namespace("fakespot"))
    yield created
    pods.delete(name=created.metadata.name, namespace=_namespace("fakespot"), grace_period_seconds=0)


def test_a_pods_image_labels_and_annotations_stay_honest(cluster: dynamic.DynamicClient, pod: Any) -> None:
    image = "docker.io/library/python@sha256:" + "1" * 64
    assert "runner image" in _patch(
        cluster, pod, [{"op": "replace", "path": "/spec/containers/0/image", "value": image}]
    )
    labels = {"metadata": {"labels": {"cloister.dev/team": "translations"}}}
    assert "cloister.dev/team" in _patch(cluster, pod, labels)
    assert _patch(cluster, pod, {"metadata": {"labels": {"mine": "x"}}}) == ""


def test_no_ephemeral_container_joins_a_sealed_pod(
    cluster: dynamic.DynamicClient, pod: Any, runner: str
) -> None:
    debug = {
        "name": "debug",
        "image": runner,
        "targetContainerName": "run",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    core = client.CoreV1Api(cluster.client)
    for container, said in (
        (debug, "targetContainerName"),
        (
            {**debug, "image": "docker.io/library/busybox@sha256:" + "1" * 64},
            "runner image|targetContainerName",
        ),
    ):
        with pytest.raises(client.ApiException) as refused:
            core.patch_namespaced_pod_ephemeralcontainers(
                pod.metadata.name,
                pod.metadata.namespace,
                {"spec": {"ephemeralContainers": [container]}},
                dry_run="All",
            )
        assert re.search(said, str(refused.value.body))


def test_nobody_connects_to_a_pod_not_even_an_administrator(cluster: dynamic.DynamicClient, pod: Any) -> None:
    core = client.CoreV1Api(cluster.client)
    where = (pod.metadata.name, pod.metadata.namespace)
    for connect in (
        lambda: core.connect_post_namespaced_pod_exec(*where, command=["id"]),
        lambda: core.connect_post_namespaced_pod_attach(*where),
        lambda: core.connect_post_namespaced_pod_portforward(*where),
        lambda: core.connect_get_namespaced_pod_proxy(*where),
    ):
        with pytest.raises(client.ApiException) as refused:
            connect()
        assert "nobody connects" in str(refused.value.body)


@pytest.fixture
def editor(cluster: dynamic.DynamicClient, runner: str) -> Iterator[client.CoreV1Api]:
    """Somebody with every right on ConfigMaps and namespaces but to delete namespaces: more than any team has."""
    name = f"admission-editor-{RUN}"
    roles = client.RbacAuthorizationV1Api(cluster.client)
    verbs = ["get", "list", "create", "update", "patch"]
    rules = [
        client.V1PolicyRule(api_groups=[""], resources=["configmaps"], verbs=[*verbs, "delete"]),
        client.V1PolicyRule(api_groups=[""], resources=["namespaces"], verbs=verbs),
    ]
    metadata = client.V1ObjectMeta(name=name)
    roles.create_cluster_role(client.V1ClusterRole(metadata=metadata, rules=rules))
    roles.create_cluster_role_binding(
        client.V1ClusterRoleBinding(
            metadata=metadata,
            role_ref=client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=name),
            subjects=[client.RbacV1Subject(api_group="rbac.authorization.k8s.io", kind="User", name=name)],
        )
    )
    impersonated = copy.copy(cluster.client)
    impersonated.default_headers = {**cluster.client.default_headers, "Impersonate-User": name}
    core = client.CoreV1Api(impersonated)
    namespace = _namespace("fakespot")
    other = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="mine"))
    _until(lambda: not _denied(lambda: core.create_namespaced_config_map(namespace, other, dry_run="All")))
    yield core
    roles.delete_cluster_role_binding(name)
    roles.delete_cluster_role(name)


def _denied(call: Callable[[], Any]) -> str:
    try:
        call()
    except client.ApiException as error:
        return str(error.body)
    return ""


def test_the_platform_alone_writes_its_settings(
    cluster: dynamic.DynamicClient, editor: client.CoreV1Api
) -> None:
    namespace = _namespace("fakespot")
    settings = client.V1ConfigMap(
        metadata=client.V1ObjectMeta(name="cloister"), data={"CLOISTER_BUCKET_CODE": "evil"}
    )
    platform = client.CoreV1Api(cluster.client)
    assert "platform only" in _denied(lambda: editor.create_namespaced_config_map(namespace, settings))
    platform.create_namespaced_config_map(namespace, settings)
    for attempt in (
        lambda: editor.replace_namespaced_config_map("cloister", namespace, settings),
        lambda: editor.patch_namespaced_config_map("cloister", namespace, {"data": {"x": "y"}}),
        lambda: editor.delete_namespaced_config_map("cloister", namespace),
        lambda: editor.delete_collection_namespaced_config_map(namespace),
    ):
        assert _denied(attempt)
    platform.delete_namespaced_config_map("cloister", namespace)


def test_the_platform_alone_writes_a_team_namespaces_labels(
    cluster: dynamic.DynamicClient, editor: client.CoreV1Api
) -> None:
    namespace = _namespace("fakespot")
    for value in ({"cloister.dev/network": "project"}, {"cloister.dev/team": None}, {"x": "y"}):
        patch = {"metadata": {"labels": value}}
        said = _denied(lambda patch=patch: editor.patch_namespace(namespace, patch, dry_run="All"))
        assert "platform only" in said
    new = client.V1Namespace(
        metadata=client.V1ObjectMeta(name=f"mine-{RUN}", labels={"cloister.dev/team": "fakespot"})
    )
    assert "platform only" in _denied(lambda: editor.create_namespace(new, dry_run="All"))
    assert (
        _denied(
            lambda: editor.patch_namespace(
                namespace, {"metadata": {"annotations": {"x": "y"}}}, dry_run="All"
            )
        )
        == ""
    )
    relabel = {"metadata": {"labels": {"cloister.dev/network": "sealed"}}}
    assert (
        _denied(lambda: client.CoreV1Api(cluster.client).patch_namespace(namespace, relabel, dry_run="All"))
        == ""
    )
