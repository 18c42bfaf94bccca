"""What rights in a cluster come to: powers by name, each with the RBAC rule and the IAM permissions that give it.

GKE's authoriser allows what either RBAC or IAM (``container.*``) allows. Sources: kubernetes.io/docs/reference/access-authn-authz/rbac,
cloud.google.com/kubernetes-engine/docs/how-to/iam.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.facts.kubernetes.builtin_roles import Rule

READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch")
CHANGE = (*WRITE, "delete", "deletecollection")


@dataclass(frozen=True, slots=True)
class Power:
    """``does``: a phrase after "may". Held where a rule has one of ``verbs`` on one of ``resources`` of one of
    ``groups``, or a role one of the IAM permissions ``iam``."""

    name: str
    does: str
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    iam: tuple[str, ...] = ()

    def given_by(self, rules: Iterable[Rule]) -> bool:
        return bool(self.resources) and any(
            _covers(rule.groups, self.groups) and _covers_resource(rule.resources, self.resources)
            and _covers(rule.verbs, self.verbs)
            for rule in rules
        )  # fmt: skip


def _covers(given: frozenset[str], wanted: tuple[str, ...]) -> bool:
    return "*" in given or not given.isdisjoint(wanted)


def _covers_resource(given: frozenset[str], wanted: tuple[str, ...]) -> bool:
    """``*`` is every resource and subresource, ``*/log`` that subresource of all."""
    return _covers(given, wanted) or any(
        "/" in name and "*/" + name.partition("/")[2] in given for name in wanted
    )


def _iam(resource: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"container.{resource}.{verb}" for verb in verbs)


RBAC = ("rbac.authorization.k8s.io",)
_LOADS = ("deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs")

# Ways to take bytes out of a running pod.
SHELL = (
    Power("exec", "open a shell in pods", ("",), ("pods/exec",), ("create", "get"), _iam("pods", "exec")),
    Power("attach", "attach to pods", ("",), ("pods/attach",), ("create", "get"), _iam("pods", "attach")),
    Power(
        "port-forward", "forward ports of pods", ("",), ("pods/portforward",), ("create", "get"),
        _iam("pods", "portForward"),
    ),
    Power(
        "ephemeral containers", "add containers to running pods", ("",), ("pods/ephemeralcontainers",),
        ("update", "patch"),
    ),
    Power(
        "pod proxy", "read from pods through the API server", ("",), ("pods/proxy",), ("*", "get", "create"),
        _iam("pods", "proxy"),
    ),
)  # fmt: skip
PROXY = (
    Power(
        "service proxy", "send requests to services through the API server", ("",), ("services/proxy",),
        ("get", "create", "update", "patch", "delete"), _iam("services", "proxy"),
    ),
    Power(
        "node proxy", "send requests to kubelets through the API server", ("",), ("nodes/proxy",),
        ("get", "create", "update", "patch", "delete"), _iam("nodes", "proxy"),
    ),
)  # fmt: skip
CLUSTER = Power(
    "cluster",
    "change the cluster itself and its endpoints",
    (),
    (),
    (),
    _iam("clusters", "update", "getCredentials", "impersonate"),
)
LOGS = Power(
    "logs", "read the logs of pods", ("",), ("pods/log",), ("get", "list", "watch"), _iam("pods", "getLogs")
)
HOOKS = Power(
    "webhooks", "register webhooks that the API server calls", ("admissionregistration.k8s.io", "apiextensions.k8s.io",
    "apiregistration.k8s.io"),
    ("validatingwebhookconfigurations", "mutatingwebhookconfigurations", "customresourcedefinitions", "apiservices"),
    WRITE,
    (*_iam("mutatingWebhookConfigurations", "create", "update"), *_iam("validatingWebhookConfigurations", "create",
     "update"), *_iam("customResourceDefinitions", "create", "update"), *_iam("apiServices", "create", "update")),
)  # fmt: skip
POLICIES = Power(
    "network policies", "write network policies",
    ("networking.k8s.io", "extensions", "networking.gke.io", "cilium.io", "policy.networking.k8s.io"),
    ("networkpolicies", "fqdnnetworkpolicies", "ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies",
     "adminnetworkpolicies"),
    CHANGE, _iam("networkPolicies", "create", "update", "delete"),
)  # fmt: skip
RELABEL = Power(
    "namespaces",
    "relabel namespaces",
    ("",),
    ("namespaces",),
    ("update", "patch"),
    _iam("namespaces", "update"),
)
NEW_NAMESPACES = Power(
    "new namespaces", "create namespaces", ("",), ("namespaces",), ("create",), _iam("namespaces", "create")
)
VOLUMES = Power(
    "persistent volumes", "create persistent volumes", ("",), ("persistentvolumes",), WRITE,
    _iam("persistentVolumes", "create", "update"),
)  # fmt: skip
CLASSES = Power(
    "storage classes", "create storage classes", ("storage.k8s.io",), ("storageclasses", "csidrivers"), WRITE,
    _iam("storageClasses", "create", "update"),
)  # fmt: skip
SERVICES = Power(
    "services", "create services", ("",), ("services",), WRITE, _iam("services", "create", "update")
)
ENDPOINTS = Power(
    "endpoints", "write endpoints", ("", "discovery.k8s.io"), ("endpoints", "endpointslices"), WRITE,
    (*_iam("endpoints", "create", "update"), *_iam("endpointSlices", "create", "update")),
)  # fmt: skip
INGRESSES = Power(
    "ingresses", "create ingresses and gateways", ("networking.k8s.io", "extensions", "gateway.networking.k8s.io",
    "networking.gke.io"), ("ingresses", "gateways", "httproutes", "multiclusteringresses"), WRITE,
    _iam("ingresses", "create", "update"),
)  # fmt: skip
SECRETS = Power("secrets", "read secrets", ("",), ("secrets",), READ, _iam("secrets", "get", "list"))
TOKENS = Power(
    "tokens", "mint tokens of service accounts", ("",), ("serviceaccounts/token",), ("create",),
    _iam("serviceAccounts", "createToken"),
)  # fmt: skip
PODS = Power(
    "pods", "run pods", ("", "apps", "batch"),
    ("pods", *_LOADS, "replicationcontrollers"), WRITE,
    (*_iam("pods", "create", "update"), *_iam("jobs", "create"), *_iam("deployments", "create"), *_iam("cronJobs", "create")),
)  # fmt: skip
ESCALATE = Power(
    "escalate", "give roles more rights than it has", RBAC, ("roles", "clusterroles"), ("escalate",),
    (*_iam("roles", "escalate"), *_iam("clusterRoles", "escalate")),
)  # fmt: skip
BIND = Power(
    "bind", "bind roles it does not hold", RBAC, ("roles", "clusterroles"), ("bind",),
    (*_iam("roles", "bind"), *_iam("clusterRoles", "bind")),
)  # fmt: skip
IMPERSONATE = Power(
    "impersonate", "act as other users and service accounts", ("", "authentication.k8s.io"),
    ("users", "groups", "serviceaccounts", "userextras", "uids"), ("impersonate",), _iam("clusters", "impersonate"),
)  # fmt: skip
BINDINGS = Power(
    "role bindings", "pass its rights on by role bindings", RBAC, ("rolebindings", "clusterrolebindings"), WRITE,
    (*_iam("roleBindings", "create", "update"), *_iam("clusterRoleBindings", "create", "update")),
)  # fmt: skip
CERTIFICATES = Power(
    "certificates", "approve client certificates", ("certificates.k8s.io",), ("certificatesigningrequests/approval",
    "signers"), ("update", "patch", "approve"), _iam("certificateSigningRequests", "approve"),
)  # fmt: skip
ADMISSION = Power(
    "admission policies", "change admission policies", ("admissionregistration.k8s.io",),
    ("validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies",
     "mutatingadmissionpolicybindings"), CHANGE,
)  # fmt: skip
CONFIG = Power(
    "config maps",
    "change config maps",
    ("",),
    ("configmaps",),
    CHANGE,
    _iam("configMaps", "create", "update", "delete"),
)
CONTROLLED = Power(
    "cloud objects", "create objects that a controller turns into cloud resources",
    ("core.cnrm.cloud.google.com", "iam.cnrm.cloud.google.com", "storage.cnrm.cloud.google.com", "external-secrets.io",
     "argoproj.io", "configsync.gke.io", "cert-manager.io", "externaldns.k8s.io"), ("*",), WRITE,
    _iam("thirdPartyObjects", "create", "update"),
)  # fmt: skip

POWERS: dict[str, Power] = {
    power.name: power
    for power in (
        *SHELL, *PROXY, CLUSTER, LOGS, HOOKS, POLICIES, RELABEL, NEW_NAMESPACES, VOLUMES, CLASSES, SERVICES, ENDPOINTS,
        INGRESSES, SECRETS, TOKENS, PODS, ESCALATE, BIND, IMPERSONATE, BINDINGS, CERTIFICATES, ADMISSION, CONFIG,
        CONTROLLED,
    )
}  # fmt: skip
EVERY_POWER = frozenset(POWERS)
