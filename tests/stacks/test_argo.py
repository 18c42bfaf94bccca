"""Argo Workflows as an option of platform.yaml: who gets it, what it may do, what admission lets its pods be, what it opens."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloister.declarations import load, load_beside, load_boundary
from cloister.receives import lines
from policies.check import check_paths
from policies.facts.build import build_world
from policies.facts.kubernetes.workloads import workloads
from policies.snapshot.load import load as snapshot
from tests.stacks.admission_local import refusals, selected
from tests.stacks.conftest import company
from tests.stacks.test_provider_schema import mistakes
from tests.stacks.trees import resources, shared, stacks, synthesized

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
REGISTRY = "europe-west1-docker.pkg.dev/acme-ml-prod"
CONTROLLER = f"{REGISTRY}/argo/workflow-controller@sha256:{'1' * 64}"
EXECUTOR = f"{REGISTRY}/argo/argoexec@sha256:{'2' * 64}"
METAFLOW = f"{REGISTRY}/metaflow/metaflow@sha256:{'3' * 64}"
LABELS = {
    "cloister.dev/team": "vision", "cloister.dev/network": "project", "cloister.dev/isolation": "shared",
    "cloister.dev/max-run-seconds": "172800",
}  # fmt: skip
Manifests = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with the team `vision`, on a platform that has Argo Workflows."""
    made = company(tmp_path_factory.mktemp("argo"))
    with (made / "platform.yaml").open("a") as file:
        file.write(f'argo: {{controller: "{CONTROLLER}", executor: "{EXECUTOR}"}}\n')
    return made


@pytest.fixture(scope="session")
def tree(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesized(home, shared(tmp_path_factory) / "argo" / "cdktf.out")


@pytest.fixture(scope="session")
def manifests(tree: Path) -> Manifests:
    return _manifests(tree)


def _manifests(tree: Path) -> Manifests:
    found = stacks(tree)["guardrails"]["resource"]["kubernetes_manifest"].values()
    return {
        (item["manifest"]["kind"], item["manifest"]["metadata"]["name"]): item["manifest"] for item in found
    }


@pytest.fixture(scope="session")
def controller(tree: Path, home: Path) -> dict[str, Any]:
    """A pod of the controller's Deployment, in the API's words."""
    boundary = home / "boundary.yaml"
    world = build_world(snapshot([tree]), load_boundary(boundary), load_beside(boundary))
    [workload] = [each for each in workloads(world) if each.obj.kind == "Deployment"]
    spec = _plain(workload.spec.values)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"app": "argo"}}, "spec": spec}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, str) and value == "65532" else value


@pytest.fixture
def step() -> dict[str, Any]:
    text = (HERE / "argo_pod.yaml").read_text().replace("$executor", EXECUTOR).replace("$metaflow", METAFLOW)
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def told(manifests: Manifests, pod: dict[str, Any], labels: dict[str, str] = LABELS) -> list[str]:
    messages = []
    for (kind, name), policy in manifests.items():
        if kind != "ValidatingAdmissionPolicy" or "authorizer" in str(policy):
            continue
        rules = policy["spec"]["matchConstraints"]["resourceRules"]
        if "pods" not in {resource for rule in rules for resource in rule["resources"]}:
            continue
        if selected(manifests["ValidatingAdmissionPolicyBinding", name], labels):
            messages += refusals(policy, labels, pod)
    return messages


def test_only_teams_on_the_network_with_metaflow_get_it(tree: Path) -> None:
    found = {
        name: sorted(resource for _, resource, _ in resources(stack) if resource.startswith("argo"))
        for name, stack in stacks(tree).items()
    }
    assert found["team-vision"] == [
        "argo", "argo_config", "argo_controller", "argo_controller_binding", "argo_controller_network", "argo_deployment",
        "argo_executor", "argo_executor_binding", "argo_members", "argo_members_binding", "argo_pods_network",
    ]  # fmt: skip
    assert len(found["guardrails"]) == 6
    assert {name for name, argo in found.items() if argo} == {"team-vision", "guardrails"}


def test_a_team_is_told_that_it_gets_it(home: Path) -> None:
    declarations = load(home)
    told_of = {
        name: any("Argo Workflows" in line for line in lines(declarations, name))
        for name in declarations.teams
    }
    assert {name for name, told in told_of.items() if told} == {"vision"}


def test_the_provider_knows_every_argument(tree: Path) -> None:
    for name in ("guardrails", "team-vision"):
        for type_, resource, arguments in resources(stacks(tree)[name]):
            assert not mistakes(type_, arguments), (resource, mistakes(type_, arguments))


def test_it_opens_nothing(tree: Path, home: Path, grown_tree: Path) -> None:
    """Beside what the team on the network opens without it."""
    boundary = home / "boundary.yaml"

    def failing(path: Path) -> list[tuple[str, str, str]]:
        report = check_paths([path], boundary)
        return sorted((each.status, each.channel, each.subject) for each in report.findings)

    assert failing(tree) == failing(grown_tree)


def test_rights_end_at_the_namespace_and_hold_no_secret(tree: Path) -> None:
    vision = stacks(tree)["team-vision"]["resource"]
    assert "kubernetes_cluster_role_binding_v1" not in vision
    for name in ("argo_controller", "argo_executor", "argo_members"):
        role = vision["kubernetes_role_v1"][name]
        assert "team-vision" in str(role["metadata"]) or "namespace" in str(role["metadata"])
        words = {
            word
            for rule in role["rule"]
            for word in (*rule["resources"], *rule["verbs"], *rule["api_groups"])
        }
        assert not words & {
            "*",
            "secrets",
            "pods/exec",
            "pods/attach",
            "serviceaccounts/token",
            "persistentvolumeclaims",
        }
    [executor] = vision["kubernetes_role_v1"]["argo_executor"]["rule"]
    assert (executor["resources"], executor["verbs"]) == (["workflowtaskresults"], ["create", "patch"])


def test_nothing_is_kept_elsewhere_and_steps_get_no_token(tree: Path) -> None:
    [config] = [
        json.loads(each["data"]["config"])
        for each in stacks(tree)["team-vision"]["resource"]["kubernetes_config_map_v1"].values()
        if "config" in each["data"]
    ]
    assert not config.keys() & {"artifactRepository", "persistence", "kubeConfig", "sso"}
    assert config["workflowDefaults"]["spec"]["automountServiceAccountToken"] is False


def test_its_pods_are_admitted(
    manifests: Manifests, controller: dict[str, Any], step: dict[str, Any]
) -> None:
    assert told(manifests, controller) == []
    assert told(manifests, step) == []


def test_without_the_option_they_are_not(
    grown_tree: Path, controller: dict[str, Any], step: dict[str, Any]
) -> None:
    without = _manifests(grown_tree)
    assert told(without, controller)
    assert told(without, step)


def test_a_sealed_team_gets_neither(
    manifests: Manifests, controller: dict[str, Any], step: dict[str, Any]
) -> None:
    sealed = {**LABELS, "cloister.dev/network": "sealed"}
    for pod in (controller, step):
        assert any("emptyDir" in message for message in told(manifests, pod, sealed))


def _container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [
        each
        for each in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))
        if each["name"] == name
    ]
    return found


TOKEN = {"name": "exec-sa-token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
Change = Callable[[dict[str, Any]], Any]
HOSTILE_STEPS: dict[str, tuple[Change, str]] = {
    "its code gets the token": (lambda pod: _container(pod, "main")["volumeMounts"].append(TOKEN), "never for a step"),
    "its code gets it elsewhere": (
        lambda pod: _container(pod, "main")["volumeMounts"].append({"name": "exec-sa-token", "mountPath": "/mnt/t"}),
        "never for a step",
    ),
    "an executor of elsewhere": (
        lambda pod: _container(pod, "wait").update(image=f"quay.io/argoproj/argoexec@sha256:{'2' * 64}"),
        "places boundary.yaml trusts",
    ),
    "an executor that does something else": (
        lambda pod: _container(pod, "wait").update(command=["argoexec", "resource", "apply"]), "never for a step",
    ),
    "an executor with a shell": (
        lambda pod: _container(pod, "wait").update(command=["sh", "-c", "cat /var/run/secrets/*"]), "never for a step",
    ),
    "an executor with arguments": (
        lambda pod: _container(pod, "wait").update(args=["--kubeconfig=/tmp/mine"]), "never for a step",
    ),
    "an executor that asks another API server": (
        lambda pod: _container(pod, "wait")["env"].append({"name": "KUBERNETES_SERVICE_HOST", "value": "1.2.3.4"}),
        "never for a step",
    ),
    "an executor with a variable of its own": (
        lambda pod: _container(pod, "wait")["env"].append({"name": "ARGO_SERVER", "value": "1.2.3.4"}),
        "never for a step",
    ),
    "a token for another audience": (
        lambda pod: pod["spec"]["volumes"][-1]["projected"]["sources"][0]["serviceAccountToken"].update(audience="x"),
        "emptyDir",
    ),
    "a token for a year": (
        lambda pod: pod["spec"]["volumes"][-1]["projected"]["sources"][0]["serviceAccountToken"].update(
            expirationSeconds=31536000
        ),
        "emptyDir",
    ),
    "a Secret in its place": (
        lambda pod: pod["spec"]["volumes"].__setitem__(-1, {"name": "exec-sa-token", "secret": {"secretName": "s"}}),
        "emptyDir",
    ),
    "the controller's account": (
        lambda pod: pod["spec"].update(serviceAccountName="argo"), "must be the team's service account",
    ),
    "a mount over the system": (
        lambda pod: _container(pod, "main")["volumeMounts"].append({"name": "var-run-argo", "mountPath": "/etc"}),
        "system's directories",
    ),
}  # fmt: skip
HOSTILE_CONTROLLERS: dict[str, tuple[Change, str]] = {
    "of elsewhere": (
        lambda pod: _container(pod, "argo").update(image=f"quay.io/argoproj/workflow-controller@sha256:{'1' * 64}"),
        "places boundary.yaml trusts",
    ),
    "that is another program": (lambda pod: _container(pod, "argo").update(command=["sh"]), "service account"),
    "of every namespace": (lambda pod: _container(pod, "argo")["args"].remove("--namespaced"), "service account"),
    "with another executor": (
        lambda pod: _container(pod, "argo")["env"].append({"name": "ARGO_EXECUTOR_IMAGE", "value": "evil"}),
        "service account",
    ),
    "with a container beside it": (
        lambda pod: pod["spec"]["containers"].append({**_container(pod, "argo"), "name": "b", "image": METAFLOW}),
        "service account",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_STEPS)
def test_a_hostile_step_is_refused(manifests: Manifests, step: dict[str, Any], name: str) -> None:
    change, says = HOSTILE_STEPS[name]
    change(step)
    found = told(manifests, step)
    assert any(says in message for message in found), found


@pytest.mark.parametrize("name", HOSTILE_CONTROLLERS)
def test_a_hostile_controller_is_refused(manifests: Manifests, controller: dict[str, Any], name: str) -> None:
    pod = deepcopy(controller)
    change, says = HOSTILE_CONTROLLERS[name]
    change(pod)
    found = told(manifests, pod)
    assert any(says in message for message in found), found


def test_images_must_be_inside(tmp_path: Path) -> None:
    from cloister.declarations import DeclarationErrors

    made = company(tmp_path / "company")
    with (made / "platform.yaml").open("a") as file:
        file.write(
            f'argo: {{controller: "quay.io/argoproj/workflow-controller@sha256:{"1" * 64}", executor: argoexec:1}}\n'
        )
    with pytest.raises(DeclarationErrors) as raised:
        load(made)
    said = [str(mistake) for mistake in raised.value.mistakes]
    assert any("argo.executor" in line for line in said), said
