"""Identities, roles and every resource's IAM policy. Source: IAM's REST reference; Policy of google.iam.v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from audit.assets.registry import Inventory, asset_type, live, one
from audit.assets.shape import Words, snake
from audit.model import Asset, Live
from policies.facts.principals import agent_number


@asset_type("iam.googleapis.com/ServiceAccount", "google_service_account")
def service_account(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    email = str(asset.data.get("email", ""))
    more = {"account_id": email.partition("@")[0], "email": email, "member": f"serviceAccount:{email}"}
    found = one(asset, inventory, "google_service_account", {}, {"name": ""}, ("oauth2ClientId",), more)
    default = email.endswith(("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com"))
    yield replace(found, made="Google, when an API was switched on" if default else "")


@asset_type("iam.googleapis.com/ServiceAccountKey", "google_service_account_key")
def service_account_key(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A key somebody holds. Google's own keys of an account never leave Google."""
    if asset.data.get("keyType") == "SYSTEM_MANAGED":
        return
    account = _by_email(asset.path.partition("/keys/")[0], inventory)
    yield live("google_service_account_key", {"service_account_id": account}, asset)


@asset_type(
    "iam.googleapis.com/Role", "google_project_iam_custom_role", "google_organization_iam_custom_role"
)
def custom_role(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    above = asset.segment("organizations")
    type_ = "google_organization_iam_custom_role" if above else "google_project_iam_custom_role"
    if asset.data.get("deleted"):
        return
    more = {"role_id": asset.path.rsplit("/", 1)[-1]} | ({"org_id": above} if above else {})
    yield one(asset, inventory, type_, {}, {"includedPermissions": "permissions", "name": ""}, (), more)


@asset_type("iam.googleapis.com/PolicyV2", "google_iam_deny_policy")
def deny_policy(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    parent, _, name = asset.path.partition("/denypolicies/")
    yield one(
        asset,
        inventory,
        "google_iam_deny_policy",
        {},
        {},
        (),
        {"parent": parent.removeprefix("policies/"), "name": name},
    )


@asset_type("iam.googleapis.com/WorkloadIdentityPool", "google_iam_workload_identity_pool")
def identity_pool(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    names = {"workload_identity_pool_id": "workloadIdentityPools"}
    yield one(asset, inventory, "google_iam_workload_identity_pool", names, {"name": ""})


@asset_type("iam.googleapis.com/WorkloadIdentityPoolProvider", "google_iam_workload_identity_pool_provider")
def identity_provider(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    names = {
        "workload_identity_pool_id": "workloadIdentityPools",
        "workload_identity_pool_provider_id": "providers",
    }
    yield one(asset, inventory, "google_iam_workload_identity_pool_provider", names, {"name": ""})


# Asset types that carry policies: the stem of the provider's IAM types, and the arguments that say what is granted on, each
# by its collection of the full name ("" for the whole name without its service, "." for its last segment).
POLICIES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cloudresourcemanager.googleapis.com/Project": ("google_project", {"project": "projects"}),
    "cloudresourcemanager.googleapis.com/Folder": ("google_folder", {"folder": ""}),
    "cloudresourcemanager.googleapis.com/Organization": ("google_organization", {"org_id": "organizations"}),
    "storage.googleapis.com/Bucket": ("google_storage_bucket", {"bucket": "."}),
    "iam.googleapis.com/ServiceAccount": ("google_service_account", {"service_account_id": ""}),
    "cloudkms.googleapis.com/CryptoKey": ("google_kms_crypto_key", {"crypto_key_id": ""}),
    "cloudkms.googleapis.com/KeyRing": ("google_kms_key_ring", {"key_ring_id": ""}),
    "artifactregistry.googleapis.com/Repository": (
        "google_artifact_registry_repository", {"project": "projects", "location": "locations", "repository": "repositories"},
    ),
    "logging.googleapis.com/LogView": ("google_logging_log_view", {"location": "locations", "bucket": "buckets", "name": "views"}),
    "pubsub.googleapis.com/Topic": ("google_pubsub_topic", {"topic": "topics"}),
    "pubsub.googleapis.com/Subscription": ("google_pubsub_subscription", {"subscription": "subscriptions"}),
    "secretmanager.googleapis.com/Secret": ("google_secret_manager_secret", {"secret_id": "secrets"}),
    "bigquery.googleapis.com/Dataset": ("google_bigquery_dataset", {"dataset_id": "datasets"}),
    "bigquery.googleapis.com/Table": ("google_bigquery_table", {"dataset_id": "datasets", "table_id": "tables"}),
    "run.googleapis.com/Service": ("google_cloud_run_v2_service", {"location": "locations", "name": "services"}),
    "run.googleapis.com/Job": ("google_cloud_run_v2_job", {"location": "locations", "name": "jobs"}),
    "cloudfunctions.googleapis.com/Function": ("google_cloudfunctions2_function", {"location": "locations", "cloud_function": "functions"}),
    "cloudfunctions.googleapis.com/CloudFunction": (
        "google_cloudfunctions_function", {"region": "locations", "cloud_function": "functions"},
    ),
    "compute.googleapis.com/Subnetwork": ("google_compute_subnetwork", {"region": "regions", "subnetwork": "subnetworks"}),
    "compute.googleapis.com/Instance": ("google_compute_instance", {"zone": "zones", "instance_name": "instances"}),
    "compute.googleapis.com/Disk": ("google_compute_disk", {"zone": "zones", "name": "disks"}),
    "compute.googleapis.com/Image": ("google_compute_image", {"image": "images"}),
    "compute.googleapis.com/Snapshot": ("google_compute_snapshot", {"name": "snapshots"}),
    "dns.googleapis.com/ManagedZone": ("google_dns_managed_zone", {"managed_zone": "managedZones"}),
    "binaryauthorization.googleapis.com/Attestor": ("google_binary_authorization_attestor", {"attestor": "attestors"}),
}  # fmt: skip


def policy(asset: Asset, policy: Mapping[str, Any], inventory: Inventory) -> Iterator[Live] | None:
    """The bindings of a resource's IAM policy, one resource each, and a project's audit configuration. None for a type
    whose policies nothing reads."""
    known = POLICIES.get(asset.type)
    return None if known is None else _bindings(known, asset, policy, inventory)


def _bindings(
    known: tuple[str, Mapping[str, str]], asset: Asset, policy: Mapping[str, Any], inventory: Inventory
) -> Iterator[Live]:
    stem, names = known
    path = _by_email(asset.path, inventory)
    own = Asset(f"//-/{path}", asset.type, {})
    target = {
        argument: path
        if collection == ""
        else path.rsplit("/", 1)[-1]
        if collection == "."
        else own.segment(collection)
        for argument, collection in names.items()
    }
    if stem == "google_logging_log_view":
        target["parent"] = path.partition("/locations/")[0]
    if stem == "google_project":
        yield _defaults(asset, policy, target, inventory.words)
    for number, binding in enumerate(policy.get("bindings") or ()):
        body = {**target, "role": binding.get("role"), "members": list(binding.get("members") or ())}
        condition = binding.get("condition")
        if condition:
            body["condition"] = {key: condition.get(key) for key in ("title", "description", "expression")}
        role = str(binding.get("role", "")).rsplit("/", 1)[-1]
        aside = _AGENTS if stem == "google_project" and _agents_only(binding, inventory.words.number) else ""
        name = f"{path.rsplit('/', 1)[-1]}-{role}" + (f"-{number}" if condition else "")
        yield replace(live(f"{stem}_iam_binding", body, asset, name=name), aside=aside)
    for config in _get(policy, "auditConfigs") or ():
        if stem == "google_project":
            yield _audit(asset, config, target)


_AGENTS = "grants of Google's roles for service agents to the project's own service agents"


def _agents_only(binding: Mapping[str, Any], number: str) -> bool:
    """Whether a binding is how Google's services work in the project: a role made for an agent, held by agents of it."""
    members = [str(member).removeprefix("serviceAccount:") for member in binding.get("members") or ()]
    for_agents = str(binding.get("role", "")).lower().endswith("serviceagent")
    return bool(number and for_agents and members) and all(
        agent_number(member) == number for member in members
    )


def _defaults(asset: Asset, policy: Mapping[str, Any], target: Mapping[str, Any], words: Words) -> Live:
    """Whether the default accounts still hold what Google gives them: the policy says so itself."""
    defaults = {f"serviceAccount:{words.number}-compute@developer.gserviceaccount.com",
                f"serviceAccount:{words.project}@appspot.gserviceaccount.com"}  # fmt: skip
    kept = any(
        binding.get("role") == "roles/editor" and defaults & set(binding.get("members") or ())
        for binding in policy.get("bindings") or ()
    )
    body = {**target, "action": "NONE" if kept else "DEPRIVILEGE"}
    made = "what the project's policy says of its default accounts"
    return replace(live("google_project_default_service_accounts", body, asset, name="defaults"), made=made)


def _by_email(path: str, inventory: Inventory) -> str:
    """A name with the account's address: the inventory calls accounts by their numbers."""
    found = inventory.words.text(path)
    own = inventory.emails.get(found)
    return f"{found.rpartition('/')[0]}/{own}" if own else found


# AuditLogConfig.LogType by its number: exports to Cloud Storage may write enums either way.
_LOG_TYPES = {1: "ADMIN_READ", 2: "DATA_WRITE", 3: "DATA_READ"}


def _audit(asset: Asset, config: Mapping[str, Any], target: Mapping[str, Any]) -> Live:
    logs = []
    for item in _get(config, "auditLogConfigs") or ():
        type_ = _get(item, "logType")
        logs.append(
            {
                "log_type": _LOG_TYPES.get(type_, type_),
                "exempted_members": list(_get(item, "exemptedMembers") or ()),
            }
        )
    body = {**target, "service": config.get("service"), "audit_log_config": logs}
    return live("google_project_iam_audit_config", body, asset, name=f"audit-{config.get('service')}")


def _get(tree: Mapping[str, Any], name: str) -> Any:
    """A field of a protocol buffer, which JSON writes in camel case and exports in snake case."""
    return tree.get(name, tree.get(snake(name)))
