"""Edges with reasons, and shortest paths over them (breadth first: the fewest steps make the best witness)."""

from policies.graph.paths import Edge, Graph

__all__ = ["Edge", "Graph"]
