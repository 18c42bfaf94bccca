"""A resource with its expressions resolved, and the way channels read it.

Nested blocks are read the same whether the input wrote one block as an object (synthesized JSON), as a list
(plans), or not at all. Absent and null are the same: the caller names the provider's or API's default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from policies.expressions.values import Unknown


@dataclass(frozen=True, slots=True)
class Block:
    """A nested block. ``path`` is where it stands, e.g. ``spec[0].template[0].spec[0]``."""

    values: Mapping[str, Any]
    path: str

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path, ``default`` when absent or null; an ``Unknown`` anywhere on the way is returned.

        A list met on the way to a deeper name is entered at its first element: use ``blocks`` where there may be
        several.
        """
        value: Any = self.values
        for part in path.split("."):
            if type(value) is not dict:  # most values are dicts, and asking whether one is a Mapping is slow
                if isinstance(value, list | tuple) and value:
                    value = value[0]
                if isinstance(value, Unknown):
                    return value
                if not isinstance(value, Mapping):
                    return default
            value = value.get(part)
            if value is None:
                return default
        return value

    def blocks(self, path: str) -> list[Block]:
        """All blocks at a dotted path, through every repetition on the way. An unknown yields none: see ``unknowns``."""
        found = [self]
        for part in path.split("."):
            found = [inner for block in found for inner in block._inner(part)]
        return found

    def _inner(self, name: str) -> Iterator[Block]:
        value = self.values.get(name)
        if value is None:
            return
        prefix = f"{self.path}.{name}" if self.path else name
        if isinstance(value, Mapping):
            yield Block(value, prefix)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield Block(item, f"{prefix}[{index}]")

    def at(self, name: str) -> str:
        """The full path of an attribute of this block, for evidence."""
        return f"{self.path}.{name}" if self.path else name

    def unknowns(self, path: str = "") -> list[tuple[str, Unknown]]:
        """Every unknown at or below a dotted path, with its full path."""
        start = self.get(path) if path else self.values
        return list(_unknowns(start, self.at(path) if path else self.path))


def _unknowns(value: Any, path: str) -> Iterator[tuple[str, Unknown]]:
    if isinstance(value, Unknown):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unknowns(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _unknowns(inner, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Res(Block):
    """A resource (or data source, ``mode`` "data") of the world."""

    address: str = ""
    stack: str = ""
    type: str = ""
    name: str = ""
    mode: str = "managed"
    meta: Mapping[str, Any] = field(default_factory=dict)
    project: Any = None  # the project it lives in: its own argument, else its provider's; may be Unknown
    provider: str = ""

    @property
    def subject(self) -> str:
        """The cloud name where it is literal, else the address."""
        for attribute in _names(self.type):
            value = self.get(attribute)
            if isinstance(value, str) and value:
                return value
        return self.address


@cache
def _names(type_: str) -> tuple[str, ...]:
    """The arguments that hold the cloud name of a type: its own, else that of the thing it belongs to.

    A type's own identifier is called as the type ends: ``table_id`` of ``google_bigquery_table``.
    """
    words = type_.split("_")
    own = (f"{'_'.join(words[index:])}_id" for index in range(1, len(words)))
    return _NAMES.get(type_) or ("name", "metadata.name", *own, *_HOLDERS)


_HOLDERS = ("bucket", "dataset_id", "secret_id", "topic", "service")
_NAMES: dict[str, tuple[str, ...]] = {
    "google_logging_project_bucket_config": ("bucket_id",),
    "google_logging_linked_dataset": ("link_id",),
    "google_project_service": ("service",),
}
