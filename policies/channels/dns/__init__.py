"""Family DNS: name resolution."""

from policies.channels.dns import cluster, published, recursion, servers

__all__ = ["cluster", "published", "recursion", "servers"]
