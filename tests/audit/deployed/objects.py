"""What the API server would list."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from cloister.declarations import Job, load
from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import kinds, objects
from policies.facts.world import World
from runner.client.cluster.manifests import Pinned, run_manifest
from runner.client.cluster.place import Place
from tests.audit.deployed.words import Json
from tests.stacks.trees import ROOT


def cluster(world: World) -> Iterator[Json]:
    """The objects of the tree as the API server would list them, and what every cluster has by itself."""
    for item in objects(world, *kinds(world)):
        body = copy.deepcopy(plain(item.body.values))
        body.pop("status", None)
        version = "v1" if not item.group else f"{item.group}/v1"
        body |= {
            "apiVersion": item.raw.get("apiVersion", version) if item.place else version,
            "kind": item.kind,
        }
        body["metadata"] = {**(body.get("metadata") or {})} | {
            "uid": "0b1c",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [],
        }
        yield body
    for namespace in ("default", "kube-system", "kube-public", "kube-node-lease"):
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"kubernetes.io/metadata.name": namespace}},
        }
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": namespace},
        }
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
        }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": "10.24.0.1", "ports": [{"port": 443}], "type": "ClusterIP"},
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:masters"}],
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "anetd", "namespace": "kube-system"},
        "spec": {
            "template": {
                "spec": {
                    "hostNetwork": True,
                    "containers": [
                        {
                            "name": "cilium",
                            "image": "europe-west1-artifactregistry.gcr.io/gke-release/gke-release/cilium:v1",
                            "securityContext": {"privileged": True},
                        }
                    ],
                }
            }
        },
    }
    rbac = "rbac.authorization.k8s.io/v1"
    own = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    for name, rules in (
        ("system:discovery", [{"nonResourceURLs": ["/api", "/api/*", "/version"], "verbs": ["get"]}]),
        (
            "system:basic-user",
            [
                {
                    "apiGroups": ["authorization.k8s.io"],
                    "resources": ["selfsubjectaccessreviews"],
                    "verbs": ["create"],
                }
            ],
        ),
    ):
        yield {
            "apiVersion": rbac,
            "kind": "ClusterRole",
            "metadata": {"name": name, "labels": own},
            "rules": rules,
        }
        yield {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name, "labels": own},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [
                {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"}
            ],
        }
    yield from _of_gke()
    yield from _run()


def _of_gke() -> Iterator[Json]:
    """What GKE puts into every cluster: its components' rights, its webhooks, storage and metrics."""
    rbac, api = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
    for name, role, subject in (
        (
            "event-exporter-rb",
            "view",
            {"kind": "ServiceAccount", "name": "event-exporter-sa", "namespace": "kube-system"},
        ),
        ("kubelet-cluster-admin", "system:node", {"kind": "User", "apiGroup": api, "name": "kubelet"}),
        (
            "kube-apiserver-kubelet-api-admin",
            "kubelet-api-admin",
            {"kind": "User", "apiGroup": api, "name": "kube-apiserver"},
        ),
        (
            "npd-binding",
            "system:node-problem-detector",
            {"kind": "User", "apiGroup": api, "name": "system:node-problem-detector"},
        ),
        (
            "system:konnectivity-server",
            "system:auth-delegator",
            {"kind": "User", "apiGroup": api, "name": "system:konnectivity-server"},
        ),
        (
            "gmp-system:operator",
            "gmp-system:operator",
            {"kind": "ServiceAccount", "name": "operator", "namespace": "gmp-system"},
        ),
        (
            "system:gke-controller",
            "system:gke-controller",
            {"kind": "User", "apiGroup": api, "name": "system:gke-controller"},
        ),
    ):
        yield {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        }
    for name in ("gmp-system", "gmp-public", "gke-managed-system"):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    hook = {"name": "neg.common-webhooks.networking.gke.io", "clientConfig": {"url": "https://localhost:5443/webhook/neg"}, "failurePolicy": "Ignore", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}]}  # fmt: skip
    yield {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "neg-annotation.config.common-webhooks.networking.gke.io"},
        "webhooks": [hook],
    }
    inside = {**hook, "name": "default.podmonitorings.gmp-operator.gmp-system.monitoring.googleapis.com", "clientConfig": {"service": {"name": "gmp-operator", "namespace": "gmp-system", "path": "/x", "port": 443}},
              "rules": [{"apiGroups": ["monitoring.googleapis.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["podmonitorings"]}]}  # fmt: skip
    yield {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "gmp-operator.gmp-system.monitoring.googleapis.com"},
        "webhooks": [inside],
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "gmp-operator", "namespace": "gmp-system"},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.24.0.9",
            "ports": [{"port": 443}],
            "selector": {"app": "managed-prometheus-operator"},
        },
    }
    yield {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard-rwo"},
        "provisioner": "pd.csi.storage.gke.io",
        "parameters": {"type": "pd-balanced"},
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    yield {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": "pd.csi.storage.gke.io"},
        "spec": {"attachRequired": True, "podInfoOnMount": False},
    }
    yield {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "metrics-server", "namespace": "kube-system"},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.24.0.8",
            "ports": [{"port": 443}],
            "selector": {"k8s-app": "metrics-server"},
        },
    }
    yield {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "podmonitorings.monitoring.googleapis.com"},
        "spec": {
            "group": "monitoring.googleapis.com",
            "names": {"kind": "PodMonitoring", "plural": "podmonitorings"},
            "scope": "Namespaced",
            "conversion": {"strategy": "None"},
            "versions": [],
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "gcp-critical-pods", "namespace": "kube-system"},
        "spec": {"hard": {"pods": "1G"}},
    }
    yield {
        "apiVersion": "monitoring.googleapis.com/v1",
        "kind": "OperatorConfig",
        "metadata": {"name": "config", "namespace": "gmp-public"},
    }


def _run() -> Iterator[Json]:
    """A run that a team has submitted, and the pod its Job made."""
    declared = load(ROOT)
    place = Place(declared, declared.teams["fakespot"])
    job = run_manifest(
        Pinned(
            place,
            Job.model_validate(
                {"name": "small", "run": ["true"], "code": "src", "resources": {"cpu": 2, "memory": "4Gi"}}
            ),
            "{}",
        ),
        "20261130-084011-0123abcd",
    )
    job["metadata"] |= {
        "name": job["metadata"].get("name", "small-x1y2z"),
        "namespace": "team-fakespot",
        "uid": "run-1",
    }
    yield job
    template = copy.deepcopy(job["spec"]["template"])
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": "run-1",
        "controller": True,
    }
    metadata = {
        **template.get("metadata", {}),
        "name": "small-x1y2z-0-abcde",
        "namespace": "team-fakespot",
        "uid": "pod-1",
        "ownerReferences": [owner],
    }
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template["spec"] | {"nodeName": "gke-ml-cpu-1a2b3c4d-x1y2"},
        "status": {"phase": "Running"},
    }


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items() if not isinstance(inner, Unknown)}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
