"""Allows that are not IAM policy resources: BigQuery access lists, Cloud Storage ACLs, IAM access policies, entitlements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.expressions.values import Unknown
from policies.facts.grants import Form, Grant, expression, granted, normal_member
from policies.facts.lists import listed, text
from policies.facts.naming import find, short
from policies.facts.resource import Block, Res
from policies.facts.world import World


def read(world: World) -> Iterator[Grant]:
    """Every grant of the access systems beside IAM."""
    yield from _bigquery(world)
    yield from _acls(world)
    yield from _access_policies(world)
    yield from _entitlements(world)


# Source: cloud.google.com/bigquery/docs/access-control-basic-roles.
_DATASET_ROLES = {
    "OWNER": "roles/bigquery.dataOwner",
    "WRITER": "roles/bigquery.dataEditor",
    "READER": "roles/bigquery.dataViewer",
}
_SPECIAL = {
    "projectowners": "projectOwner",
    "projectwriters": "projectEditor",
    "projectreaders": "projectViewer",
}


def _bigquery(world: World) -> Iterator[Grant]:
    for dataset in world.of("google_bigquery_dataset"):
        entries = dataset.get("access")
        if isinstance(entries, Unknown):
            yield _grant(
                world,
                "google_bigquery_dataset",
                dataset.get("dataset_id"),
                dataset,
                entries,
                entries,
                dataset,
                "access",
                "access",
            )
        for block in dataset.blocks("access"):
            yield from _entry(world, dataset, dataset.get("dataset_id"), dataset, block)
    for entry in world.of("google_bigquery_dataset_access"):
        name = entry.get("dataset_id")
        yield from _entry(world, entry, name, find(world, "google_bigquery_dataset", name, entry), entry)


def _entry(world: World, res: Res, name: Any, on: Res | None, block: Block) -> Iterator[Grant]:
    role = text(block.get("role", "READER"))
    if not isinstance(role, Unknown):
        role = _DATASET_ROLES.get(role, role)
    for attribute, member in _entry_members(world, block):
        yield _grant(
            world,
            "google_bigquery_dataset",
            name,
            on,
            role,
            member,
            res,
            block.at(attribute),
            "access",
            expression(block),
        )


def _entry_members(world: World, block: Block) -> Iterator[tuple[str, Any]]:
    for attribute, prefix in (
        ("user_by_email", "user:"), ("group_by_email", "group:"), ("domain", "domain:"), ("iam_member", ""),
    ):  # fmt: skip
        value = block.get(attribute)
        if isinstance(value, Unknown):
            yield attribute, value
        elif value:
            yield attribute, f"{prefix}{value}"
    special = block.get("special_group")
    if isinstance(special, Unknown):
        yield "special_group", special
    elif special:
        kind = _SPECIAL.get(str(special).lower())
        yield "special_group", f"{kind}:{world.project}" if kind else str(special)


# The roles a bucket or object ACL entry amounts to. Source: cloud.google.com/storage/docs/access-control/iam.
_BUCKET_ACL = {
    "OWNER": "roles/storage.legacyBucketOwner",
    "WRITER": "roles/storage.legacyBucketWriter",
    "READER": "roles/storage.legacyBucketReader",
}
_OBJECT_ACL = {"OWNER": "roles/storage.legacyObjectOwner", "READER": "roles/storage.legacyObjectReader"}
_PREDEFINED = {
    "publicread": [("READER", "allUsers")],
    "publicreadwrite": [("READER", "allUsers"), ("WRITER", "allUsers")],
    "authenticatedread": [("READER", "allAuthenticatedUsers")],
    "bucketownerread": [], "bucketownerfullcontrol": [], "private": [], "projectprivate": [],
}  # fmt: skip

ACL_LISTS = {
    "google_storage_bucket_acl": _BUCKET_ACL,
    "google_storage_default_object_acl": _OBJECT_ACL,
    "google_storage_object_acl": _OBJECT_ACL,
}
ACL_ENTRIES = {
    "google_storage_bucket_access_control": _BUCKET_ACL,
    "google_storage_default_object_access_control": _OBJECT_ACL,
    "google_storage_object_access_control": _OBJECT_ACL,
}


def _acls(world: World) -> Iterator[Grant]:
    for type_, roles in ACL_LISTS.items():
        for res in world.of(type_):
            for attribute, role, entity in _acl_entries(res):
                yield _acl(world, res, roles, role, entity, attribute)
    for type_, roles in ACL_ENTRIES.items():
        for res in world.of(type_):
            yield _acl(world, res, roles, text(res.get("role", "READER")), res.get("entity"), "entity")


def _acl_entries(res: Res) -> Iterator[tuple[str, Any, Any]]:
    for entry in map(text, listed(res.get("role_entity", ()))):
        role, _, entity = (entry, "", entry) if isinstance(entry, Unknown) else entry.partition(":")
        yield "role_entity", role, entity
    for attribute in ("predefined_acl", "default_acl"):
        name = res.get(attribute)
        if isinstance(name, Unknown):
            yield attribute, name, name
        elif name:
            unheard = [("OWNER", Unknown(f"no predefined ACL is called {name}"))]
            for role, entity in _PREDEFINED.get(str(name).lower(), unheard):
                yield attribute, role, entity


def _acl(world: World, res: Res, roles: dict[str, str], role: Any, entity: Any, attribute: str) -> Grant:
    if not isinstance(role, Unknown):
        role = roles.get(role.upper(), Unknown(f"no ACL role is called {role}"))
    name = res.get("bucket")
    on = find(world, "google_storage_bucket", name, res)
    return _grant(
        world, "google_storage_bucket", name, on, role, acl_member(world, entity), res, attribute, "acl"
    )


def acl_member(world: World, entity: Any) -> Any:
    """An ACL entity (``user-x@y``, ``group-``, ``domain-``, ``project-owners-<number>``, ``allUsers``) as a member."""
    if not isinstance(entity, str):
        return Unknown("no entity") if entity is None else entity
    kind, dash, rest = entity.partition("-")
    if kind in ("user", "group", "domain") and dash:
        return f"{kind}:{rest}"
    if kind == "project" and dash:
        team, _, project = rest.partition("-")
        names = {"owners": "projectOwner", "editors": "projectEditor", "viewers": "projectViewer"}
        if team in names:
            return f"{names[team]}:{project}"
    return entity


ACCESS_POLICIES = {
    "google_iam_project_access_policy": "google_project",
    "google_iam_folder_access_policy": "google_folder",
    "google_iam_organization_access_policy": "google_organization",
}


def _access_policies(world: World) -> Iterator[Grant]:
    """IAM v3 access policies: rules with an effect, principals and permissions instead of roles."""
    for type_, kind in ACCESS_POLICIES.items():
        for res in world.of(type_):
            target = res.get("project", res.get("folder", res.get("organization", res.project)))
            for path, unknown in res.unknowns("details"):
                yield _grant(world, kind, target, None, unknown, unknown, res, path, "rule")
            for rule in res.blocks("details.rules"):
                if str(rule.get("effect", "ALLOW")).upper() == "DENY":
                    continue
                permitted = frozenset(str(p) for p in listed(rule.get("operation.permissions", ())))
                for member in map(text, listed(rule.get("principals", ()))):
                    yield Grant(
                        kind, _name(target), None, "an access policy rule", _expanded(permitted),
                        normal_member(world, member), _first_condition(rule), res, rule.at("principals"), "rule",
                    )  # fmt: skip


def _expanded(written: frozenset[str]) -> frozenset[str] | None:
    """Permissions as written; None (any) where one is a wildcard."""
    return None if any("*" in item for item in written) else written


def _first_condition(rule: Block) -> str | Unknown | None:
    found = rule.blocks("conditions") or rule.blocks("condition")
    return found[0].get("expression") if len(found) == 1 else None


def _entitlements(world: World) -> Iterator[Grant]:
    """What can be requested is taken as held: a grantable capability is a reachable one."""
    for res in world.of("google_privileged_access_manager_entitlement"):
        members = [
            (b.at("principals"), m)
            for b in res.blocks("eligible_users")
            for m in listed(b.get("principals", ()))
        ]
        for access in res.blocks("privileged_access.gcp_iam_access"):
            target = access.get("resource", res.project)
            kind = _entitled_kind(access)
            for binding in access.blocks("role_bindings"):
                for attribute, member in members:
                    yield _grant(
                        world, kind, target, None, text(binding.get("role")), text(member), res, attribute, "entitlement",
                        binding.get("condition_expression"),
                    )  # fmt: skip


def _entitled_kind(access: Block) -> str:
    kind = access.get("resource_type", "cloudresourcemanager.googleapis.com/Project")
    return f"google_{short(str(kind)).lower()}" if not isinstance(kind, Unknown) else "google_project"


def _name(value: Any) -> str | Unknown:
    return value if isinstance(value, Unknown) else short(str(value))


def _grant(
    world: World, kind: str, name: Any, on: Res | None, role: Any, member: Any, res: Res, attribute: str, form: Form,
    condition: str | Unknown | None = None,
) -> Grant:  # fmt: skip
    return granted(world, kind, _name(name), on, role, member, condition, res, attribute, form)
