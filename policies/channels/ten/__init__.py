"""Channels of family TEN: between the teams of one project. ``identity``: grants and logs; ``cluster``: Kubernetes."""

from policies.channels.ten import cluster, identity

__all__ = ["cluster", "identity"]
