"""Which kinds of objects nobody but the cluster itself acts on, and which have controllers of their own."""

from __future__ import annotations

# API groups of Kubernetes and GKE whose kinds are modelled, or do nothing beyond the cluster.
_CORE = frozenset(
    {
        "", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io",
        "storage.k8s.io", "scheduling.k8s.io", "node.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
        "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io",
        "authorization.k8s.io", "certificates.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io", "cilium.io", "policy.networking.k8s.io", "gateway.networking.k8s.io",
        "snapshot.storage.k8s.io", "autoscaling.k8s.io", "monitoring.googleapis.com", "cloud.google.com",
        "networking.gke.io", "resource.k8s.io", "extensions", "metrics.k8s.io", "warden.gke.io", "nodemanagement.gke.io",
        "auto.gke.io", "hub.gke.io", "kueue.x-k8s.io",
    }
)  # fmt: skip
# Kinds of modelled groups that send something somewhere.
_SENDING = {
    (
        "monitoring.googleapis.com",
        "OperatorConfig",
    ): "managed Prometheus, which it can make forward alerts and rules to any address",
    ("monitoring.googleapis.com", "PodMonitoring"): "",
    ("hub.gke.io", "Membership"): "the fleet agent",
}
_KNOWN = {
    "argoproj.io": "Argo", "external-secrets.io": "External Secrets", "cert-manager.io": "cert-manager",
    "externaldns.k8s.io": "external-dns", "configsync.gke.io": "Config Sync", "configmanagement.gke.io": "Config Management",
    "source.toolkit.fluxcd.io": "Flux", "kustomize.toolkit.fluxcd.io": "Flux", "helm.toolkit.fluxcd.io": "Flux",
    "secrets-store.csi.x-k8s.io": "the secrets store driver",
}  # fmt: skip


def controller_of(group: str, kind: str) -> str | None:
    """Whoever acts on objects of a kind beyond the cluster, None where nobody does."""
    if (group, kind) in _SENDING:
        return _SENDING[group, kind] or None
    if group in _CORE:
        return None
    if group.endswith(".cnrm.cloud.google.com"):
        return "Config Connector"
    return _KNOWN.get(group, "a controller that is not modelled")
