"""A real API server: what is made there by hand is read, translated and found; nothing that a Secret holds is."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kubernetes import client, config, dynamic

from audit.command import audit as command
from audit.proof import Audit, audit
from audit.reading.cluster import read_cluster
from policies.snapshot.model import InputError
from tests.stacks.trees import ROOT

LOCAL = ROOT / ".cloister" / "cluster" / "admin.kubeconfig"
RUN = f"audit-{secrets.token_hex(4)}"
HIDDEN = f"never-read-{secrets.token_hex(8)}"
RBAC = "rbac.authorization.k8s.io/v1"
IMAGE = "docker.io/library/python:3.11"


def labelled(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "labels": {"cloister-test": RUN}, **more}


def objects() -> list[dict[str, Any]]:
    """The leaks, each one object. Nothing of them runs: no replicas, no node has the selector, hooks select this namespace only."""
    inside = {"namespace": RUN}
    container = {"name": "c", "image": IMAGE, "securityContext": {"privileged": True}}
    template = {
        "metadata": {"labels": {"app": "shell"}},
        "spec": {"hostNetwork": True, "containers": [container]},
    }
    hook = {
        "name": "spy.example.com", "clientConfig": {"url": "https://spy.example/x"}, "failurePolicy": "Ignore", "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": RUN}},
        "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"]}],
    }  # fmt: skip
    mallory = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "mallory@elsewhere.example"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": labelled("shell", **inside), "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "shell"}}, "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": labelled("front", **inside), "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "shell"}}},
        {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": labelled("peek", **inside), "roleRef": role, "subjects": [mallory]},
        {"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": labelled(RUN), "roleRef": {**role, "name": "system:basic-user"}, "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:unauthenticated"}]},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": labelled(RUN), "webhooks": [hook]},
        {"apiVersion": "v1", "kind": "Secret", "metadata": labelled("held", **inside), "stringData": {"password": HIDDEN}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": labelled("settings", **inside), "data": {"password": HIDDEN}},
    ]  # fmt: skip


@pytest.fixture(scope="module")
def kubeconfig() -> str:
    named = os.environ.get("KUBECONFIG") or str(LOCAL)
    if not os.path.exists(named):
        pytest.skip("no Kubernetes API server: make cluster, or set KUBECONFIG")
    return named


@pytest.fixture(scope="module")
def cluster(kubeconfig: str) -> Iterator[dynamic.DynamicClient]:
    """The cluster with the leaks in it, gone afterwards."""
    api = config.new_client_from_config(kubeconfig)
    found = dynamic.DynamicClient(api)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": labelled(RUN)}
    for item in [namespace, *objects()]:
        resource = found.resources.get(api_version=item["apiVersion"], kind=item["kind"])
        resource.create(body=item, namespace=item["metadata"].get("namespace"))
    yield found
    for item in [*objects(), namespace]:
        if "namespace" not in item["metadata"]:
            resource = found.resources.get(api_version=item["apiVersion"], kind=item["kind"])
            resource.delete(name=item["metadata"]["name"])


@pytest.fixture(scope="module")
def audited(cluster: dynamic.DynamicClient, kubeconfig: str) -> Audit:
    return audit([read_cluster(kubeconfig, None)], ROOT / "boundary.yaml", None, lambda done, of: None)


SAID = {
    "K8S-08": "shell",  # the node's network
    "K8S-17": "shell",  # a privileged container
    "K8S-13": IMAGE,
    "K8S-14": "front",
    "K8S-04": "mallory@elsewhere.example",
    "K8S-05": RUN,
    "K8S-06": "spy.example",
    "K8S-07": RUN,  # no default deny
    "REG-05": IMAGE,
}


@pytest.mark.parametrize("channel", SAID)
def test_a_leak_in_the_live_cluster_is_found(audited: Audit, channel: str) -> None:
    mine = [finding for finding in audited.report.findings if finding.channel == channel]
    assert any(SAID[channel] in f"{finding.subject} {finding.sentence}" for finding in mine), [
        f.sentence for f in mine
    ]


def test_no_value_of_a_secret_or_a_config_map_is_read(
    cluster: dynamic.DynamicClient, kubeconfig: str
) -> None:
    read = json.dumps(read_cluster(kubeconfig, None).items)
    assert f'"{RUN}"' in read
    assert '"held"' in read
    assert HIDDEN not in read
    assert base64.b64encode(HIDDEN.encode()).decode() not in read


def test_what_the_cluster_makes_for_itself_is_not_blamed(audited: Audit) -> None:
    """Kubernetes' own bindings, of which every cluster has some fifty, and its system's identities."""
    blamed = {finding.subject for finding in audited.report.findings} | {
        finding.address for finding in audited.report.findings
    }
    own = [
        name
        for name in blamed
        if ("system-" in name and "clusterrolebinding-system" in name) or name.startswith("system:")
    ]
    assert own == []
    assert sum(audited.seen.google.values()) > 50


def test_a_recording_says_the_same(audited: Audit, kubeconfig: str, tmp_path: Path) -> None:
    saved = tmp_path / "live.json"
    arguments = ["--boundary", str(ROOT / "boundary.yaml"), "--against", str(tmp_path / "none")]
    first = CliRunner().invoke(
        command,
        [
            "--kubeconfig",
            kubeconfig,
            "--save",
            str(saved),
            "--format",
            "json",
            *arguments[:2],
            "--output",
            str(tmp_path / "a.json"),
        ],
    )
    again = CliRunner().invoke(
        command,
        ["--assets", str(saved), "--format", "json", *arguments[:2], "--output", str(tmp_path / "b.json")],
    )
    assert (first.exit_code, again.exit_code) == (1, 1)
    a, b = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    assert a["findings"] == b["findings"]
    assert a["read"][0]["when"] == b["read"][0]["when"]


def test_what_the_caller_may_not_list_is_not_known(
    cluster: dynamic.DynamicClient, kubeconfig: str, tmp_path: Path
) -> None:
    """A reader without rights sees no network policy; that there is one more webhook cannot be told either."""
    core = client.CoreV1Api(cluster.client)
    body = {"metadata": {"name": "reader"}}
    core.create_namespaced_service_account(RUN, body)
    token = core.create_namespaced_service_account_token("reader", RUN, {"spec": {"expirationSeconds": 600}})
    written = json.loads(json.dumps(_kubeconfig(kubeconfig)))
    written["users"] = [{"name": "reader", "user": {"token": token.status.token}}]
    written["contexts"][0]["context"]["user"] = "reader"
    written["current-context"] = written["contexts"][0]["name"]
    path = tmp_path / "reader.kubeconfig"
    path.write_text(json.dumps(written))
    reading = read_cluster(str(path), None)
    assert "networkpolicies" in reading.narrowed
    report = audit([reading], ROOT / "boundary.yaml", None, lambda done, of: None).report
    assert {verdict.status for verdict in report.verdicts if verdict.id.startswith("K8S")} <= {
        "undecided",
        "open",
    }


def _kubeconfig(path: str) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load(Path(path).read_text())
    return found


def test_no_cluster_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cluster is configured here") as error:
        read_cluster(str(tmp_path / "none"), None)
    assert len(error.value.messages) == 1


def test_a_cluster_that_does_not_answer_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    path.write_text(
        json.dumps(
            {
                "clusters": [cluster],
                "contexts": [context],
                "users": [{"name": "u", "user": {}}],
                "current-context": "c",
            }
        )
    )
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:1: no answer") as error:
        read_cluster(str(path), None)
    assert len(error.value.messages) == 1
