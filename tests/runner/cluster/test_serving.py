"""A model that serves on a real cluster: an init step that pulls, a server without the team's identity, callers that the
API server knows by their tokens, an update under load, and a version that does not stand.

The stacks bring no serving namespace yet; these objects are the test's own, with the image and commands of the product.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from stacks.pod_security import RESTRICTED_LABELS

from ..models.support import ARTIFACTS, Team, model_files
from .conftest import Platform
from .images import REGISTRY

AUDIENCE = "serving.fakespot"
HOME, FRIEND, STRANGER = "serving-e2e", "serving-e2e-friend", "serving-e2e-stranger"
PYTHON = "/opt/cloister/bin/python3.11"
SECURE = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
POD = {
    "enableServiceLinks": False,
    "automountServiceAccountToken": False,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
# Asks once, or (SECONDS) steadily from two threads with a connection for each request; prints what came back. A
# service's address holds on a node a moment after its pods are ready: until then nothing is counted.
CALL = """
import http.client, json, socket, sys, threading, time
address, audience_token, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
for _ in range(100):
    try:
        socket.create_connection((address, 8080), timeout=5).close()
        break
    except OSError:
        time.sleep(0.1)
token = open(audience_token).read() if audience_token else ""
end, found, answers = time.monotonic() + seconds, {}, []
def call():
    while True:
        begun = time.time()
        try:
            connection = http.client.HTTPConnection(address, 8080, timeout=20)
            headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + token} if token else {})}
            connection.request("POST", "/invocations", b'{"instances": [{"x": 2}]}', headers)
            response = connection.getresponse()
            body = response.read().decode()
            seen = f"{response.status} {response.headers.get('x-model-version')} {body}"
            connection.close()
        except OSError as error:
            seen = type(error).__name__
        found.setdefault(seen, []).append(begun)
        if time.monotonic() >= end:
            return
        time.sleep(0.02)
threads = [threading.Thread(target=call) for _ in range(2 if seconds else 1)]
[t.start() for t in threads]; [t.join() for t in threads]
print(json.dumps({seen: [len(when), min(when)] for seen, when in found.items()}))
"""


@dataclass
class Serving:
    """A namespace with the model's Deployment and Service."""

    platform: Platform
    team: Team
    address: str = ""

    @property
    def api(self) -> Any:
        return self.platform.cluster.client

    @property
    def image(self) -> str:
        return f"{REGISTRY}/runner@{self.platform.image}"

    def caller(self, name: str, namespace: str, seconds: float = 0, audience: str | None = AUDIENCE) -> None:
        """Start a pod that calls, with a token for `audience`."""
        volumes = [{"name": "t", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "audience": audience, "expirationSeconds": 600}}]}}]  # fmt: skip
        container = {
            "name": "caller",
            "image": self.image,
            "command": [
                PYTHON,
                "-I",
                "-c",
                CALL,
                self.address,
                "/token/token" if audience else "",
                str(seconds),
            ],
            "securityContext": SECURE,
            "volumeMounts": [{"name": "t", "mountPath": "/token"}] if audience else [],
        }
        spec = {
            **POD,
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": volumes if audience else [],
        }
        client.CoreV1Api(self.api).create_namespaced_pod(
            namespace, {"metadata": {"name": name}, "spec": spec}
        )

    def answers(self, name: str, namespace: str) -> dict[str, list[float]]:
        """What a caller saw: status, version and body, with how often and since when."""
        core = client.CoreV1Api(self.api)
        until(lambda: core.read_namespaced_pod(name, namespace).status.phase in ("Succeeded", "Failed"), 90)
        found: dict[str, list[float]] = json.loads(
            core.read_namespaced_pod_log(name, namespace, _preload_content=False).data
        )
        return found

    def roll(self, step: int) -> None:
        body = {"spec": {"template": {"metadata": {"annotations": {"cloister.dev/step": str(step)}}}}}
        client.AppsV1Api(self.api).patch_namespaced_deployment("model", HOME, body)

    def condition(self, kind: str) -> tuple[str, str]:
        found = client.AppsV1Api(self.api).read_namespaced_deployment_status("model", HOME)
        here = [c for c in found.status.conditions or () if c.type == kind]
        return (here[0].status, here[0].reason) if here else ("", "")

    def rolled(self) -> bool:
        found = client.AppsV1Api(self.api).read_namespaced_deployment_status("model", HOME)
        status = found.status
        return (
            status.observed_generation == found.metadata.generation
            and status.updated_replicas == status.ready_replicas == status.replicas == found.spec.replicas
        )


def until(holds: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def deployment(serving: Serving) -> dict[str, Any]:
    settings = client.CoreV1Api(serving.api).read_namespaced_config_map("cloister", "team-fakespot").data
    pull = {**settings, "CLOISTER_JOB": "model", "CLOISTER_RUN_ID": "20270101-120000-00000000"}
    pull["CLOISTER_SPEC"] = json.dumps(
        {"version": 1, "model": {"verb": "pull", "name": serving.team.name, "stage": "production"}}
    )
    serve = {"CLOISTER_TEAM": "fakespot", "CLOISTER_AUDIENCE": AUDIENCE, "CLOISTER_CALLERS": FRIEND}
    mounts = [{"name": "work", "mountPath": "/work"}, {"name": "tmp", "mountPath": "/tmp"}]
    account = {
        "name": "account",
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "readOnly": True,
    }

    def container(name: str, environment: dict[str, str], **more: Any) -> dict[str, Any]:
        env = [{"name": key, "value": value} for key, value in environment.items()]
        return {"name": name, "image": serving.image, "env": env, "securityContext": SECURE, "volumeMounts": mounts, **more}  # fmt: skip

    server = container(
        "server",
        serve,
        command=[PYTHON, "-I", "-m", "runner.serving"],
        readinessProbe={"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
        livenessProbe={"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 10},
        # Callers are told of a pod's end a moment after it begins.
        lifecycle={"preStop": {"sleep": {"seconds": 3}}},
    )
    server["volumeMounts"] = [*mounts, account]
    token = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
             {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]  # fmt: skip
    spec = {
        **POD,
        "serviceAccountName": "serving",
        "terminationGracePeriodSeconds": 40,
        "initContainers": [container("pull", pull, args=["run"])],
        "containers": [server],
        "volumes": [
            {"name": "work", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "account", "projected": {"sources": token}},
        ],
    }
    labels = {"app": "model"}
    return {
        "metadata": {"name": "model"},
        "spec": {
            "replicas": 2,
            "progressDeadlineSeconds": 20,
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


@pytest.fixture
def serving(platform: Platform, work: Path) -> Iterator[Serving]:
    core, apps, rbac = (
        kind(platform.cluster.client)
        for kind in (client.CoreV1Api, client.AppsV1Api, client.RbacAuthorizationV1Api)
    )
    made = Serving(platform, Team(platform.store, work))
    made.team.publish(made.team.train(model_files(2)))
    assert made.team.promote(1).result["number"] == 1
    for name in (HOME, FRIEND, STRANGER):
        core.create_namespace({"metadata": {"name": name, "labels": RESTRICTED_LABELS}})
    try:
        core.create_namespaced_service_account(HOME, {"metadata": {"name": "serving"}})
        # It may ask whose a token is, and nothing else.
        rule = {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}
        rbac.create_cluster_role({"metadata": {"name": HOME}, "rules": [rule]})
        rbac.create_cluster_role_binding({
            "metadata": {"name": HOME},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": HOME},
            "subjects": [{"kind": "ServiceAccount", "name": "serving", "namespace": HOME}],
        })  # fmt: skip
        ports = [{"port": 8080}]
        service = core.create_namespaced_service(
            HOME, {"metadata": {"name": "model"}, "spec": {"selector": {"app": "model"}, "ports": ports}}
        )
        made.address = service.spec.cluster_ip
        apps.create_namespaced_deployment(HOME, deployment(made))
        until(made.rolled, 60)
        yield made
    finally:
        rbac.delete_cluster_role_binding(HOME)
        rbac.delete_cluster_role(HOME)
        for name in (HOME, FRIEND, STRANGER):
            core.delete_namespace(name, grace_period_seconds=0)


def test_a_model_serves_its_callers_through_updates_and_broken_versions(serving: Serving) -> None:
    # Who may call.
    serving.caller("friend", FRIEND)
    serving.caller("stranger", STRANGER)
    serving.caller("other-audience", FRIEND, audience="https://kubernetes.default.svc.cluster.local")
    serving.caller("no-token", FRIEND, audience=None)
    assert [*serving.answers("friend", FRIEND)] == ['200 1 {"predictions":[{"y":4}]}']
    [refused] = serving.answers("stranger", STRANGER)
    assert refused.startswith("403 ") and f"the namespace {STRANGER} is not among the callers" in refused
    [refused] = serving.answers("other-audience", FRIEND)
    assert refused.startswith("401 ")
    [refused] = serving.answers("no-token", FRIEND)
    assert refused.startswith("401 ") and "expected Authorization: Bearer" in refused

    # An update under load: no request fails, and every answer is one version's own.
    serving.team.publish(serving.team.train(model_files(3)))
    serving.caller("load", FRIEND, seconds=25)
    core = client.CoreV1Api(serving.api)
    until(lambda: core.read_namespaced_pod("load", FRIEND).status.phase == "Running", 30)
    begun = time.time()
    assert serving.team.promote(2).result["number"] == 2
    serving.roll(2)
    until(serving.rolled, 60)
    seen = serving.answers("load", FRIEND)
    old, new = '200 1 {"predictions":[{"y":4}]}', '200 2 {"predictions":[{"y":6}]}'
    assert set(seen) == {old, new}, seen
    took = seen[new][1] - begun
    print(f"\npromotion to serving: {took:.1f} s; {seen[old][0] + seen[new][0]:.0f} requests, none failed")
    assert took < 15

    # A version that is not whole takes nobody's place; what serves goes on, and the way back is one step.
    serving.team.publish(serving.team.train(model_files(5)))
    assert serving.team.promote(3).result["number"] == 3
    weights = [row for row in serving.team.ask("show", name=serving.team.name, number=3).rows if row["path"] == "weights.json"]  # fmt: skip
    serving.platform.store.put(ARTIFACTS, f"models/{serving.team.name}/files/{weights[0]['sha256']}", b"{}")
    serving.roll(3)
    until(lambda: serving.condition("Progressing") == ("False", "ProgressDeadlineExceeded"), 60)
    serving.caller("meanwhile", FRIEND)
    assert [*serving.answers("meanwhile", FRIEND)] == [new]
    assert serving.team.rollback().result["number"] == 2
    serving.roll(4)
    until(serving.rolled, 60)
    serving.caller("after", FRIEND)
    assert [*serving.answers("after", FRIEND)] == [new]
