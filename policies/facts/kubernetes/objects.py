"""Every Kubernetes object of the snapshot in one form: the API's own words, wherever it was written.

Typed resources (``kubernetes_deployment``), ``kubernetes_manifest`` and the YAML payloads of other providers all
become ``Object``. What cannot be read is ``opaque``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from policies.expressions.values import Unknown
from policies.facts.kubernetes.words import to_api, to_terraform
from policies.facts.resource import Block, Res
from policies.facts.world import World, fact

# Typed resources by the stem of their type: API group and kind. ``kubernetes_<stem>`` and its versioned forms.
_TYPED = {
    "pod": ("", "Pod"), "replication_controller": ("", "ReplicationController"), "deployment": ("apps", "Deployment"),
    "daemonset": ("apps", "DaemonSet"), "daemon_set": ("apps", "DaemonSet"), "stateful_set": ("apps", "StatefulSet"),
    "job": ("batch", "Job"), "cron_job": ("batch", "CronJob"), "namespace": ("", "Namespace"),
    "network_policy": ("networking.k8s.io", "NetworkPolicy"), "role": ("rbac.authorization.k8s.io", "Role"),
    "cluster_role": ("rbac.authorization.k8s.io", "ClusterRole"),
    "role_binding": ("rbac.authorization.k8s.io", "RoleBinding"),
    "cluster_role_binding": ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    "service_account": ("", "ServiceAccount"), "default_service_account": ("", "ServiceAccount"),
    "secret": ("", "Secret"), "config_map": ("", "ConfigMap"), "service": ("", "Service"),
    "ingress": ("networking.k8s.io", "Ingress"), "ingress_class": ("networking.k8s.io", "IngressClass"),
    "endpoints": ("", "Endpoints"), "endpoint_slice": ("discovery.k8s.io", "EndpointSlice"),
    "persistent_volume": ("", "PersistentVolume"), "persistent_volume_claim": ("", "PersistentVolumeClaim"),
    "storage_class": ("storage.k8s.io", "StorageClass"), "csi_driver": ("storage.k8s.io", "CSIDriver"),
    "resource_quota": ("", "ResourceQuota"), "limit_range": ("", "LimitRange"),
    "validating_webhook_configuration": ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    "mutating_webhook_configuration": ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    "api_service": ("apiregistration.k8s.io", "APIService"), "priority_class": ("scheduling.k8s.io", "PriorityClass"),
    "pod_disruption_budget": ("policy", "PodDisruptionBudget"),
    "horizontal_pod_autoscaler": ("autoscaling", "HorizontalPodAutoscaler"),
    "runtime_class": ("node.k8s.io", "RuntimeClass"), "token_request": ("authentication.k8s.io", "TokenRequest"),
    "certificate_signing_request": ("certificates.k8s.io", "CertificateSigningRequest"),
    "pod_security_policy": ("policy", "PodSecurityPolicy"),
}  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z]|$)|[A-Z]?[a-z0-9]+")
_VERSION = re.compile(r"_v\d+(?:(?:alpha|beta)\d+)?$")

# Other providers' resources that carry manifests as text, and the argument that holds them.
YAML_PAYLOADS = {
    "kubectl_manifest": "yaml_body", "k8s_manifest": "content", "kustomization_resource": "manifest",
}  # fmt: skip

_CLUSTER_SCOPED = frozenset(
    {
        "Namespace", "ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass", "CSIDriver",
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "PriorityClass",
        "RuntimeClass", "IngressClass", "CertificateSigningRequest", "PodSecurityPolicy", "CustomResourceDefinition",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding", "CiliumClusterwideNetworkPolicy", "ClusterSecretStore", "ClusterIssuer",
        "VolumeSnapshotClass", "VolumeSnapshotContent", "GatewayClass", "Node", "FlowSchema",
        "PriorityLevelConfiguration", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy",
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Object:
    """One Kubernetes object. ``place`` is the argument of ``res`` it stands in, empty for a typed resource."""

    res: Res
    kind: str
    group: str
    raw: Mapping[str, Any]
    place: str = ""

    @cached_property
    def body(self) -> Block:
        """The manifest, without ``apiVersion`` and ``kind`` where the resource is typed."""
        return Block(self.raw if self.place else to_api(self.raw, self.kind), "")

    @cached_property
    def _metadata(self) -> Block:
        found = Block(self.raw, "").blocks("metadata")
        return found[0] if found else Block({}, "metadata")

    @cached_property
    def name(self) -> str | Unknown | None:
        """None where the API server makes one up."""
        value = self._metadata.get("name")
        if value is None and self.res.type.startswith("kubernetes_default_service_account"):
            return "default"
        return value if value is None or isinstance(value, Unknown) else str(value)

    @cached_property
    def namespace(self) -> str | Unknown | None:
        """None for what is not in a namespace; ``default`` where none is given."""
        if self.kind in _CLUSTER_SCOPED:
            return None
        value = self._metadata.get("namespace", self.res.get("override_namespace", "default"))
        return value if isinstance(value, Unknown) else str(value)

    @property
    def labels(self) -> Mapping[str, Any] | Unknown:
        return _map(self._metadata.get("labels"))

    @property
    def annotations(self) -> Mapping[str, Any] | Unknown:
        return _map(self._metadata.get("annotations"))

    @property
    def address(self) -> str:
        return self.res.address

    @property
    def subject(self) -> str:
        """The object's name where it is literal, else the address."""
        return self.name if isinstance(self.name, str) and self.name else self.res.address

    def where(self, path: str) -> str:
        """A path of the manifest as an attribute of the resource, in the resource's own words."""
        if not self.place:
            return to_terraform(path, self.kind)
        return (
            self.place if self.res.type in YAML_PAYLOADS else f"{self.place}.{path}" if path else self.place
        )

    def __str__(self) -> str:
        """As people say it: ``deployment app of namespace team-a``."""
        words = (word if word.isupper() else word.lower() for word in _WORD.findall(self.kind))
        inside = f" of namespace {self.namespace}" if isinstance(self.namespace, str) else ""
        return f"{' '.join(words)} {self.subject}{inside}"


def _map(value: Any) -> Mapping[str, Any] | Unknown:
    return value if isinstance(value, Mapping | Unknown) else {}


@dataclass(frozen=True, slots=True)
class Opaque:
    """A payload whose objects cannot be read, and why: a phrase."""

    res: Res
    attribute: str
    why: str


@fact
def _read(world: World) -> tuple[dict[str, list[Object]], list[Opaque]]:
    found: dict[str, list[Object]] = {}
    opaque: list[Opaque] = []
    for type_ in world.types:
        for res in world.of(type_) if not type_.startswith("data.") else ():
            for item in _objects_of(res):
                if isinstance(item, Opaque):
                    opaque.append(item)
                else:
                    found.setdefault(item.kind, []).append(item)
    return found, opaque


def objects(world: World, *kinds: str) -> list[Object]:
    """The objects of the given kinds, in input order per kind."""
    found = _read(world)[0]
    return [item for kind in kinds for item in found.get(kind, ())]


def kinds(world: World) -> list[str]:
    """Every kind present, sorted."""
    return sorted(_read(world)[0])


def opaque(world: World) -> list[Opaque]:
    """Payloads that cannot be read."""
    return _read(world)[1]


def _objects_of(res: Res) -> Iterator[Object | Opaque]:
    if res.type == "kubernetes_manifest":
        yield from _manifest(res, res.get("manifest"), "manifest")
    elif res.type in YAML_PAYLOADS:
        yield from _payload(res, YAML_PAYLOADS[res.type])
    elif res.type.startswith("kubernetes_"):
        group_kind = _TYPED.get(_VERSION.sub("", res.type.removeprefix("kubernetes_")))
        if group_kind:
            yield Object(res, group_kind[1], group_kind[0], res.values)


def _payload(res: Res, attribute: str) -> Iterator[Object | Opaque]:
    text = res.get(attribute)
    if not isinstance(text, str):
        yield Opaque(res, attribute, text.reason if isinstance(text, Unknown) else "it is not text")
        return
    try:
        documents = list(yaml.load_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError):
        yield Opaque(res, attribute, "it is not YAML")
        return
    for document in documents:
        if document is not None:
            yield from _manifest(res, document, attribute)


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _manifest(res: Res, manifest: Any, place: str) -> Iterator[Object | Opaque]:
    if isinstance(manifest, Unknown) or not isinstance(manifest, Mapping):
        yield Opaque(res, place, manifest.reason if isinstance(manifest, Unknown) else "it is not an object")
        return
    kind, version = manifest.get("kind"), manifest.get("apiVersion", "v1")
    if not isinstance(kind, str) or not isinstance(version, str):
        yield Opaque(res, place, "its kind is not known")
        return
    items = manifest.get("items")
    if kind.endswith("List") and isinstance(items, list | tuple):
        for index, item in enumerate(items):
            yield from _manifest(res, item, f"{place}.items[{index}]")
        return
    group = version.rpartition("/")[0]
    yield Object(res, kind, group, manifest, place)
