"""Answers to resources: what each part says, translated, and what no translation knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    words = Words(project, number)
    assets = {
        asset.name: asset for reading in seen.of("resources") for asset in map(_resource, reading.items)
    }
    inventory = Inventory(words)
    for asset in assets.values():
        inventory.by_type.setdefault(asset.type, []).append(asset)
        seen.ancestors.update(asset.ancestors)
    _same_project(seen, inventory, words)
    for asset in assets.values():
        _translate(asset, inventory, seen)
    for reading in seen.readings:
        for item in reading.items:
            if reading.part == "iam":
                _policy(item, inventory, seen)
            elif reading.part == "org-policies":
                for policy in _listed(get(item, "orgPolicy")):
                    seen.add(organization.constraint(_named(item), policy, inventory))
            elif reading.part == "access-policies":
                seen.add(_access(item, inventory))
            elif reading.part == "buckets" and f"//storage.googleapis.com/{item.get('name')}" not in assets:
                seen.add(_bucket(item, inventory))
    for reading in seen.of("cluster"):
        live_objects(reading.items, seen)
    return seen


def _same_project(seen: Seen, inventory: Inventory, words: Words) -> None:
    projects = {
        asset.segment("projects") for asset in inventory.of("cloudresourcemanager.googleapis.com/Project")
    }
    named = {
        project
        for project in projects
        if project and words.text(f"projects/{project}") != f"projects/{words.project}"
    }
    if projects and named == projects:
        sources = ", ".join(reading.source.path for reading in seen.of("resources"))
        raise InputError(
            f"{sources}: assets of {', '.join(sorted(named))}, while boundary.yaml is of {words.project}"
        )


def _resource(item: Json) -> Asset:
    resource = get(item, "resource") or {}
    data = resource.get("data") or {}
    return Asset(
        str(get(item, "name")), str(get(item, "assetType")), data, tuple(get(item, "ancestors") or ())
    )


def _named(item: Json) -> Asset:
    return Asset(str(get(item, "name")), str(get(item, "assetType")), {}, tuple(get(item, "ancestors") or ()))


def _translate(asset: Asset, inventory: Inventory, seen: Seen) -> None:
    if asset.type in HARMLESS or asset.type.startswith(FROM_CLUSTER):
        return
    translation = translations().get(asset.type)
    if translation is None:
        seen.unmodelled.append((asset.type, asset.name))
        return
    try:
        seen.add(list(translation(asset, inventory)))
    except (TypeError, AttributeError, KeyError, ValueError):
        seen.unmodelled.append((f"{asset.type} of another shape", asset.name))


def _policy(item: Json, inventory: Inventory, seen: Seen) -> None:
    policy = get(item, "iamPolicy") or {}
    asset = _named(item)
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


def _bucket(item: Json, inventory: Inventory) -> Iterator[Live]:
    """A bucket that Cloud Storage itself told of, with its grants where it told them."""
    asset = Asset(f"//storage.googleapis.com/{item.get('name')}", "storage.googleapis.com/Bucket", item)
    policy: Mapping[str, Any] | None = item.get("iamPolicy")
    yield bucket_of({key: value for key, value in item.items() if key != "iamPolicy"}, asset, inventory)
    if policy is not None:
        yield from iam.policy(asset, policy, inventory) or ()


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [value] if isinstance(value, Mapping) else list(value or ())
