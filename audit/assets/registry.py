"""The translations by asset type, and what a translation may ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

from audit.assets.shape import Words, moved, shaped
from audit.model import Asset, Live

# One module per service or family.
MODULES = (
    "compute",
    "firewall",
    "machines",
    "container",
    "storage",
    "iam",
    "logs",
    "names",
    "organization",
    "plain",
)

_ODD = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass
class Inventory:
    """All assets that carry data, by type, for translations that need more than one."""

    words: Words
    by_type: dict[str, list[Asset]] = field(default_factory=dict)

    def of(self, type_: str) -> list[Asset]:
        return self.by_type.get(type_, [])

    @cached_property
    def emails(self) -> dict[str, str]:
        """The address of each service account by its name, in which the inventory has its number."""
        accounts = self.of("iam.googleapis.com/ServiceAccount")
        return {self.words.text(item.path): item.data["email"] for item in accounts if item.data.get("email")}


Translation = Callable[[Asset, Inventory], Iterable[Live]]

_translations: dict[str, Translation] = {}
_yields: dict[str, tuple[str, ...]] = {}


def asset_type(name: str, *types: str) -> Callable[[Translation], Translation]:
    """Register the translation of an asset type to resources of ``types``."""

    def register(function: Translation) -> Translation:
        if name in _translations:
            raise ValueError(f"two translations of {name}")
        _translations[name], _yields[name] = function, types
        return function

    return register


def plain(
    name: str, type_: str, names: Mapping[str, str] | None = None, move: Mapping[str, str] | None = None, drop: Iterable[str] = (),
) -> None:  # fmt: skip
    """An asset type that is one resource whose arguments are called as the API calls them.

    ``names``: arguments that the full name holds, by collection; ``move``: fields under other names (empty: dropped).
    """

    @asset_type(name, type_)
    def translate(asset: Asset, inventory: Inventory) -> Iterator[Live]:
        yield one(asset, inventory, type_, names or {"name": asset.path.split("/")[-2]}, move or {}, drop)


def one(
    asset: Asset, inventory: Inventory, type_: str, names: Mapping[str, str], move: Mapping[str, str] | None = None,
    drop: Iterable[str] = (), more: Mapping[str, Any] | None = None,
) -> Live:  # fmt: skip
    """One resource of an asset: its data in the provider's words, ``names`` from its full name, ``more`` as it is."""
    data = inventory.words.value(moved(asset.data, move or {}))
    body, left = shaped(type_, data, drop)
    found = {argument: asset.segment(collection) for argument, collection in names.items()}
    body |= {argument: value for argument, value in found.items() if value is not None}
    body |= more or {}
    return live(type_, body, asset, left)


def live(type_: str, body: Mapping[str, Any], asset: Asset, left: Iterable[str] = (), name: str = "") -> Live:
    """A resource of an asset, in the project the asset lies in. ``name``: of the resource, by default the asset's."""
    project = asset.segment("projects")
    whole = dict(body) if project is None or "project" in body else {**body, "project": project}
    called = _ODD.sub("-", name or asset.path.rstrip("/").rsplit("/", 1)[-1]).strip("-") or "unnamed"
    return Live(type_, called, whole, asset.name, tuple(f"{asset.type} {field}" for field in left))


def translations() -> dict[str, Translation]:
    """Every translation by asset type."""
    for module in MODULES:
        import_module(f"audit.assets.{module}")
    return _translations


def yielded() -> dict[str, tuple[str, ...]]:
    """The Terraform types that each translated asset type becomes."""
    translations()
    return _yields


def short(value: Any) -> Any:
    """The last segment of a link."""
    return value.rstrip("/").rsplit("/", 1)[-1] if isinstance(value, str) else value
