"""The local cluster is a real one: pods run, end and log; services and names answer; a killed component comes back."""

from __future__ import annotations

import json
import platform
import socket
import ssl
import struct
import time
from pathlib import Path

import pytest

from tests.cluster import images, parts
from tests.cluster.node import ADDRESS, FIRST_SERVICE, Node

IMAGE = "localhost/coredns:1"


@pytest.fixture(scope="module")
def image(node: Node, tmp_path_factory: pytest.TempPathFactory) -> str:
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    images.archive(archive, IMAGE, {"/coredns": parts.dns().build()}, ["/coredns"], platform.machine())
    node.load_image(archive)
    return IMAGE


def run(node: Node, name: str, image: str, folder: Path) -> str:
    """A Job that prints the image's version; its pod's log once it has completed."""
    container = {"name": "main", "image": image, "imagePullPolicy": "Never", "args": ["-version"]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }
    manifest = folder / f"{name}.json"
    manifest.write_text(json.dumps(job))
    node.kubectl("delete", "job", name, "--ignore-not-found", "--wait")
    created = node.kubectl("apply", "-f", str(manifest))
    assert created.returncode == 0, created.stderr
    done = node.kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=60s")
    assert done.returncode == 0, node.kubectl("describe", "pods", "-l", f"job-name={name}").stdout
    return node.kubectl("logs", f"job/{name}").stdout


def test_a_job_runs_completes_and_logs(node: Node, image: str, tmp_path: Path) -> None:
    assert "CoreDNS" in run(node, "version", image, tmp_path)


def test_kube_proxy_leads_a_service_to_its_endpoint(node: Node) -> None:
    with socket.create_connection((FIRST_SERVICE, 443), timeout=5) as connection:
        context = ssl.create_default_context(cafile=str(node.pki / "ca.crt"))
        with context.wrap_socket(connection, server_hostname="kubernetes.default.svc") as secure:
            assert secure.version() == "TLSv1.3"


def ask(name: str) -> tuple[int, bytes]:
    """(response code, the last four bytes: an A record's address) of a DNS query to the cluster's server."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(
            struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack(">2H", 1, 1), (ADDRESS, 53)
        )
        answer = client.recv(512)
    return answer[3] & 15, answer[-4:]


def test_cluster_names_resolve_and_no_other(node: Node) -> None:
    assert ask("kubernetes.default.svc.cluster.local") == (0, socket.inet_aton(FIRST_SERVICE))
    assert ask("example.com")[0] == 3  # NXDOMAIN


@pytest.mark.parametrize("component", ["kube-apiserver", "kubelet", "etcd"])
def test_a_killed_component_comes_back(node: Node, image: str, tmp_path: Path, component: str) -> None:
    node.restart(component)
    deadline = time.monotonic() + 60
    while node.kubectl("get", "--raw", "/readyz").returncode:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert "CoreDNS" in run(node, f"after-{component}", image, tmp_path)
