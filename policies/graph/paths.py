"""A directed graph whose edges name the configuration that makes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` reaches ``target`` ``because`` of ``attribute`` at ``address``."""

    source: Hashable
    target: Hashable
    because: str
    address: str = ""
    attribute: str = ""


@dataclass(slots=True)
class Graph:
    """Edges by their source."""

    edges: dict[Hashable, list[Edge]] = field(default_factory=dict)

    def add(self, edge: Edge) -> None:
        self.edges.setdefault(edge.source, []).append(edge)

    def path(self, starts: Iterable[Hashable], is_sink: Callable[[Hashable], bool]) -> list[Edge] | None:
        """The shortest path from any start to any sink, or None. O(nodes + edges)."""
        came: dict[Hashable, Edge | None] = dict.fromkeys(starts)
        queue = deque(came)
        while queue:
            node = queue.popleft()
            if is_sink(node):
                steps: list[Edge] = []
                edge = came[node]
                while edge is not None:
                    steps.append(edge)
                    edge = came[edge.source]
                return steps[::-1]
            for edge in self.edges.get(node, ()):
                if edge.target not in came:
                    came[edge.target] = edge
                    queue.append(edge.target)
        return None
