"""A REST answer to the arguments of a Terraform type: names by the provider's schema, values without Google's prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.expressions.normalise import Shape, shape_of

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Self links of every service to relative names: the REST paths have a version, full resource names have none.
_LINK = re.compile(
    r"^https://(?:www\.googleapis\.com/(?:compute|dns|storage)/[\w.]+/|(?:compute|dns|container)\.googleapis\.com/(?:compute/)?v\w+/)"
)
_FULL = re.compile(r"^//[a-z]+\.googleapis\.com/(?=projects/|organizations/|folders/)")

# What APIs add for their own use: identities, times, hashes, states.
OUTPUT_ONLY = frozenset(
    {
        "createTime", "creationTime", "creationTimestamp", "currentStatus", "etag", "fingerprint", "generation", "id", "kind",
        "labelFingerprint", "lastModifiedTime", "metageneration", "name", "project", "projectId", "projectNumber", "selfLink",
        "selfLinkWithId", "state", "status", "statusMessage", "timeCreated", "uid", "uniqueId", "updateTime", "updated",
        "zone", "region", "satisfiesPzs", "satisfiesPzi", "architecture", "sourceImageId", "numericId", "oauth2ClientId",
    }
)  # fmt: skip


def snake(name: str) -> str:
    """``IPAddress`` as the provider writes it: ``ip_address``."""
    return _WORD.sub("_", name).lower()


@dataclass(slots=True)
class Words:
    """How names are told to the provider: ``project`` and its number, so that one name stands for both."""

    project: str
    number: str = ""
    _own: re.Pattern[str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.number:
            self._own = re.compile(rf"\bprojects/{re.escape(self.number)}(?=/|$)")

    def text(self, value: str) -> str:
        """A name without host and version, with the project's identifier instead of its number."""
        found = _FULL.sub("", _LINK.sub("", value))
        return self._own.sub(f"projects/{self.project}", found) if self._own else found

    def value(self, value: Any) -> Any:
        """A tree with every string told anew; keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(inner) for key, inner in value.items()}
        return [self.value(inner) for inner in value] if isinstance(value, list) else value


def moved(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The data with fields under other names: dotted paths, ``{"config": "nodeConfig", "a.b": "c"}``."""
    tree = _copied(data)
    for old, new in names.items():
        *outer, last = old.split(".")
        holder: Any = tree
        for part in outer:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and last in holder:
            value = holder.pop(last)
            if new:
                _put(tree, new, value)
    return tree


def _copied(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in data.items()}


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for part in outer:
        inner = tree.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree[last] = value


def shaped(
    type_: str, data: Mapping[str, Any], drop: Iterable[str] = ()
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments of ``type_`` that ``data`` gives, and the paths of what it does not know.

    ``drop``: what says nothing of who reaches what: dotted paths, and names of fields for which the type has no argument.
    What is empty, false or nought is the default of an API and left out where the type has no such argument.
    """
    left: list[str] = []
    body = _block(data, shape_of(type_), "", frozenset(drop), left)
    return body, tuple(left)


def _block(
    data: Mapping[str, Any], shape: Shape, path: str, drop: frozenset[str], left: list[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in data.items():
        where = f"{path}.{key}" if path else key
        if value is None or where in drop:
            continue
        inner = shape.inner.get(snake(key)) or shape.inner.get(key)
        if inner is not None:
            name = snake(key) if snake(key) in shape.inner else key
            found[name] = _value(value, inner, where, drop, left)
        elif (
            key not in drop and value not in ({}, [], "", False, 0, "0") and (path or key not in OUTPUT_ONLY)
        ):
            left.append(where)
    return found


def _value(value: Any, shape: Shape, path: str, drop: frozenset[str], left: list[str]) -> Any:
    if shape.kind in ("blocks", "block"):
        if isinstance(value, Mapping):
            return _block(value, shape, path, drop, left)
        if isinstance(value, list):
            return [
                _block(item, shape, path, drop, left) if isinstance(item, Mapping) else item for item in value
            ]
    return value
