"""`cloister flow deploy`: what the real Metaflow makes of flows, and what of it is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import load
from runner.client import libraries
from runner.client.flow.workflow.judging import Rules, leaves, of_team
from tests.runner.flow.conftest import ROOT, synthesized

FLOW = """
from metaflow import FlowSpec, Parameter, card, resources, retry, schedule, step, timeout


@schedule(cron="0 4 * * 1", timezone="Europe/Berlin")
class Squares(FlowSpec):
    "Squares, each in a pod of its own."

    longest = Parameter("longest", default=3)

    @step
    def start(self):
        print("{\\n")  # a flow may print anything
        self.numbers = list(range(self.longest))
        self.next(self.square, foreach="numbers")

    @retry(times=2)
    @timeout(hours=1)
    @resources(cpu=2, memory=3000)
    @step
    def square(self):
        self.result = self.input**2
        self.next(self.join)

    @card
    @step
    def join(self, inputs):
        self.total = sum(each.result for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    Squares()
"""


_IMAGE = "europe-west1-docker.pkg.dev/acme-ml-prod/argo"
ARGO = f"""argo:
  controller: "{_IMAGE}/workflow-controller@sha256:{"1" * 64}"
  executor: "{_IMAGE}/argoexec@sha256:{"2" * 64}"
"""


@dataclass
class Company:
    """The example with a team on the network, its stack's Metaflow configuration, and Metaflow's environment."""

    home: Path

    def deploy(self, *words: str, flow: str = FLOW) -> subprocess.CompletedProcess[str]:
        (self.home / "flow/flow.py").write_text(flow)
        command = [
            sys.executable,
            "-m",
            "cloister",
            "flow",
            "deploy",
            "flow/flow.py",
            "--team",
            "translations",
        ]
        # Nothing of these may reach Metaflow.
        misleading = {"METAFLOW_DEFAULT_DATASTORE": "local", "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere"}
        return subprocess.run(
            [*command, *words],
            cwd=self.home, env={**os.environ, "PYTHONPATH": str(ROOT), **misleading}, capture_output=True, text=True,
        )  # fmt: skip

    def rules(self) -> Rules:
        declarations = load(self.home)
        return of_team(declarations, declarations.teams["translations"])


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company whose flow's lock is that of Metaflow's own image, installed."""
    home = tmp_path_factory.mktemp("company")
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, home)
    shutil.copytree(ROOT / "teams", home / "teams")
    with (home / "platform.yaml").open("a") as file:
        file.write(ARGO)
    team = home / "teams/translations.yaml"
    team.write_text(team.read_text().replace("network: sealed", "network: project"))
    (home / "flow").mkdir()
    shutil.copy(ROOT / "runner/container/metaflow.lock", home / "flow/requirements.lock")
    synthesized(home)
    try:
        libraries.build(home / "flow/requirements.lock", print)
    except libraries.NotBuilt as error:
        pytest.skip(f"no Metaflow here: {error}")
    return Company(home)


@pytest.fixture(scope="module")
def made(ready: Company) -> list[dict[str, Any]]:
    """The objects of the flow above."""
    done = ready.deploy("--output", "made.json")
    assert done.returncode == 0, done.stderr
    manifests: list[dict[str, Any]] = json.loads((ready.home / "made.json").read_text())
    return manifests


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in template["spec"]["templates"] if "container" in each]


def test_metaflows_template_and_its_schedule_stay_inside(made: list[dict[str, Any]]) -> None:
    template, cron = made
    assert (template["kind"], cron["kind"]) == ("WorkflowTemplate", "CronWorkflow")
    assert template["metadata"]["name"] == cron["metadata"]["name"] == "squares"
    assert cron["spec"]["schedules"] == ["0 4 * * 1"] and cron["spec"]["timezone"] == "Europe/Berlin"
    assert cron["spec"]["workflowSpec"] == {"workflowTemplateRef": {"name": "squares"}}
    pods = containers(template)
    assert sorted(pod["name"] for pod in pods) == ["end", "join", "square", "start"]
    image = load(ROOT).platform.images
    for pod in pods:
        assert pod["serviceAccountName"] == "runner"
        assert pod["container"]["image"] == (image.metaflow or image.runner)
        variables = {each["name"]: each.get("value") for each in pod["container"]["env"]}
        assert variables["METAFLOW_CODE_URL"].startswith("gs://acme-ml-prod-translations-artifacts/metaflow/")
        assert variables["METAFLOW_PRODUCTION_TOKEN"] == "squares"
    assert "PLACEHOLDER" not in json.dumps(made)
    [square] = [pod for pod in pods if pod["name"] == "square"]
    assert square["activeDeadlineSeconds"] == 3600 and square["retryStrategy"]["limit"] == 2
    # A pod without limits would get the namespace's defaults, smaller than what Metaflow asks for.
    assert square["container"]["resources"]["limits"] == square["container"]["resources"]["requests"]


def test_the_same_flow_makes_the_same_objects(ready: Company, made: list[dict[str, Any]]) -> None:
    assert ready.deploy("--output", "again.json").returncode == 0
    again = (ready.home / "again.json").read_text()
    assert _timeless(json.loads(again)) == _timeless(made)


def _timeless(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    copy = deepcopy(manifests)
    spec = copy[0]["spec"]
    for metadata in (copy[0]["metadata"], spec["workflowMetadata"], spec["podMetadata"]):
        assert metadata["annotations"].pop("metaflow/deployment_timestamp")
    return copy


def test_without_a_schedule_there_is_a_template_only(ready: Company) -> None:
    flow = FLOW.replace('@schedule(cron="0 4 * * 1", timezone="Europe/Berlin")\n', "")
    done = ready.deploy("--check", "--format", "json", flow=flow)
    assert json.loads(done.stdout)["objects"] == ["WorkflowTemplate"], done.stderr


@pytest.mark.parametrize(
    ("decorator", "said"),
    [
        ('@trigger(event="new")', "@trigger, expected none; events come by Argo Events"),
        ('@trigger_on_finish(flow="Other")', "@trigger_on_finish, expected none; events come by Argo Events"),
        ("@exit_hook(on_error=[print])", "@exit_hook, expected none; Metaflow's exit hooks"),
    ],
)
def test_what_starts_or_ends_it_from_elsewhere_is_refused(ready: Company, decorator: str, said: str) -> None:
    name = decorator.removeprefix("@").partition("(")[0]
    flow = FLOW.replace("import FlowSpec", f"import {name}, FlowSpec").replace(
        "\nclass", f"\n{decorator}\nclass"
    )
    done = ready.deploy("--check", flow=flow)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_step_with_its_own_kubernetes_loses_the_security_context_and_is_refused(ready: Company) -> None:
    flow = FLOW.replace("import FlowSpec", "import kubernetes, FlowSpec").replace(
        "    @card\n", "    @kubernetes\n"
    )
    done = ready.deploy("--check", flow=flow)
    assert done.returncode == 1
    assert "template join: securityContext: expected allowPrivilegeEscalation false" in done.stderr
    assert "not deployed: 1 found" in done.stderr


def test_metaflows_own_complaint_is_one_line(ready: Company) -> None:
    done = ready.deploy("--check", flow=FLOW.replace("self.next(self.end)", "self.next(self.nowhere)"))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "nowhere" in done.stderr


def test_a_platform_without_argo_workflows_says_so(ready: Company, tmp_path: Path) -> None:
    shutil.copytree(ready.home, tmp_path / "without", symlinks=True)
    shutil.copy(ROOT / "platform.yaml", tmp_path / "without")
    done = Company(tmp_path / "without").deploy("--check")
    assert done.returncode == 2
    assert done.stderr == ("platform.yaml:1: found no argo, expected it; nothing here runs deployed flows\n")


def test_a_sealed_team_is_refused(ready: Company, tmp_path: Path) -> None:
    shutil.copytree(ready.home, tmp_path / "sealed", symlinks=True)
    shutil.copytree(ROOT / "teams", tmp_path / "sealed/teams", dirs_exist_ok=True)
    done = Company(tmp_path / "sealed").deploy("--check")
    assert done.returncode == 2
    assert "teams/translations.yaml:1: network: found sealed, expected project" in done.stderr


# Where in a template something is written, what, and words of the refusal. None removes what is there.
POD = ("spec", "templates", "square")
LEAKS: list[tuple[tuple[str, ...], Any, str]] = [
    ((*POD, "container", "image"), "docker.io/library/python@sha256:" + "0" * 64, "image: found"),
    ((*POD, "container", "image"), "europe-west1-docker.pkg.dev/acme-ml-prod/team/a:1", "expected it by digest"),
    ((*POD, "serviceAccountName"), "default", "serviceAccountName"),
    ((*POD, "container", "env"), [{"name": "LD_PRELOAD", "value": "/x"}], "LD_PRELOAD"),
    ((*POD, "container", "env"), [{"name": "HTTPS_PROXY", "value": "http://x"}], "HTTPS_PROXY"),
    ((*POD, "container", "env"), [{"name": "CLOISTER_TEAM", "value": "x"}], "is the platform's"),
    ((*POD, "container", "env"), [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}], "secretKeyRef"),
    ((*POD, "container", "envFrom"), [{"secretRef": {"name": "s"}}], "found envFrom"),
    ((*POD, "volumes"), [{"name": "h", "hostPath": {"path": "/"}}], "found hostPath, expected emptyDir"),
    ((*POD, "volumes"), [{"name": "c", "persistentVolumeClaim": {"claimName": "c"}}], "persistentVolumeClaim"),
    ((*POD, "container", "volumeMounts"), [{"name": "out", "mountPath": "/etc"}], "system's directories"),
    ((*POD, "container", "lifecycle"), {"postStart": {"httpGet": {"host": "x"}}}, "found lifecycle"),
    ((*POD, "container", "securityContext", "privileged"), True, "securityContext"),
    ((*POD, "container", "resources", "limits", "nvidia.com/gpu"), "1", "GPU pod"),
    ((*POD, "activeDeadlineSeconds"), None, "activeDeadlineSeconds"),
    ((*POD, "activeDeadlineSeconds"), 10**7, "activeDeadlineSeconds"),
    ((*POD, "tolerations"), [{"operator": "Exists"}], "tolerations"),
    ((*POD, "metadata", "annotations", "networking.gke.io/interfaces"), "[]", "networking.gke.io/interfaces"),
    ((*POD, "metadata", "labels"), {"cloister.dev/team": "fakespot"}, "is the platform's to give"),
    ((*POD, "podSpecPatch"), '{"hostNetwork": true}', "found podSpecPatch"),
    ((*POD, "sidecars"), [{"name": "s", "image": "x"}], "found sidecars"),
    ((*POD, "outputs", "artifacts"), [{"name": "a", "s3": {"bucket": "theirs"}}], "found artifacts"),
    ((*POD, "archiveLocation"), {"gcs": {"bucket": "theirs"}}, "found archiveLocation"),
    ((*POD, "http"), {"url": "https://hooks.slack.com/services/x"}, "found http"),
    ((*POD, "resource"), {"action": "create", "manifest": "kind: Job"}, "found resource"),
    ((*POD, "plugin"), {"slack": {}}, "found plugin"),
    (("spec", "hooks", "exit"), {"template": "square"}, "spec.hooks.exit"),
    (("spec", "onExit"), "square", "found onExit"),
    (("spec", "serviceAccountName"), "other", "found serviceAccountName"),
    (("spec", "hostNetwork"), True, "found hostNetwork"),
    (("spec", "artifactRepositoryRef"), {"key": "theirs"}, "found artifactRepositoryRef"),
    (("spec", "podMetadata", "annotations", "sidecar.istio.io/inject"), "true", "sidecar.istio.io/inject"),
    (("metadata", "namespace"), "team-fakespot", "expected team-translations"),
    (("spec", "templates", "Squares", "dag", "tasks", 0, "templateRef"), {"name": "x"}, "found templateRef"),
]  # fmt: skip


def changed(template: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    copy = deepcopy(template)
    node: Any = copy
    for part in path[:-1]:
        if isinstance(node, list) and isinstance(part, str):
            [node] = [each for each in node if each["name"] == part]
        else:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return copy


@pytest.mark.parametrize(("path", "value", "said"), LEAKS, ids=lambda item: str(item)[:60])
def test_a_leak_is_refused(
    ready: Company, made: list[dict[str, Any]], path: tuple[Any, ...], value: Any, said: str
) -> None:
    rules = ready.rules()
    assert leaves(made[0], rules) == []
    found = leaves(changed(made[0], path, value), rules)
    assert any(said in sentence for sentence in found), found
