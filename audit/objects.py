"""Objects of the live cluster to resources: each is a ``kubernetes_manifest``, whose form the proof reads already.

What Kubernetes and GKE make for themselves is set aside and counted, by rules that a user cannot slip through: built-in
bindings whose subjects are all Kubernetes' own, and system workloads whose images are all Google's.
"""

from __future__ import annotations

import re
from collections.abc import Collection
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
# What the controller manager puts into every namespace, with an annotation that describes it at most.
_EVERYWHERE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_DESCRIBING = {"kubernetes.io/description"}
_LENT = "iam.gke.io/gcp-service-account"
_BOOTSTRAP = "kubernetes.io/bootstrapping"
# Bindings every cluster has for everybody. Source: Kubernetes' RBAC reference, "API discovery roles".
_FOR_ALL = ("system:basic-user", "system:discovery", "system:public-info-viewer")
# An OperatorConfig of these parts says what is scraped; any other may send alerts or metrics somewhere else.
_SCRAPES = {"apiVersion", "kind", "metadata", "collection", "features", "scaling"}
# What GKE's products install, by Google's domains in its name. Judged like everything else, and no drift.
_INSTALLED = frozenset(
    {
        "CustomResourceDefinition", "CSIDriver", "StorageClass", "VolumeSnapshotClass", "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration", "APIService", "RuntimeClass", "GatewayClass", "IngressClass",
    }
)  # fmt: skip
_PRODUCT = re.compile(r"(?:\.|^)(?:googleapis\.com|gke\.io|k8s\.io|cloud\.google\.com)$")
# Who makes an object of a kind from a template of its own.
_MAKERS = {
    "Pod": ("ReplicaSet", "Job", "DaemonSet", "StatefulSet", "ReplicationController"), "ReplicaSet": ("Deployment",), "Job": ("CronJob",),
}  # fmt: skip
# Groups that are components: what the control plane and nodes log in as. Source: Kubernetes' RBAC reference.
_GROUPS = frozenset({"system:masters", "system:nodes", "system:monitoring", "system:bootstrappers"})
# Users are all of those whose names Kubernetes keeps for itself, and three of GKE's; on GKE a person's has an @.
_USER = re.compile(r"system:(?!anonymous$|serviceaccount:).+|kubelet|kube-apiserver|node-problem-detector")


def live_objects(items: Collection[Json], seen: Seen) -> None:
    """Add the cluster's objects to what was seen."""
    cluster = _Cluster(items)
    for item in items:
        why = cluster.own(item)
        if why is None:
            seen.live.append(_manifest(item, cluster.maker(item)))
        elif why:
            seen.set_aside(why)


class _Cluster:
    """What has to be known of the other objects to say whose one is."""

    def __init__(self, items: Collection[Json]) -> None:
        self._by_uid = {str(_metadata(item)["uid"]): item for item in items if _metadata(item).get("uid")}
        self._roles = {
            str(_metadata(item).get("name")): item for item in items if item.get("kind") == "ClusterRole"
        }
        self._services = {
            (str(_metadata(item).get("namespace")), str(_metadata(item).get("name"))): item
            for item in items
            if item.get("kind") == "Service"
        }
        self._teams = {
            str(_metadata(item).get("name"))
            for item in items
            if item.get("kind") == "Namespace"
            and "cloister.dev/team" in (_metadata(item).get("labels") or {})
        }

    def own(self, item: Json) -> str | None:
        """Why an object is the cluster's own: empty where that need not be said, None for everybody else's."""
        kind, metadata = str(item.get("kind")), _metadata(item)
        name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
        system = bool(_SYSTEM.fullmatch(namespace))
        if kind in _TRANSIENT or self._is_copy(item):
            return ""
        if (kind, name) in _EVERYWHERE and not metadata.get("annotations", {}).keys() - _DESCRIBING:
            return ""
        if kind in ("ClusterRoleBinding", "RoleBinding") and _subjects_own(item):
            return "bindings of Kubernetes' and GKE's own identities"
        if kind == "ClusterRoleBinding" and name in _FOR_ALL and self._asks_of_itself(item):
            return "bindings by which whoever logs in may ask what there is and who he is"
        if system and kind in _PODS and all(_GOOGLE.fullmatch(image) for image in _images(item)):
            return "system workloads whose images are all Google's"
        if system and kind in ("ConfigMap", "Secret"):
            return "settings of the system's namespaces"
        if system and kind == "ServiceAccount" and _LENT not in (metadata.get("annotations") or {}):
            return "identities of the system's namespaces"
        if kind == "Namespace" and (_SYSTEM.fullmatch(name) or name == "default"):
            return "the system's namespaces"
        if kind == "Service" and (namespace, name) == ("default", "kubernetes"):
            return "the API server's own service"
        if kind == "APIService" and (item.get("spec") or {}).get("service") is None:
            return ""
        if kind == "APIService" and self._served_by_the_system(item):
            return "APIs that the system's own services answer"
        if kind == "OperatorConfig" and namespace == "gmp-public" and _only_scrapes(item):
            return "managed Prometheus as GKE sets it up"
        if kind == "PriorityClass" and name.startswith("system-"):
            return "the system's priority classes"
        if kind.endswith("WebhookConfiguration") and _to_itself(item):
            return "webhooks of the control plane to itself"
        return None

    def maker(self, item: Json) -> str:
        """Who makes such an object where no code does, empty where somebody must have."""
        kind, metadata = str(item.get("kind")), _metadata(item)
        if (
            kind in ("ClusterRole", "Role")
            and (metadata.get("labels") or {}).get(_BOOTSTRAP) == "rbac-defaults"
        ):
            return "Kubernetes, in every cluster"
        if _SYSTEM.fullmatch(str(metadata.get("namespace"))):
            return "GKE, in namespaces of its own"
        if kind in _INSTALLED and _PRODUCT.search(str(item.get("provisioner") or metadata.get("name"))):
            return "GKE, in every cluster"
        if kind in ("Pod", "Job", "CronJob") and metadata.get("namespace") in self._teams:
            return "a team, whose runs they are"
        if (
            kind in ("ClusterRoleBinding", "RoleBinding")
            and (metadata.get("labels") or {}).get(_BOOTSTRAP) == "rbac-defaults"
        ):
            return "Kubernetes, in every cluster"
        return ""

    def _served_by_the_system(self, item: Json) -> bool:
        """Whether an aggregated API is answered by pods of a system namespace, whose images are judged on their own."""
        service = (item.get("spec") or {}).get("service") or {}
        place = (str(service.get("namespace")), str(service.get("name")))
        spec = (self._services.get(place) or {}).get("spec") or {}
        return (
            bool(_SYSTEM.fullmatch(place[0]) and spec.get("selector"))
            and spec.get("type", "ClusterIP") == "ClusterIP"
        )

    def _asks_of_itself(self, item: Json) -> bool:
        """Whether a binding gives its role of the same name, and that role is what Kubernetes ships: paths of discovery to
        be read, and questions about oneself. One that was widened is judged."""
        name = _metadata(item).get("name")
        role = self._roles.get(str((item.get("roleRef") or {}).get("name")))
        rules = (role or {}).get("rules") or ()
        return bool(rules) and _metadata(role or {}).get("name") == name and all(
            (rule.get("nonResourceURLs") and not rule.get("resources") and set(rule.get("verbs") or ()) <= {"get"})
            or (all(str(what).startswith("selfsubject") for what in rule.get("resources") or ("",)) and rule.get("verbs") == ["create"])
            for rule in rules
        )  # fmt: skip

    def _is_copy(self, item: Json) -> bool:
        """Whether a controller made it from an object that is read itself, and it is what that object says: a Job's pods,
        a Deployment's replica sets. Anybody may name an owner; what differs from it is judged."""
        for owner in _metadata(item).get("ownerReferences") or ():
            whole = self._by_uid.get(str(owner.get("uid")))
            if (
                whole is not None
                and owner.get("controller")
                and whole.get("kind") in _MAKERS.get(str(item.get("kind")), ())
            ):
                return bool(_runs(item) == _runs(whole))
        return False


def _metadata(item: Json) -> Json:
    found: Json = item.get("metadata") or {}
    return found


def _pod_spec(item: Json) -> Json:
    spec: Json = item.get("spec") or {}
    for step in ("jobTemplate", "template"):
        if step in spec:
            spec = (spec[step] or {}).get("spec") or {}
    return spec


def _runs(item: Json) -> Any:
    """What a workload runs, and as whom: what admission and the kubelet add to a pod is not of it."""
    spec = _pod_spec(item)
    containers = [
        {key: container.get(key) for key in ("name", "image", "command", "args", "env", "envFrom", "securityContext", "lifecycle")}
        for part in ("initContainers", "containers", "ephemeralContainers")
        for container in spec.get(part) or ()
    ]  # fmt: skip
    volumes = [
        volume
        for volume in spec.get("volumes") or ()
        if not str(volume.get("name")).startswith("kube-api-access-")
    ]
    flags = {
        key: spec.get(key) or None
        for key in ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "runtimeClassName")
    }
    return containers, volumes, flags, spec.get("serviceAccountName") or "default"


def _subjects_own(item: Json) -> bool:
    """Whether everybody a binding is for is a component of Kubernetes or of GKE. Groups that anybody is in are not."""
    subjects = item.get("subjects") or ()
    return bool(subjects) and all(
        (subject.get("kind") == "Group" and subject.get("name") in _GROUPS)
        or (subject.get("kind") == "User" and _USER.fullmatch(str(subject.get("name"))))
        or (subject.get("kind") == "ServiceAccount" and _SYSTEM.fullmatch(str(subject.get("namespace"))))
        for subject in subjects
    )


def _only_scrapes(item: Json) -> bool:
    """Whether managed Prometheus is told nothing but what to scrape: neither a project or credentials of its own, nor alerts."""
    return item.keys() <= _SCRAPES and (item.get("collection") or {}).keys() <= {
        "kubeletScraping",
        "compression",
    }


def _to_itself(item: Json) -> bool:
    """Whether the API server calls nobody but its own machine."""
    urls = [str((hook.get("clientConfig") or {}).get("url", "")) for hook in item.get("webhooks") or ()]
    return bool(urls) and all(re.match(r"https://(?:localhost|127\.0\.0\.1)(?::\d+)?/", url) for url in urls)


def _images(item: Json) -> list[str]:
    spec = _pod_spec(item)
    parts = ("containers", "initContainers", "ephemeralContainers")
    return [str(container.get("image", "")) for part in parts for container in spec.get(part) or ()] or [""]


def _manifest(item: Json, made: str) -> Live:
    metadata = _metadata(item)
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
    seen = f"{item.get('apiVersion')}/{place}{kind}/{name}"
    return Live("kubernetes_manifest", label, {"manifest": body}, seen, made=made)
