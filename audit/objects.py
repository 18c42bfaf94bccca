"""Objects of the live cluster to resources: each is a ``kubernetes_manifest``, whose form the proof reads already.

What Kubernetes and GKE make for themselves is set aside and counted, by rules that a user cannot slip through: built-in
bindings whose subjects are all Kubernetes' own, and system workloads whose images are all Google's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from audit.model import Json, Live, Seen

# Fields the API server fills in for itself.
_METADATA = ("name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers")
_BOOKKEEPING = re.compile(r"kubectl\.kubernetes\.io/last-applied-configuration|deployment\.kubernetes\.io/.*")
# What comes and goes with the cluster's work and says nothing that its makers do not: events, leases, addresses of endpoints.
_TRANSIENT = frozenset(
    {
        "Event", "Lease", "Endpoints", "EndpointSlice", "ControllerRevision", "Node", "ComponentStatus", "PodMetrics", "NodeMetrics",
        "CSINode", "VolumeAttachment", "LeaseCandidate", "IPAddress", "CSIStorageCapacity", "StorageVersion", "ResourceSlice",
        "PriorityLevelConfiguration", "FlowSchema", "ServiceCIDR", "CiliumEndpoint", "CiliumIdentity", "CiliumNode", "PodTemplate",
    }
)  # fmt: skip
# Namespaces that GKE keeps for itself.
_SYSTEM = re.compile(r"kube-system|kube-public|kube-node-lease|gke-managed-[a-z-]+|gmp-system|gmp-public")
# Registries whose images only Google publishes. Source: GKE's documentation of its system images.
_GOOGLE = re.compile(
    r"(?:gke\.gcr\.io|(?:[a-z0-9-]+-)?artifactregistry\.gcr\.io/gke-release|[a-z0-9-]+-docker\.pkg\.dev/gke-release(?:-[a-z]+)?|registry\.k8s\.io|k8s\.gcr\.io)/.+"
)
_PODS = (
    "Pod",
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "ReplicationController",
)
# What the controller manager puts into every namespace.
_EVERYWHERE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}


def live_objects(items: Iterable[Json], seen: Seen) -> None:
    """Add the cluster's objects to what was seen."""
    for item in items:
        kind = str(item.get("kind"))
        metadata = item.get("metadata") or {}
        why = _own(kind, metadata, item)
        if why is None:
            seen.live.append(_manifest(item))
        elif why:
            seen.set_aside(why)


def _own(kind: str, metadata: Mapping[str, Any], item: Json) -> str | None:
    """Why an object is the cluster's own: empty where that need not be said, None for everybody else's."""
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
    if kind in _TRANSIENT or (kind, name) in _EVERYWHERE or _made_by_another(kind, metadata):
        return ""
    if kind in ("ClusterRoleBinding", "RoleBinding") and name.startswith("system:") and _subjects_own(item):
        return "bindings of Kubernetes' own identities"
    if kind == "ClusterRoleBinding" and name == "cluster-admin" and _is_masters(item):
        return "bindings of Kubernetes' own identities"
    if (
        _SYSTEM.fullmatch(namespace)
        and kind in _PODS
        and all(_GOOGLE.fullmatch(image) for image in _images(item))
    ):
        return "system workloads whose images are all Google's"
    if _SYSTEM.fullmatch(namespace) and kind in ("ServiceAccount", "ConfigMap", "Secret"):
        return "identities and settings of the system's namespaces"
    if kind == "Namespace" and (_SYSTEM.fullmatch(name) or name == "default"):
        return "the system's namespaces"
    if kind == "Service" and (namespace, name) == ("default", "kubernetes"):
        return "the API server's own service"
    if kind == "APIService" and (item.get("spec") or {}).get("service") is None:
        return ""
    if kind == "PriorityClass" and name.startswith("system-"):
        return "the system's priority classes"
    return None


def _made_by_another(kind: str, metadata: Mapping[str, Any]) -> bool:
    """Whether a controller made it from an object that is read itself: a Job's pods, a Deployment's replica sets."""
    owners = metadata.get("ownerReferences") or ()
    makers = {
        "Pod": ("ReplicaSet", "Job", "DaemonSet", "StatefulSet", "ReplicationController"),
        "ReplicaSet": ("Deployment",),
        "Job": ("CronJob",),
    }
    return any(owner.get("controller") and owner.get("kind") in makers.get(kind, ()) for owner in owners)


def _subjects_own(item: Json) -> bool:
    return all(
        (subject.get("kind") in ("User", "Group") and str(subject.get("name", "")).startswith("system:"))
        or (subject.get("kind") == "ServiceAccount" and subject.get("namespace") == "kube-system")
        for subject in item.get("subjects") or ()
    ) and not {"system:anonymous", "system:unauthenticated", "system:authenticated"} & _named_widely(item)


def _named_widely(item: Json) -> set[str]:
    """Subjects that anybody is, of a binding that gives more than discovery."""
    if (item.get("roleRef") or {}).get("name") in (
        "system:basic-user",
        "system:discovery",
        "system:public-info-viewer",
    ):
        return set()
    return {str(subject.get("name")) for subject in item.get("subjects") or ()}


def _is_masters(item: Json) -> bool:
    return [(subject.get("kind"), subject.get("name")) for subject in item.get("subjects") or ()] == [
        ("Group", "system:masters")
    ]


def _images(item: Json) -> list[str]:
    spec = item.get("spec") or {}
    for step in ("jobTemplate", "template"):
        if step in spec:
            spec = (spec[step] or {}).get("spec") or {}
    containers = [
        *(spec.get("containers") or ()),
        *(spec.get("initContainers") or ()),
        *(spec.get("ephemeralContainers") or ()),
    ]
    return [str(container.get("image", "")) for container in containers] or [""]


def _manifest(item: Json) -> Live:
    metadata = item.get("metadata") or {}
    kept = {key: metadata[key] for key in _METADATA if metadata.get(key)}
    annotations = {
        key: value
        for key, value in (kept.pop("annotations", None) or {}).items()
        if not _BOOKKEEPING.fullmatch(key)
    }
    if annotations:
        kept["annotations"] = annotations
    body = {key: value for key, value in item.items() if key not in ("metadata", "status")} | {
        "metadata": kept
    }
    kind, name, namespace = str(item.get("kind")), str(metadata.get("name", "")), metadata.get("namespace")
    label = "-".join(
        part for part in (kind.lower(), namespace, re.sub(r"[^A-Za-z0-9_-]+", "-", name)) if part
    )
    place = f"namespaces/{namespace}/" if namespace else ""
    return Live(
        "kubernetes_manifest", label, {"manifest": body}, f"{item.get('apiVersion')}/{place}{kind}/{name}"
    )
