"""Roles to permissions: predefined, basic and custom.

Source of the predefined: ``policies/data/gcp-roles.json.gz`` (github.com/iann0036/iam-dataset, MIT, 2026-08-22).
Permissions, not role names, are the unit of every question.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.resource import Res
from policies.facts.world import World, fact

BASIC = frozenset(
    {"roles/owner", "roles/editor", "roles/viewer", "roles/reader", "roles/writer", "roles/admin"}
)


@cache
def _table() -> bytes:
    return gzip.decompress(files("policies.data").joinpath("gcp-roles.json.gz").read_bytes())


@cache
def all_permissions() -> tuple[str, ...]:
    """Every permission of the data set, in its order: roles list their indices."""
    table = _table()
    end = table.rindex(b"]", 0, table.index(b'"roles":'))
    return tuple(json.loads(table[table.index(b"[") : end + 1]))


@cache
def predefined(role: str) -> frozenset[str] | None:
    """The permissions of a predefined or basic role, None when Google has no such role.

    Only the row of this role is parsed: a world uses some twenty of 2,461.
    """
    table = _table()
    start = table.find(f"{json.dumps(role)}:[".encode(), table.index(b'"roles":'))
    if start < 0:
        return None
    row = table[table.index(b"[", start) : table.index(b"]", start) + 1]
    names = all_permissions()
    return frozenset(names[index] for index in json.loads(row))


@fact
def custom_roles(world: World) -> dict[str, Res]:
    """Custom roles of the snapshot by full name (``projects/<p>/roles/<id>``, ``organizations/<n>/roles/<id>``)."""
    found: dict[str, Res] = {}
    for res in world.of("google_project_iam_custom_role"):
        found[f"projects/{res.project}/roles/{res.get('role_id')}"] = res
    for res in world.of("google_organization_iam_custom_role"):
        found[f"organizations/{res.get('org_id')}/roles/{res.get('role_id')}"] = res
    return found


def custom_role(world: World, role: Any) -> Res | None:
    """The custom role of the snapshot that a grant's ``role`` names or refers to."""
    if isinstance(role, Unknown):
        target = world.referred(role)
        wanted = target is not None and target.type.endswith("_iam_custom_role") and target.mode == "managed"
        return target if wanted else None
    return custom_roles(world).get(role)


def permissions(world: World, role: Any) -> frozenset[str] | None:
    """What a role permits; None when that cannot be known: an unresolved name, a role neither Google nor the snapshot
    has, or a custom role whose permissions are not known."""
    own = custom_role(world, role)
    if own is not None:
        return _of_custom(own)
    return None if isinstance(role, Unknown) else predefined(str(role))


def _of_custom(res: Res) -> frozenset[str] | None:
    listed = res.get("permissions", ())
    if not isinstance(listed, list | tuple) or any(isinstance(item, Unknown) for item in listed):
        return None
    return frozenset(str(item) for item in listed)
