"""Channels of family K8S: GKE and Kubernetes."""

from policies.channels.k8s import (
    callouts,
    containment,
    controllers,
    copies,
    doors,
    images,
    ingresses,
    kubelet,
    mediated,
    network,
    nodes,
    rights,
    services,
)

__all__ = [
    "callouts",
    "containment",
    "controllers",
    "copies",
    "doors",
    "images",
    "ingresses",
    "kubelet",
    "mediated",
    "network",
    "nodes",
    "rights",
    "services",
]
