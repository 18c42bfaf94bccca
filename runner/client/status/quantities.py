"""Kubernetes quantities as numbers: `1500m` cores, `64Gi` bytes, plain counts."""

from __future__ import annotations

from kubernetes.utils.quantity import parse_quantity

# What of a namespace's quotas people plan with; the rest is there to forbid.
SHOWN = ("requests.cpu", "requests.memory", "requests.nvidia.com/gpu", "pods", "count/jobs.batch")
NAMES = {
    "requests.cpu": "CPUs",
    "requests.memory": "memory",
    "requests.nvidia.com/gpu": "GPUs",
    "count/jobs.batch": "jobs",
}


def number(quantity: str) -> float:
    """A quantity in its base unit. Raises ValueError."""
    return float(parse_quantity(quantity))


def written(what: str, value: float) -> str:
    """A number as the team's file writes it."""
    return f"{value / 2**30:.4g}Gi" if what == "memory" else f"{value:g}"
