"""Channels of family TEN: between the teams of one project.

``grants``: what teams are granted; ``workloads``: which workloads are whom; ``supply``: images and builds; ``logs``: logs,
metrics and inventory; ``cluster``: Kubernetes.
"""

from policies.channels.ten import cluster, grants, logs, supply, workloads

__all__ = ["cluster", "grants", "logs", "supply", "workloads"]
