"""A built image as it runs: in a container with a restricted pod's rights, and in a real restricted pod."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import testinfra
from kubernetes import client, config
from testinfra.host import Host

from runner.container.image import Layout
from stacks.pod_security import RESTRICTED_LABELS
from tests.cluster.node import local
from tests.runner.cluster import images

WAYS = ("podman", "kubectl")  # testinfra's backends
# A restricted pod's rights. The limits are named because not every machine may raise its own.
RESTRICTED = (
    "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--network=none",
    "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--tmpfs=/work:U", "--tmpfs=/tmp:mode=1777",
)  # fmt: skip
PLACES = ("work", "tmp")


def running(way: str, layout: Layout, variables: Mapping[str, str], *command: str) -> Iterator[Host]:
    """The image's host by one of testinfra's backends, or a named skip. `command` replaces the image's own."""
    with (_podman if way == "podman" else _kubectl)(layout, variables, command) as name:
        yield testinfra.get_host(name)


@contextmanager
def _podman(layout: Layout, variables: Mapping[str, str], command: tuple[str, ...]) -> Iterator[str]:
    if shutil.which("podman") is None:
        pytest.skip("no podman: apt-get install podman")
    environment = [f"--env={name}={value}" for name, value in variables.items()]
    started = subprocess.run(
        ["podman", "run", "--detach", "--rm", *RESTRICTED, *environment, layout.target.name, *command],
        capture_output=True, text=True,
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    name = started.stdout.strip()
    time.sleep(1.5)  # past the runner's start
    yield f"podman://{name}"
    subprocess.run(["podman", "kill", name], capture_output=True)


@contextmanager
def _kubectl(layout: Layout, variables: Mapping[str, str], command: tuple[str, ...]) -> Iterator[str]:
    if not os.environ.get("CLOISTER_E2E"):
        pytest.skip("minutes on a cluster of its own: make cluster e2e")
    node = local()
    if node is None:
        pytest.skip("no local cluster: make cluster")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        images.imported(node, layout.oci, layout.target.stage, Path(folder))
    core = client.CoreV1Api(config.new_client_from_config(str(node.kubeconfig)))
    namespace = f"image-{secrets.token_hex(4)}"  # of no team: nobody may execute anything in those
    core.create_namespace({"metadata": {"name": namespace, "labels": RESTRICTED_LABELS}})
    container = {
        "name": "main",
        "image": f"{images.REGISTRY}/{layout.target.stage}@{layout.digest}",
        "imagePullPolicy": "Never",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": place, "mountPath": f"/{place}"} for place in PLACES],
        **({"args": list(command)} if command else {}),
    }
    pod = {
        "metadata": {"name": "image"},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [{"name": place, "emptyDir": {}} for place in PLACES],
        },
    }
    try:
        _create(core, namespace, pod)
        deadline = time.monotonic() + 60
        while core.read_namespaced_pod("image", namespace).status.phase != "Running":
            assert time.monotonic() < deadline, core.read_namespaced_pod("image", namespace).status
            time.sleep(0.3)
        time.sleep(1.5)  # past the runner's start
        yield f"kubectl://image?namespace={namespace}&container=main&kubeconfig={node.kubeconfig}"
    finally:
        core.delete_namespace(namespace)


def _create(core: client.CoreV1Api, namespace: str, pod: object) -> None:
    """A new namespace has its service account a moment later, and takes no pods before."""
    for _ in range(50):
        try:
            core.create_namespaced_pod(namespace, pod)
            return
        except client.ApiException as error:
            if "serviceaccount" not in str(error.body):
                raise
            time.sleep(0.2)
    raise AssertionError("the namespace got no service account")
