"""Who is granted what on which: every allow of every IAM resource, and of the access lists beside IAM, in one form.

IAM types are read by suffix (``_iam_member``, ``_iam_binding``, ``_iam_policy``): new ones need no list. Grants add up:
an allow that two resources dispute is taken as given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts import schema
from policies.facts.lists import listed, text
from policies.facts.members import parse
from policies.facts.naming import find, short
from policies.facts.principals import Standing, resolved, standing
from policies.facts.resource import Block, Res
from policies.facts.roles import permissions
from policies.facts.world import World, fact

Form = Literal["member", "binding", "policy", "access", "acl", "rule", "entitlement"]

# The kind of a grant on a project that is not the boundary's: what it gives, it gives there.
ELSEWHERE = "another google_project"

# Grants on these reach every resource of the project.
WIDE = frozenset({"google_project", "google_folder", "google_organization"})

SUFFIXES: dict[str, Form] = {"_iam_member": "member", "_iam_binding": "binding", "_iam_policy": "policy"}


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One role to one member on one thing.

    ``kind``: the type granted on (``google_storage_bucket``, ``google_project``); ``target``: its cloud name;
    ``on``: its resource where the snapshot creates it. ``permissions`` None: not to be known, so any.
    ``condition``: the CEL expression, None without one. ``member`` is in normal form (``policies.facts.members``).
    ``form``: member (additive), binding (authoritative for the role), policy (for the whole), access (a BigQuery
    access list), acl (Cloud Storage), rule (an IAM access policy), entitlement (grantable on request).
    """

    kind: str
    target: str | Unknown
    on: Res | None
    role: str | Unknown
    permissions: frozenset[str] | None
    member: str | Unknown
    condition: str | Unknown | None
    res: Res
    attribute: str
    form: Form

    @property
    def subject(self) -> str:
        """The cloud name of the thing granted on where it is literal, else the address of the grant."""
        if self.on is not None:
            return self.on.subject
        return self.target if isinstance(self.target, str) and self.target else self.res.address

    def permits(self, *wanted: str) -> bool:
        """Whether the role has any of the permissions; an unknown role has all."""
        return self.permissions is None or not self.permissions.isdisjoint(wanted)


@fact
def grants(world: World) -> tuple[Grant, ...]:
    """Every grant of the world, in input order per type."""
    from policies.facts import access_lists  # it is built on this module's Grant

    found: list[Grant] = []
    for type_ in list(world.types):
        suffix = next((s for s in SUFFIXES if type_.endswith(s)), None)
        if suffix and not type_.startswith("data."):
            for res in world.of(type_):
                found += _iam(world, res, type_.removesuffix(suffix), SUFFIXES[suffix])
    found += access_lists.read(world)
    return tuple(found)


@fact
def grants_by_kind(world: World) -> dict[str, list[Grant]]:
    """Grants by the type they are on."""
    found: dict[str, list[Grant]] = {}
    for grant in grants(world):
        found.setdefault(grant.kind, []).append(grant)
    return found


def outside_grants(world: World, *target_types: str) -> Iterator[tuple[Grant, Standing]]:
    """Grants to foreign, public and unknown members, on the given types or on any."""
    for grant, who in _outside(world):
        if not target_types or grant.kind in target_types:
            yield grant, who


@fact
def _outside(world: World) -> list[tuple[Grant, Standing]]:
    judged = ((grant, standing(world, grant.member)) for grant in grants(world))
    return [(grant, who) for grant, who in judged if who.outside]


def granted(
    world: World, kind: str, target: str | Unknown, on: Res | None, role: Any, member: Any, condition: str | Unknown | None,
    res: Res, attribute: str, form: Form,
) -> Grant:  # fmt: skip
    """A grant with what its role permits and its member in normal form."""
    permitted, who = permissions(world, role), normal_member(world, member)
    return Grant(kind, target, on, role, permitted, who, condition, res, attribute, form)


def normal_member(world: World, value: Any) -> str | Unknown:
    """A member in normal form, by identity where it refers to a service account of the snapshot."""
    found = resolved(world, value)
    return found if isinstance(found, Unknown) or found.startswith("agent:") else parse(found).text


def _iam(world: World, res: Res, kind: str, form: Form) -> Iterator[Grant]:
    target, on = _target(world, res, kind)
    if kind == "google_project" and world.owns_project(target) is False:
        kind = ELSEWHERE
    for role, member, condition, attribute in _bindings(world, res, form):
        yield granted(world, kind, target, on, role, member, condition, res, attribute, form)


def _bindings(world: World, res: Res, form: Form) -> Iterator[tuple[Any, Any, Any, str]]:
    """(role, member, condition, attribute) of one IAM resource."""
    if form == "policy":
        yield from _policy(world, res)
        return
    attribute = "member" if form == "member" else "members"
    condition = expression(res)
    if form == "binding" and res.get(attribute) is None:
        return  # plans write the empty set of members as null
    for member in listed(res.get(attribute)):
        yield text(res.get("role")), text(member), condition, attribute


def _policy(world: World, res: Res) -> Iterator[tuple[Any, Any, Any, str]]:
    data = res.get("policy_data")
    if isinstance(data, Unknown):
        source = world.referred(data)
        if source is None or source.type != "google_iam_policy":
            yield data, data, None, "policy_data"
            return
        blocks = source.blocks("binding")
        unread = source.get("binding")
        if isinstance(unread, Unknown):
            yield unread, unread, None, "policy_data"
    else:
        try:
            document = json.loads(data or "{}")
        except (ValueError, TypeError, RecursionError):
            document = None
        if isinstance(document, Mapping):
            blocks = Block(document, "policy_data").blocks("bindings")
        else:
            broken = Unknown("policy_data is not a policy in JSON")
            yield broken, broken, None, "policy_data"
            return
    for block in blocks:
        for member in listed(block.get("members", ())):
            yield text(block.get("role")), text(member), expression(block), "policy_data"


def expression(block: Block) -> str | Unknown | None:
    """The CEL expression of a ``condition`` block, None without one."""
    condition = block.get("condition")
    if condition is None or isinstance(condition, Unknown):
        return condition
    found = block.get("condition.expression")
    return found if found is None or isinstance(found, Unknown) else str(found)


def _target(world: World, res: Res, kind: str) -> tuple[str | Unknown, Res | None]:
    attribute = target_attribute(res, kind)
    value = res.get(attribute) if attribute else None
    if kind == "google_project":
        value = res.project if value is None else value
        return (value if isinstance(value, Unknown) else short(str(value))), find(world, kind, value)
    if value is None:  # the whole service in the project: google_iap_tunnel
        return res.project, None
    on = find(world, kind, value, res)
    return (value if isinstance(value, Unknown) else short(str(value))), on


_NOT_A_TARGET = frozenset(
    {
        "role",
        "member",
        "members",
        "policy_data",
        "condition",
        "etag",
        "id",
        "project",
        "location",
        "region",
        "zone",
    }
)


def target_attribute(res: Res, kind: str) -> str | None:
    """The argument of an IAM resource that names what is granted on: of those it must have, the one that is called
    as the type ends (``google_bigquery_table_iam_member``: ``table_id``, not ``dataset_id``)."""
    if kind == "google_project":
        return "project"
    rows = schema.attributes(res.type)
    required = [path for path, (_, flags) in rows.items() if "r" in flags and "." not in path]
    names = [name for name in (required or sorted(res.values)) if name not in _NOT_A_TARGET]
    stems = {name: name.removesuffix("_id").removesuffix("_name") for name in names}
    fitting = [name for name in names if kind.endswith(f"_{stems[name]}")]
    if fitting:
        return max(fitting, key=lambda name: len(stems[name]))
    return "name" if "name" in names else next(iter(names), None)
