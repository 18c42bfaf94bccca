"""What the synthesized tree says of its stacks: their order, and what in them outlives a destroy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

_REFERENCE = re.compile(r"\$\{([a-z0-9_]+\.[A-Za-z0-9_-]+)\.(?:id|name|self_link)\}")
# How a thing that cannot be made again is named: its full name is its id for an import, and its path in its API.
# A log bucket is not here: an import would replace it (the provider reads its project back in another form), and the
# provider takes over one that exists when it is asked to create it.
_NAMED = {
    "google_kms_key_ring": "projects/{project}/locations/{location}/keyRings/{name}",
    "google_kms_crypto_key": "{key_ring}/cryptoKeys/{name}",
}
_API = "https://cloudkms.googleapis.com/v1"


class NotSynthesized(Exception):
    """There is no tree; one line with the cure."""


@dataclass(frozen=True)
class Kept:
    """A resource that a destroy leaves where it is. `id` is None where the next deploy needs no import of it."""

    address: str
    id: str | None

    @property
    def url(self) -> str | None:
        """Where Google tells whether it exists."""
        return f"{_API}/{self.id}" if self.id else None


@dataclass(frozen=True)
class StackFile:
    """One stack of the tree: its name, its file, and the stacks that come before it."""

    name: str
    file: Path
    after: frozenset[str]

    @property
    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.file.read_text(encoding="utf-8")))

    def kept(self) -> list[Kept]:
        """What carries `prevent_destroy`."""
        return [
            _kept(self.content, f"{type_}.{name}", arguments)
            for type_, name, arguments in self._resources()
            if arguments.get("lifecycle", {}).get("prevent_destroy")
        ]

    def protected(self) -> list[str]:
        """What refuses to be destroyed by `deletion_protection`, which can be taken away."""
        return [
            f"{t}.{name}" for t, name, arguments in self._resources() if arguments.get("deletion_protection")
        ]

    def buckets(self) -> dict[str, tuple[str, bool]]:
        """The stack's buckets: address to name, and whether they go with what they hold."""
        return {
            f"{type_}.{name}": (arguments["name"], bool(arguments.get("force_destroy")))
            for type_, name, arguments in self._resources()
            if type_ == "google_storage_bucket"
        }

    def _resources(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for type_, instances in self.content.get("resource", {}).items():
            for name, arguments in instances.items():
                yield type_, name, arguments


def in_order(out: Path) -> list[StackFile]:
    """All stacks of the tree at `out`, each after those it depends on. Raises NotSynthesized."""
    try:
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["stacks"]
    except OSError:
        raise NotSynthesized(f"{out}: no stacks here; synthesize first with: make synth") from None
    needs = {name: sorted(entry["dependencies"]) for name, entry in sorted(manifest.items())}
    return [
        StackFile(name, out / manifest[name]["synthesizedStackPath"], frozenset(needs[name]))
        for name in TopologicalSorter(needs).static_order()
    ]


def chosen(stacks: list[StackFile], names: tuple[str, ...]) -> list[StackFile]:
    """The named stacks in their order; all of them where none is named. ValueError for a name that is not there."""
    known = {stack.name for stack in stacks}
    if unknown := sorted(set(names) - known):
        raise ValueError(f"found no stack {', '.join(unknown)}, expected some of {', '.join(sorted(known))}")
    return [stack for stack in stacks if not names or stack.name in names]


def left_standing(stacks: list[StackFile], names: tuple[str, ...]) -> dict[str, list[str]]:
    """For each named stack, those that stand on it and are not named: they would lose what they need."""
    return {
        name: above
        for name in names
        if (above := sorted(s.name for s in stacks if name in s.after and s.name not in names))
    }


def _kept(content: dict[str, Any], address: str, arguments: dict[str, Any]) -> Kept:
    form = _NAMED.get(address.partition(".")[0])
    if form is None:
        return Kept(address, None)
    return Kept(
        address, form.format_map({key: _resolved(content, value) for key, value in arguments.items()})
    )


def _resolved(content: dict[str, Any], value: Any) -> Any:
    """A value; where it refers to another thing that is named here, that thing's full name."""
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    type_, _, name = match[1].partition(".")
    return _kept(content, match[1], content["resource"][type_][name]).id
