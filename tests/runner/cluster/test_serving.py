"""A team's service on a real cluster, as its stack declares it: pods that admission lets in, callers that the API server
knows by their tokens, promotions that reach the pods by themselves, under load, and versions that do not stand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cloister.declarations import names
from stacks.pod_security import RESTRICTED_LABELS

from ..models.support import Team, model_files
from . import company
from .conftest import TEAM, Platform
from .images import REGISTRY

HOME = names.serving_namespace(TEAM)
AUDIENCE = names.service_host(TEAM, "model")
FRIEND, STRANGER = "serving-e2e-friend", "serving-e2e-stranger"
SERVICES = f"""
services:
  - name: model
    model: served
    resources: {{cpu: 0.1, memory: 256Mi}}
    callers: [{{namespace: {FRIEND}, why: the test calls, owner: test@acme.example, until: 2099-12-31}}]
"""
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
# Answers its golden requests where it is promoted, and not where it serves.
FAILS = "import os\nif os.environ['CLOISTER_JOB'] == 'serve':\n    raise SystemExit(3)\n"
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
    """The serving namespace with the service."""

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

    def ready(self) -> bool:
        found = client.AppsV1Api(self.api).read_namespaced_deployment_status("model", HOME)
        return bool(found.status.ready_replicas == found.spec.replicas)

    def pods(self) -> set[str]:
        return {pod.metadata.name for pod in client.CoreV1Api(self.api).list_namespaced_pod(HOME).items}

    def said(self, event: str) -> list[str]:
        """What the servers' logs say of an event."""
        core, lines = client.CoreV1Api(self.api), []
        for pod in self.pods():
            with suppress(client.ApiException):  # it is only just being made
                said = core.read_namespaced_pod_log(pod, HOME, container=names.SERVER_CONTAINER)
                lines += said.splitlines()
        return [entry["message"] for entry in map(json.loads, lines) if entry.get("event") == event]


def until(holds: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def serving(platform: Platform, work: Path, tmp_path: Path) -> Iterator[Serving]:
    """The company whose team fakespot has a service; what its stack declares beside what is there already."""
    core = client.CoreV1Api(platform.cluster.client)
    home = company.declarations_of(platform.home, tmp_path)
    with (home / "teams" / f"{TEAM}.yaml").open("a") as file:
        file.write(SERVICES)
    settings = core.read_namespaced_config_map(names.CONFIG_MAP, names.namespace(TEAM)).data
    for name in (FRIEND, STRANGER):
        core.create_namespace({"metadata": {"name": name, "labels": RESTRICTED_LABELS}})
    try:
        there = {key: settings[key] for key in ("CLOISTER_STORE", "CLOISTER_METADATA", "CLOISTER_PATIENCE")}
        company.put(platform.cluster, home, there, only=HOME)
        made = Serving(platform, Team(platform.store, work, name="served"))
        made.address = core.read_namespaced_service("model", HOME).spec.cluster_ip
        yield made
    finally:
        client.RbacAuthorizationV1Api(platform.cluster.client).delete_cluster_role_binding(HOME)
        company.remove(platform.cluster, [HOME, FRIEND, STRANGER])


def test_promotions_reach_the_services_callers_and_broken_versions_nobody(serving: Serving) -> None:
    # Nothing was promoted: the pods stand, and are not ready.
    until(lambda: len(serving.said("listening")) == 2, 90)
    assert not serving.ready()
    pods = serving.pods()
    serving.team.publish(serving.team.train(model_files(2)))
    begun = time.time()
    assert serving.team.promote(1).result["number"] == 1
    until(serving.ready, 60)
    print(f"\nfirst promotion to ready pods: {time.time() - begun:.1f} s")

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
    seen = serving.answers("load", FRIEND)
    old, new = '200 1 {"predictions":[{"y":4}]}', '200 2 {"predictions":[{"y":6}]}'
    assert set(seen) == {old, new}, seen
    took = seen[new][1] - begun
    print(f"\npromotion to serving: {took:.1f} s; {seen[old][0] + seen[new][0]:.0f} requests, none failed")
    assert took < 15

    # A version that does not stand where it serves takes nobody's place; the way back is one step.
    files = model_files(5)
    files["model/predict.py"] = FAILS.encode() + files["model/predict.py"]
    serving.team.publish(serving.team.train(files))
    assert serving.team.promote(3).result["number"] == 3
    until(lambda: len(serving.said("not-ready")) == 2, 30)
    serving.caller("meanwhile", FRIEND)
    assert [*serving.answers("meanwhile", FRIEND)] == [new]
    assert serving.team.rollback().result["number"] == 2
    until(lambda: serving.said("serving").count("version 2 of served") == 4, 30)
    serving.caller("after", FRIEND)
    assert [*serving.answers("after", FRIEND)] == [new]
    assert serving.ready() and serving.pods() == pods  # none was started, and none ended
