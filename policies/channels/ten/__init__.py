"""Channels of family TEN: between the teams of one project.

``grants``: what teams are granted; ``workloads``: which workloads are whom; ``supply``: images and builds; ``logs``: logs,
metrics and inventory; ``cluster``: whose identities pods have; ``rights``: rights in the cluster; ``nodes``, ``traffic`` and ``volumes``: what
pods share.
"""

from policies.channels.ten import cluster, grants, logs, nodes, rights, supply, traffic, volumes, workloads

__all__ = ["cluster", "grants", "logs", "nodes", "rights", "supply", "traffic", "volumes", "workloads"]
