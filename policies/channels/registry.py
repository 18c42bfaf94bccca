"""The channels: one small pure function each, named by the invariant it states.

A channel function takes the world of facts and yields evidence. It reads nothing else and remembers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from policies.channels.evidence import Evidence

if TYPE_CHECKING:
    from policies.facts.world import World

Channel = Callable[["World"], Iterable[Evidence]]

# One module (or package) per family of the catalogue.
FAMILIES = (
    "net", "dns", "api", "iam", "gcs", "k8s", "srv", "bq", "msg",
    "log", "cmp", "reg", "sec", "db", "tf", "ten", "prj", "cov",
)  # fmt: skip

_channels: dict[str, Channel] = {}


def channel(identifier: str) -> Callable[[Channel], Channel]:
    """Register a function as the channel ``identifier`` of the catalogue."""

    def register(function: Channel) -> Channel:
        if identifier in _channels:
            raise ValueError(f"two functions state {identifier}")
        _channels[identifier] = function
        return function

    return register


def all_channels() -> dict[str, Channel]:
    """Every channel that is built, by identifier."""
    for family in FAMILIES:
        import_module(f"policies.channels.{family}")
    return dict(_channels)
