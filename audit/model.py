"""What was read of the live project, and what it was made into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from policies.snapshot.model import Input, Resource

Json = dict[str, Any]

# What can be read, each by a way of its own.
Part = Literal["resources", "iam", "org-policies", "access-policies", "cluster", "buckets"]

LIVE = "live"  # the stack of what no stack of the tree declares


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer that was read. ``when``: RFC 3339, empty where the answer does not say. ``of``: what it was asked of
    (``projects/acme-ml-prod``, a context of a kubeconfig). ``narrowed``: why it may not be all there is, a phrase; empty
    for a whole one. ``items``: assets, objects or buckets as they came."""

    part: Part
    source: Input
    items: tuple[Json, ...]
    when: str = ""
    of: str = ""
    narrowed: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset of the inventory. ``name`` is the full resource name (``//compute.googleapis.com/projects/...``),
    ``data`` what the API of its service says of it, in that API's words."""

    name: str
    type: str
    data: Mapping[str, Any]
    ancestors: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The name without its service: ``projects/acme-ml-prod/global/networks/ml``."""
        return self.name.removeprefix("//").partition("/")[2]

    def segment(self, collection: str) -> str | None:
        """The identifier that follows a collection in the name: ``keyRings`` of ``.../keyRings/ml/cryptoKeys/storage``."""
        parts = self.path.split("/")
        return next((parts[i + 1] for i, part in enumerate(parts[:-1]) if part == collection), None)


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as a plan would show it, and where it was seen. ``left``: fields of the answer that nothing reads
    (``routingConfig.newThing``); ``seen``: the full name of the asset or object; ``made``: who makes such a thing where
    no code does, a phrase; ``aside``: why it is Google's own and not judged, a phrase."""

    type: str
    name: str
    body: Mapping[str, Any]
    seen: str
    left: tuple[str, ...] = ()
    made: str = ""
    aside: str = ""

    def resource(self, address: str, stack: str) -> Resource:
        """The resource of a snapshot. Every value is known: ``unknown`` is empty, and no string is a template.

        Its name there is the address's, of which there is one: what has another's name would be taken for it.
        """
        name = address.removeprefix(f"{stack}/").removeprefix(f"{self.type}.")
        return Resource(address, stack, self.type, name, self.body, unknown={})


@dataclass(slots=True)
class Seen:
    """Everything that was read, as resources. ``unmodelled``: (asset type, name) of what no translation knows;
    ``ancestors``: the organisations and folders the project was seen to hang in; ``google``: what is Kubernetes' or
    Google's own and was set aside, by a phrase that says what."""

    readings: list[Reading] = field(default_factory=list)
    live: list[Live] = field(default_factory=list)
    unmodelled: list[tuple[str, str]] = field(default_factory=list)
    ancestors: set[str] = field(default_factory=set)
    google: dict[str, int] = field(default_factory=dict)

    def add(self, items: Iterable[Live]) -> None:
        """Resources to be judged; what is Google's own is counted by what it is."""
        for item in items:
            if item.aside:
                self.set_aside(item.aside)
            else:
                self.live.append(item)

    def set_aside(self, what: str) -> None:
        """Count something that is Kubernetes' or Google's own."""
        self.google[what] = self.google.get(what, 0) + 1

    def of(self, part: Part) -> Iterator[Reading]:
        """The readings of a part."""
        return (reading for reading in self.readings if reading.part == part)
