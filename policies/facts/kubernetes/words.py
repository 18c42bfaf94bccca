"""Terraform's words for Kubernetes objects and the API's own, both ways.

The provider writes ``container`` where the API has the list ``containers``, ``host_pid`` for ``hostPID``, and wraps
single blocks in lists. Source: the schemas of hashicorp/kubernetes 2.38.0 and of the Kubernetes API v1.34.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

# Blocks that are lists in the API, and what they are called there.
_LISTS = {
    "container": "containers", "init_container": "initContainers", "volume": "volumes", "env": "env",
    "env_from": "envFrom", "volume_mount": "volumeMounts", "volume_device": "volumeDevices",
    "toleration": "tolerations", "host_aliases": "hostAliases", "image_pull_secrets": "imagePullSecrets",
    "image_pull_secret": "imagePullSecrets", "sysctl": "sysctls", "option": "options", "rule": "rules",
    "subject": "subjects", "webhook": "webhooks", "subset": "subsets", "address": "addresses",
    "not_ready_address": "notReadyAddresses", "endpoint": "endpoints", "limit": "limits", "tls": "tls",
    "ports": "ports", "egress": "egress", "ingress": "ingress", "from": "from", "to": "to", "items": "items",
    "sources": "sources", "match_expressions": "matchExpressions", "match_expression": "matchExpressions",
    "match_fields": "matchFields", "http_header": "httpHeaders", "readiness_gate": "readinessGates",
    "topology_spread_constraint": "topologySpreadConstraints", "node_selector_term": "nodeSelectorTerms",
    "volume_claim_template": "volumeClaimTemplates", "cluster_role_selectors": "clusterRoleSelectors",
    "match_label_expressions": "matchLabelExpressions", "taint": "taints",
    "on_pod_condition": "onPodConditions", "allowed_topologies": "allowedTopologies",
}  # fmt: skip

# Words whose capitals do not follow from the underscores, and words that are other words.
_IRREGULAR = {
    "host_pid": "hostPID", "host_ipc": "hostIPC", "host_ip": "hostIP", "cluster_ip": "clusterIP",
    "cluster_ips": "clusterIPs", "external_ips": "externalIPs", "load_balancer_ip": "loadBalancerIP",
    "non_resource_urls": "nonResourceURLs", "insecure_skip_tls_verify": "insecureSkipTLSVerify",
    "set_hostname_as_fqdn": "setHostnameAsFQDN", "client_ip": "clientIP", "downward_api": "downwardAPI",
    "ceph_fs": "cephfs", "storage_provisioner": "provisioner", "scale_io": "scaleIO", "target_wwns": "targetWWNs",
}  # fmt: skip
_IRREGULAR_BACK = {api: terraform for terraform, api in _IRREGULAR.items()}
_LISTS_BACK = {
    api: terraform
    for terraform, api in _LISTS.items()
    if terraform not in ("image_pull_secret", "match_expression")
}

# Maps whose keys are data, not words.
_VERBATIM = frozenset(
    {
        "labels", "annotations", "match_labels", "limits", "requests", "hard", "data", "string_data",
        "binary_data", "node_selector", "parameters", "volume_attributes", "options", "default",
        "default_request", "max", "min", "max_limit_request_ratio", "capacity", "allocatable", "csi_volume_attributes",
    }
)  # fmt: skip


def to_api(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The arguments of a typed resource as the object's manifest, without ``apiVersion`` and ``kind``."""
    converted = _mapping(body, "", kind)
    source = (
        converted.get("spec", {}).pop("persistentVolumeSource", None) if kind == "PersistentVolume" else None
    )
    if isinstance(source, Mapping):
        converted["spec"].update(source)
    return converted


def _mapping(body: Mapping[str, Any], parent: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if value is None:
            continue
        if type(value) in _SCALARS:
            found[_word(name, parent)] = value
        elif name in _VERBATIM or (name == "selector" and kind in ("Service", "ReplicationController")):
            found[_camel(name)] = _first(value)
        else:
            api, many = _named(name, value, parent)
            converted = _converted(value, name, kind, many)
            if converted is not None:
                found[api] = converted
    return found


_SCALARS = frozenset({str, int, bool, float})


def _block(value: Any) -> bool:
    return type(value) is dict or isinstance(value, Mapping)


def _named(name: str, value: Any, parent: str) -> tuple[str, bool]:
    """The API's word for what is no scalar, and whether it is a list there. Some words depend on where they stand."""
    if name in ("port", "path", "secret") and (
        _block(value) or (isinstance(value, list | tuple) and any(map(_block, value)))
    ):
        if name == "port" and parent != "service":
            return "ports", True
        if name == "path":
            return "paths", True
        if name == "secret" and not parent:
            return "secrets", True
    return _word(name, parent), name in _LISTS and not (name == "ingress" and parent == "load_balancer")


def _word(name: str, parent: str) -> str:
    if name in _LISTS and not (name == "ingress" and parent == "load_balancer"):
        return _LISTS[name]
    return _camel(name)


def _converted(value: Any, name: str, kind: str, many: bool) -> Any:
    if _block(value):
        inner = _mapping(value, name, kind)
        return [inner] if many else inner
    if not isinstance(value, list | tuple):
        return value
    if many or value == [None]:  # a block whose arguments are all null is an empty block, not an absent one
        items = [{} if item is None else item for item in value]
    else:
        items = [item for item in value if item is not None]
    items = [_mapping(item, name, kind) if _block(item) else item for item in items]
    if many:
        return items
    if any(map(_block, items)):
        return items[0]
    return items or None  # plans write absent blocks as empty lists


def _first(value: Any) -> Any:
    return (
        value[0]
        if isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], Mapping)
        else value
    )


@cache
def _camel(name: str) -> str:
    if name in _IRREGULAR:
        return _IRREGULAR[name]
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


_DATA = frozenset(_camel(name) for name in _VERBATIM)
_STEP = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")


@cache
def to_terraform(path: str, kind: str) -> str:
    """An object's path (``spec.containers[0].hostPID``) in the words of the typed resource."""
    steps = [(found[1], found[2]) for found in _STEP.finditer(path)]
    words: list[str] = []
    for index, (word, places) in enumerate(steps):
        before = steps[index - 1][0] if index else ""
        if before in _DATA:
            words.append(word + places)
            continue
        if kind == "PersistentVolume" and before == "spec" and word not in _VOLUME_FIELDS:
            words.append("persistent_volume_source")
        words.append(_snake(word, before, kind) + places)
    return ".".join(words)


_VOLUME_FIELDS = frozenset(
    {"accessModes", "capacity", "claimRef", "mountOptions", "persistentVolumeReclaimPolicy", "storageClassName", "volumeMode", "nodeAffinity"}
)  # fmt: skip


@cache
def _snake(word: str, before: str, kind: str) -> str:
    if word == "imagePullSecrets" and kind == "ServiceAccount":
        return "image_pull_secret"
    if word == "ports" and before in ("egress", "ingress"):
        return "ports"
    if word in ("ports", "paths", "secrets"):
        return word[:-1]
    if word in _LISTS_BACK:
        return _LISTS_BACK[word]
    if word in _IRREGULAR_BACK:
        return _IRREGULAR_BACK[word]
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", word)
