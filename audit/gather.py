"""Answers to resources: what each part says, translated, and what no translation knows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from audit.assets import iam, organization
from audit.assets.plain import FROM_CLUSTER, HARMLESS
from audit.assets.registry import Inventory, translations
from audit.assets.shape import Words
from audit.assets.storage import bucket_of
from audit.model import Asset, Json, Live, Reading, Seen
from audit.objects import live_objects
from audit.reading.files import get
from policies.snapshot.model import InputError


def gather(readings: Iterable[Reading], project: str, number: str) -> Seen:
    """All that was read, as resources; each asset once, whichever answers name it.

    Raises ``InputError`` where an answer is of another project: nothing could be said of this one.
    """
    seen = Seen(list(readings))
    every = [asset for reading in seen.of("resources") for asset in map(_resource, reading.items)]
    words = Words(project, number or _number(every, project))
    _same_project(seen, words)
    assets = {asset.name: asset for asset in every if _ours(asset, words)}
    inventory = Inventory(words)
    for asset in assets.values():
        inventory.by_type.setdefault(asset.type, []).append(asset)
        seen.ancestors.update(asset.ancestors)
    for asset in assets.values():
        _translate(asset, inventory, seen)
    for reading in seen.readings:
        for item in reading.items:
            _told(reading, item, inventory, seen, assets)
    for reading in seen.of("cluster"):
        try:
            live_objects(reading.items, seen)
        except _ODD:
            raise InputError(f"{reading.source.path}: no objects of a cluster, or of another shape") from None
    return seen


# What an answer of another shape than its API's ends in. It is undecided, by its name.
_ODD = (TypeError, AttributeError, KeyError, ValueError, IndexError)


def _told(reading: Reading, item: Json, inventory: Inventory, seen: Seen, assets: Container[str]) -> None:
    """What an item beside resources and objects says."""
    try:
        if reading.part == "iam":
            _policy(item, inventory, seen)
        elif reading.part == "org-policies":
            for policy in _listed(get(item, "orgPolicy")):
                seen.add(list(organization.constraint(_named(item), policy, inventory)))
        elif reading.part == "access-policies":
            seen.add(list(_access(item, inventory)))
        elif reading.part == "buckets":
            known = f"//storage.googleapis.com/{item.get('name')}" in assets
            seen.add(list(_bucket(item, inventory, known)))
    except _ODD:
        seen.unmodelled.append((f"{reading.part} of another shape", str(get(item, "name"))))


_PROJECT = "cloudresourcemanager.googleapis.com/Project"


def _number(assets: Iterable[Asset], project: str) -> str:
    """The project's number, where its own asset says it."""
    own = (
        asset.data for asset in assets if asset.type == _PROJECT and asset.data.get("projectId") == project
    )
    return next((str(data.get("projectNumber", "")) for data in own), "")


def _ours(asset: Asset, words: Words) -> bool:
    """Whether an asset is of the project, or of what it hangs in: an organisation's export has all of its projects."""
    projects = [name for name in asset.ancestors if name.startswith("projects/")]
    if not projects:
        named = asset.segment("projects")
        projects = [f"projects/{named}"] if named else []
    return not projects or any(words.text(name) == f"projects/{words.project}" for name in projects)


def _same_project(seen: Seen, words: Words) -> None:
    """Raise where an answer cannot be of the project: it was asked of another one, or holds nothing of ours."""
    for reading in seen.readings:
        if (
            reading.part != "cluster"
            and reading.of.startswith("projects/")
            and words.text(reading.of) != f"projects/{words.project}"
        ):
            raise InputError(
                f"{reading.source.path}: asked of {reading.of}, while boundary.yaml is of {words.project}"
            )
    for reading in seen.of("resources"):
        if reading.items and not any(_ours(asset, words) for asset in map(_resource, reading.items)):
            raise InputError(
                f"{reading.source.path}: nothing of {words.project} is in it, whose boundary.yaml this is"
            )


def _resource(item: Json) -> Asset:
    found = _named(item)
    resource = get(item, "resource")
    data = resource.get("data", {}) if isinstance(resource, Mapping) else None
    if not isinstance(data, Mapping):
        return replace(found, type=f"{found.type} of another shape")
    return replace(found, data=data)


def _named(item: Json) -> Asset:
    ancestors = get(item, "ancestors")
    above = tuple(map(str, ancestors)) if isinstance(ancestors, list) else ()
    return Asset(str(get(item, "name")), str(get(item, "assetType")), {}, above)


def _translate(asset: Asset, inventory: Inventory, seen: Seen) -> None:
    if asset.type in HARMLESS or asset.type.startswith(FROM_CLUSTER):
        return
    translation = translations().get(asset.type)
    if translation is None:
        seen.unmodelled.append((asset.type, asset.name))
        return
    try:
        seen.add(list(translation(asset, inventory)))
    except _ODD:
        seen.unmodelled.append((f"{asset.type} of another shape", asset.name))


def _policy(item: Json, inventory: Inventory, seen: Seen) -> None:
    policy = get(item, "iamPolicy") or {}
    asset = _named(item)
    if not _ours(asset, inventory.words):
        return
    seen.ancestors.update(asset.ancestors)
    found = iam.policy(asset, policy, inventory)
    if found is None:
        if policy.get("bindings"):
            seen.unmodelled.append((f"IAM policy of {asset.type}", asset.name))
        return
    seen.add(list(found))


def _access(item: Json, inventory: Inventory) -> Iterator[Live]:
    asset = _named(item)
    if (found := get(item, "servicePerimeter")) is not None:
        yield organization.perimeter(found, asset, inventory)
    if (found := get(item, "accessLevel")) is not None:
        yield organization.access_level(found, asset, inventory)


def _bucket(item: Json, inventory: Inventory, known: bool) -> Iterator[Live]:
    """A bucket that Cloud Storage itself told of, unless it is ``known`` already, with its grants where it told them."""
    asset = Asset(f"//storage.googleapis.com/{item.get('name')}", "storage.googleapis.com/Bucket", item)
    policy: Mapping[str, Any] | None = item.get("iamPolicy")
    if not known:
        yield bucket_of({key: value for key, value in item.items() if key != "iamPolicy"}, asset, inventory)
    if policy is not None:
        yield from iam.policy(asset, policy, inventory) or ()


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [value] if isinstance(value, Mapping) else list(value or ())
