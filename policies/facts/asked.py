"""A world that remembers which types its reader asked for: a verdict depends on these, those of which there are none too.

What a fact asked for when it was computed counts for everybody who uses it later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from policies.facts.resource import Res
from policies.facts.world import World

# What is asked for by whoever goes through all types there are, followed by the name of the fact that did.
EVERY = "*"


class Asked(World):
    """The same world as ``world``, with an empty memory."""

    def __init__(self, world: World) -> None:
        super().__init__(world.snapshot, world.resources, world.boundary, world.evaluation, world.declared)
        self._remembered = _Facts()
        self._facts = self._remembered

    def of(self, *types: str) -> list[Res]:
        self._remembered.now.update(types)
        return super().of(*types)

    @property
    def types(self) -> Iterable[str]:
        self._remembered.now.add(EVERY + self._remembered.fact)
        return super().types

    def begin(self) -> None:
        """Forget what was asked so far; facts that are known keep what they asked."""
        self._remembered.restart()

    @property
    def asked(self) -> frozenset[str]:
        """The types asked for since ``begin``; ``EVERY`` and a fact's name where that fact went through all of them."""
        return frozenset(self._remembered.now)


class _Facts(dict[Callable[..., Any], Any]):
    """Facts by their function. Missing one begins its computation, setting it ends it."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[Callable[..., Any], set[str]] = {}
        self._open: list[tuple[str, set[str]]] = []
        self.restart()

    def restart(self) -> None:
        self._open = [("", set())]

    @property
    def now(self) -> set[str]:
        return self._open[-1][1]

    @property
    def fact(self) -> str:
        return self._open[-1][0]

    def __missing__(self, function: Callable[..., Any]) -> Any:
        self._open.append((f"{function.__module__}.{function.__name__}", set()))
        raise KeyError(function)

    def __getitem__(self, function: Callable[..., Any]) -> Any:
        value = super().__getitem__(function)
        self.now.update(self._asked[function])
        return value

    def __setitem__(self, function: Callable[..., Any], value: Any) -> None:
        _, asked = self._open.pop()
        self._asked[function] = asked
        self.now.update(asked)
        super().__setitem__(function, value)
