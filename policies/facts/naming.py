"""Cloud names to resources of the snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.resource import Res
from policies.facts.world import World, fact

# Attributes that place a thing: two things of one name are told apart by them.
_PLACES = (
    "location",
    "region",
    "zone",
    "dataset_id",
    "instance",
    "bucket",
    "lake",
    "dataplex_zone",
    "dataset",
    "cluster",
)


def short(name: str) -> str:
    """The last segment of a full resource name or self link."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def find(world: World, type_: str, value: Any, beside: Res | None = None) -> Res | None:
    """The managed resource of ``type_`` that a name, full name or reference means, None where the snapshot has none.

    ``beside``: the resource that names it, whose location or parent picks among things of the same name.
    """
    if isinstance(value, Unknown):
        target = world.referred(value)
        return target if target is not None and target.mode == "managed" and target.type == type_ else None
    indices = _names(world)
    if type_ not in indices:
        indices[type_] = _Index(world.of(type_))
    candidates = indices[type_].get(short(str(value)).lower())
    if not candidates:
        return None
    if beside is not None and len(candidates) > 1:
        candidates = [c for c in candidates if _same_place(c, beside)] or candidates
    return candidates[0]


class _Index(dict[str, list[Res]]):
    def __init__(self, resources: Iterable[Res]) -> None:
        super().__init__()
        for res in resources:
            for name in dict.fromkeys(_own_names(res)):
                self.setdefault(name, []).append(res)


@fact
def _names(world: World) -> dict[str, _Index]:
    return {}


def _own_names(res: Res) -> Iterable[str]:
    for attribute, value in res.values.items():
        if isinstance(value, str) and value and (attribute in ("name", "email") or attribute.endswith("id")):
            yield short(value).lower()
    if res.type == "google_service_account" and isinstance(res.project, str):
        yield f"{res.get('account_id')}@{res.project}.iam.gserviceaccount.com".lower()


def _same_place(candidate: Res, beside: Res) -> bool:
    for attribute in _PLACES:
        here, there = beside.get(attribute), candidate.get(attribute)
        if isinstance(here, str) and isinstance(there, str) and short(here).lower() != short(there).lower():
            return False
    return True
