"""The project against the tree: what is there that no stack declares, and what the stacks declare that is not there.

Both are compared by what a resource is (its type and the names that make it one of a kind), never by its arguments: whether
those still hold is what the proof over the live resources says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from audit.listing import parts
from audit.model import LIVE, Live, Part, Seen
from cloister.declarations import names
from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import kinds, objects
from policies.facts.naming import short
from policies.facts.resource import Block, Res
from policies.facts.world import World
from policies.snapshot.model import Stack

Identity = tuple[str, ...]

# The arguments that make one of a kind, where it is more than its name. IAM bindings: by what they are on, and the role.
_BY: Mapping[str, tuple[str, ...]] = {
    "google_dns_record_set": ("managed_zone", "name", "type"),
    "google_compute_network_firewall_policy_rule": ("firewall_policy", "priority"),
    "google_compute_network_firewall_policy_association": ("firewall_policy", "attachment_target"),
    "google_service_account": ("account_id",),
    "google_project_service": ("service",),
    "google_project_iam_audit_config": ("service",),
    "google_project_iam_custom_role": ("role_id",),
    "google_logging_project_bucket_config": ("bucket_id",),
    "google_logging_log_view": ("bucket", "name"),
    "google_artifact_registry_repository": ("repository_id",),
    "google_kms_crypto_key": ("key_ring", "name"),
    "google_binary_authorization_policy": (),
    "google_project_default_service_accounts": (),
    "google_monitoring_alert_policy": ("display_name",),
    "google_monitoring_notification_channel": ("type", "labels.email_address"),
    "google_secret_manager_secret": ("secret_id",),
    "google_bigquery_dataset": ("dataset_id",),
    "google_org_policy_policy": ("name",),
}
_IAM = {
    "google_project_iam_binding": (), "google_storage_bucket_iam_binding": ("bucket",),
    "google_service_account_iam_binding": ("service_account_id",), "google_kms_crypto_key_iam_binding": ("crypto_key_id",),
    "google_artifact_registry_repository_iam_binding": ("repository",), "google_logging_log_view_iam_binding": ("bucket", "name"),
}  # fmt: skip
# What a tree declares that is an act or a promise and no resource the inventory lists.
NOT_LISTED = frozenset(
    {
        "google_project_default_service_accounts", "google_resource_manager_lien", "google_monitoring_dashboard",
        "google_container_analysis_note", "google_billing_budget", "google_iam_principal_access_boundary_policy",
        "google_iam_projects_policy_binding",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """``foreign``: (address, full name) of what no stack declares; ``missing``: (address, what) of what is declared and
    not there; ``compared``: how many were found on both sides."""

    foreign: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    compared: int = 0


def laid_out(
    seen: Seen, source: Stack, tree: World | None, teams: Collection[str]
) -> tuple[list[Stack], Drift]:
    """The live resources as stacks: each where the tree declares it, at the address it has there; in ``live`` where none
    does. ``source`` is the empty live stack, ``teams`` the declared ones; without a tree everything lies in it, and nothing is said of drift."""
    declared = _declared(tree) if tree is not None else {}
    there: set[str] = set()
    stacks: dict[str, Stack] = {LIVE: source}
    foreign: list[tuple[str, str]] = []
    taken: set[str] = set()
    for item in seen.live:
        identity = _identity(item.type, Block(item.body, ""))
        own = next((res for res in declared.get(identity, ()) if res.address not in there), None)
        if own is not None:
            stack, address = own.stack, own.address
            there.add(address)
        else:
            stack = _named_after(item, teams)
            address = _free(f"{stack}/{item.type}.{item.name}", taken)
            if not item.made:
                foreign.append((address, item.seen))
        taken.add(address)
        holder = stacks.setdefault(stack, Stack(stack, "plan", source.source, backend_known=False))
        holder.resources.append(item.resource(address, stack))
    if tree is None:
        return list(stacks.values()), Drift()
    read = {reading.part for reading in seen.readings}
    missing = [
        (res.address, res.subject)
        for several in declared.values()
        for res in several
        if res.address not in there and _seeable(res, read)
    ]
    return list(stacks.values()), Drift(tuple(foreign), tuple(missing), len(there))


def _declared(tree: World) -> dict[Identity, list[Res]]:
    found: dict[Identity, list[Res]] = {}
    manifests = {item.address: item for item in objects(tree, *kinds(tree))}
    for res in tree.resources:
        if res.mode == "managed":
            thing = manifests.get(res.address)
            if thing is not None and isinstance(thing.name, str):
                identity: Identity = ("object", thing.kind, str(thing.namespace or ""), thing.name)
            else:
                identity = _identity(res.type, res)
            found.setdefault(identity, []).append(res)
    return found


def _identity(type_: str, block: Block) -> Identity:
    if type_ == "kubernetes_manifest":
        namespace = block.get("manifest.metadata.namespace", "")
        return (
            "object",
            str(block.get("manifest.kind")),
            str(namespace),
            str(block.get("manifest.metadata.name")),
        )
    arguments = (*_IAM[type_], "role", "condition.expression") if type_ in _IAM else _BY.get(type_, ("name",))
    return (type_, *(_text(block.get(argument)) for argument in arguments))


def _text(value: Any) -> str:
    return "?" if isinstance(value, Unknown) else short(str(value)).lower() if value is not None else ""


def _named_after(item: Live, teams: Collection[str]) -> str:
    """The stack of what no tree declares here: ``live``, but for a team's log bucket, on which nothing but its name says
    whose it is."""
    if item.type == "google_logging_project_bucket_config":
        for team in teams:
            if item.body.get("bucket_id") == names.log_bucket(team):
                return names.team_stack(team)
    return LIVE


def _free(address: str, taken: set[str]) -> str:
    free, number = address, 2
    while free in taken:
        free, number = f"{address}-{number}", number + 1
    return free


def _seeable(res: Res, read: set[Part]) -> bool:
    """Whether what was read would have shown a resource: its part was read, and it is something the inventory lists."""
    shown = parts(res.type)
    if res.type in NOT_LISTED or not shown:
        return False
    if shown == ("iam",) and not res.type.endswith("_audit_config") and not res.get("members", ()):
        return False  # a role that is granted to nobody is none
    return all(part in read or (part == "buckets" and "resources" in read) for part in shown)
