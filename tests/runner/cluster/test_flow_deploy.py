"""`cloister flow deploy` on the cluster, with Argo Workflows' real controller and executor under the stacks' own objects.

The team, its rights, its admission policies and the controller's Deployment are what the stacks write, under other
prefixes, so that the policies of other tests say nothing about them. The store is real; what this node lacks is
Workload Identity, so Metaflow's image has the store's address and a credential that is nobody's baked in.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from platform import machine
from typing import Any

import pytest
import yaml
from kubernetes import client, config, dynamic

from runner.client.flow.workflow.generating import _NOBODY
from runner.container.image import METAFLOW, ROOT, Layout
from stacks.guardrails.argo import GROUP, KINDS, VERSION
from tests.cluster import argo, identities, images
from tests.cluster.node import ADDRESS, SERVER, Node
from tests.runner.flow.test_deploy import FLOW

from ..support import StoreClient
from . import company, store
from .conftest import Said

TEAM, NAMESPACE, BUCKET = "vision", "team-vision", "acme-ml-prod-vision-artifacts"
REGISTRY = "europe-west1-docker.pkg.dev/acme-ml-prod"
MEMBER = "/O=vision-ml@acme.example/CN=ci@acme.example"
TEAM_FILE = f"""team: {TEAM}
members: group:vision-ml@acme.example
network: project
quota: {{cpu: 64, memory: 256Gi, max_run_hours: 24}}
metaflow: true
"""
CLUSTER_WIDE = (
    "CustomResourceDefinition", "PriorityClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
)  # fmt: skip


@dataclass
class Flows:
    """The team's platform, as its CI sees it."""

    home: Path
    kubeconfig: Path
    store: StoreClient
    store_url: str
    cluster: dynamic.DynamicClient

    def deploy(self, *words: str, flow: str = FLOW) -> Said:
        (self.home / "flow/flow.py").write_text(flow)
        command = [sys.executable, "-m", "cloister", "flow", "deploy", "flow/flow.py", "--team", TEAM]
        variables = {
            "PYTHONPATH": str(ROOT), "KUBECONFIG": str(self.kubeconfig), "STORAGE_EMULATOR_HOST": self.store_url,
            "no_proxy": ADDRESS, "NO_PROXY": ADDRESS, "COLUMNS": "200",
        }  # fmt: skip
        done = subprocess.run(
            [*command, *words], cwd=self.home, env=os.environ | variables, capture_output=True, text=True
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def objects(self, kind: str) -> Any:
        return self.cluster.resources.get(api_version=f"{GROUP}/{VERSION}", kind=kind)

    def start(self, name: str, template: str) -> None:
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "Workflow",
            "metadata": {"name": name},
            "spec": {"workflowTemplateRef": {"name": template}},
        }
        self.objects("Workflow").create(namespace=NAMESPACE, body=body)

    def ended(self, name: str, seconds: float = 480) -> dict[str, Any]:
        """The status of a workflow that has ended."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.objects("Workflow").get(namespace=NAMESPACE, name=name).to_dict()
            status: dict[str, Any] = found.get("status") or {}
            if status.get("phase") in ("Succeeded", "Failed", "Error"):
                return status
            assert time.monotonic() < deadline, status
            time.sleep(1)

    def said_of(self, workflow: str) -> str:
        """The last lines of a workflow's pods."""
        core = client.CoreV1Api(self.cluster.client)
        label = f"workflows.argoproj.io/workflow={workflow}"
        pods = core.list_namespaced_pod(NAMESPACE, label_selector=label).items
        logs = [
            core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE, container=name, tail_lines=40)
            for pod in pods
            for name in ("main", "wait")
        ]
        return "\n".join(logs)


def _known(node: Node, archive: Path, name: str) -> str:
    """An image in the node's containerd under a name of the company's; its reference by digest."""
    done = node.ctr("-n", "k8s.io", "images", "import", "--digests", "--base-name", name, str(archive))
    found = re.search(r"sha256:[0-9a-f]{64}", done.stdout)
    assert done.returncode == 0 and found, done.stderr
    return f"{name}@{found[0]}"


def _argo(node: Node, program: str, folder: Path) -> str:
    binary = argo.binary(program)
    if not binary.exists():
        pytest.skip(f"no {program} of Argo Workflows {argo.version()}: make argo (ten minutes, once)")
    archive = folder / f"{program}.tar"
    inside = f"/bin/{program}"
    images.archive(archive, f"localhost/{program}:1", {inside: binary}, [inside], machine())
    return _known(node, archive, f"{REGISTRY}/argo/{program}")


def _metaflow(node: Node, store_url: str, folder: Path) -> str:
    if not Layout(ROOT / METAFLOW.out, METAFLOW).current or shutil.which("podman") is None:
        pytest.skip("no Metaflow image of these sources: make image-metaflow")
    (folder / "nobody.json").write_text(json.dumps(_NOBODY))
    (folder / "Containerfile").write_text(
        f"FROM {METAFLOW.name}\nCOPY nobody.json /nobody.json\n"
        f"ENV STORAGE_EMULATOR_HOST={store_url} GOOGLE_APPLICATION_CREDENTIALS=/nobody.json\n"
    )
    name = "localhost/cloister/metaflow-of-a-test"
    subprocess.run(["podman", "build", "-q", "-t", name, str(folder)], check=True, capture_output=True)
    archive = folder / "metaflow.tar"
    subprocess.run(
        ["podman", "save", "-q", "--format", "docker-archive", "-o", str(archive), name], check=True
    )
    return _known(node, archive, f"{REGISTRY}/metaflow/metaflow")


@pytest.fixture(scope="module")
def flows(node: Node, server: StoreClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flows]:
    folder = tmp_path_factory.mktemp("flows")
    (folder / "flow").mkdir()
    (folder / "teams").mkdir()
    server.make_bucket(BUCKET)
    with store.serving(
        store.with_rights(server.url.removeprefix("http://"), server.url, all_as_account=True), ADDRESS
    ) as address:
        url = f"http://{address}"
        metaflow = _metaflow(node, url, folder)
        argo_images = {
            "controller": _argo(node, argo.CONTROLLER, folder),
            "executor": _argo(node, argo.EXECUTOR, folder),
        }
        platform = yaml.safe_load((ROOT / "platform.yaml").read_text())
        platform |= {"images": {**platform["images"], "metaflow": metaflow}, "argo": argo_images}
        (folder / "platform.yaml").write_text(yaml.safe_dump(platform))
        shutil.copy(ROOT / "boundary.yaml", folder)
        (folder / f"teams/{TEAM}.yaml").write_text(TEAM_FILE)
        shutil.copy(ROOT / "runner/container/metaflow.lock", folder / "flow/requirements.lock")
        shutil.copytree(company.tree(folder), folder / "cdktf.out")
        identities.make_certificate(node.pki, "ci", MEMBER, "DNS:ci")
        identities.write_kubeconfig(folder / "kubeconfig", node.pki, "ci", SERVER)
        cluster = dynamic.DynamicClient(config.new_client_from_config(str(node.kubeconfig)))
        put = _put(cluster, folder)
        _await_kinds(cluster)
        yield Flows(folder, folder / "kubeconfig", server, url, cluster)
        company.remove(cluster, [NAMESPACE])
        for kind, version, name in reversed(put):
            cluster.resources.get(api_version=version, kind=kind).delete(name=name)


def _put(cluster: dynamic.DynamicClient, home: Path) -> list[tuple[str, str, str]]:
    """The team's objects and what is cluster-wide, under other prefixes; the latter's kinds, versions and names."""
    wide = []
    for manifest in company.manifests(home):
        text = (
            json.dumps(manifest).replace("cloister.dev/", "flows.test/").replace("cloister-", "flows-test-")
        )
        manifest = json.loads(text)
        kind, metadata = manifest["kind"], manifest["metadata"]
        own = NAMESPACE in (metadata.get("namespace"), metadata["name"])
        if not own and kind not in CLUSTER_WIDE:
            continue
        resource = cluster.resources.get(api_version=manifest["apiVersion"], kind=kind)
        cluster.server_side_apply(
            resource,
            body=manifest,
            namespace=metadata.get("namespace"),
            field_manager="test",
            force_conflicts=True,
        )
        if not own:
            wide.append((kind, manifest["apiVersion"], metadata["name"]))
    return wide


def _await_kinds(cluster: dynamic.DynamicClient) -> None:
    """The API server serves a new kind a moment after it has its definition."""
    deadline = time.monotonic() + 30
    for _, plural, _ in KINDS:
        while True:
            try:
                client.CustomObjectsApi(cluster.client).list_namespaced_custom_object(
                    GROUP, VERSION, NAMESPACE, plural
                )
                break
            except client.ApiException:
                assert time.monotonic() < deadline, plural
                time.sleep(0.2)


def test_a_flow_is_deployed_runs_to_its_end_and_is_deployed_again(flows: Flows) -> None:
    small = FLOW.replace("cpu=2, memory=3000", "cpu=0.3, memory=300")
    first = flows.deploy(flow=small)
    assert first.code == 0, first.err
    assert "WorkflowTemplate squares: created\nCronWorkflow squares: created\n" in first.out
    again = flows.deploy(flow=small)
    assert "WorkflowTemplate squares: unchanged\nCronWorkflow squares: unchanged\n" in again.out, again.err

    flows.start("by-hand", "squares")
    status = flows.ended("by-hand")
    assert status["phase"] == "Succeeded", flows.said_of("by-hand")
    pods = [each for each in status["nodes"].values() if each["type"] == "Pod"]
    assert len(pods) == 6  # start, a square for each of 3 numbers, join, end
    ended = [name for name in flows.store.names(BUCKET) if "/Squares/argo-by-hand/end/" in name]
    assert any("DONE.lock" in name for name in ended), ended
    assert "\n5\n" in flows.said_of("by-hand")  # 0 + 1 + 4, printed by the last step

    without = small.replace('@schedule(cron="0 4 * * 1", timezone="Europe/Berlin")\n', "")
    assert "CronWorkflow squares: deleted" in flows.deploy(flow=without).out


def test_a_template_that_passed_nobodys_look_is_refused_when_its_pod_starts(flows: Flows) -> None:
    """A member may write templates past the command: what they may be is admission's to hold."""
    container = {
        "image": f"docker.io/library/python@sha256:{'0' * 64}",
        "command": ["python"],
        "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }  # fmt: skip
    body = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "foreign"},
        "spec": {
            "entrypoint": "all",
            "serviceAccountName": "runner",
            "templates": [{"name": "all", "activeDeadlineSeconds": 600, "container": container}],
        },
    }
    flows.objects("WorkflowTemplate").create(namespace=NAMESPACE, body=body)
    for attempt in range(10):  # the controller learns of a new template a moment after the API server has it
        flows.start(f"foreign-{attempt}", "foreign")
        status = flows.ended(f"foreign-{attempt}", 60)
        if "not found" not in status["message"]:
            break
        time.sleep(1)
    assert status["phase"] == "Error"
    assert "images must come from the places boundary.yaml trusts" in status["message"]


def test_a_name_that_another_flow_has_is_told(flows: Flows) -> None:
    flows.objects("WorkflowTemplate").create(
        namespace=NAMESPACE,
        body={
            "apiVersion": f"{GROUP}/{VERSION}", "kind": "WorkflowTemplate", "metadata": {"name": "cubes"},
            "spec": {"templates": []},
        },
    )  # fmt: skip
    taken = flows.deploy(flow=FLOW.replace("Squares", "Cubes"))
    assert taken.code == 2
    assert "a workflow cubes of no flow is there already, and this flow is Cubes" in taken.err
