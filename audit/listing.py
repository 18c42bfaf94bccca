"""Which part shows resources of a Terraform type, and which types the inventory lists: by an asset type of their own, or by
the asset of something else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from audit.assets.registry import yielded
from audit.assets.shape import snake
from audit.model import Part
from policies.facts.asked import EVERY
from policies.facts.kubernetes.objects import YAML_PAYLOADS
from policies.facts.services import HARMLESS, words
from policies.facts.world import World

# Types that stand in the asset of another, which is translated, or whose presence there is undecided.
_WITHIN = frozenset(
    {
        "google_compute_instance_from_template", "google_compute_instance_from_machine_image", "google_compute_per_instance_config",
        "google_compute_region_per_instance_config", "google_compute_network_firewall_policy_with_rules",
        "google_compute_region_network_firewall_policy_with_rules", "google_compute_network_firewall_policy_packet_mirroring_rule",
        "google_compute_network_peering_routes_config", "google_compute_backend_bucket_signed_url_key",
        "google_compute_backend_service_signed_url_key", "google_compute_disk_async_replication", "google_container_registry",
        "google_project", "google_billing_project_info", "google_tags_tag_binding", "google_tags_location_tag_binding",
    }
)  # fmt: skip
# What only protects, or only says what a role holds that is taken for everything without it: that there is none opens nothing.
_PROTECTING = frozenset(
    {
        "google_resource_manager_lien",
        "google_project_default_service_accounts",
        "google_organization_iam_custom_role",
    }
)
# Services whose types begin with other words, or which the inventory lists nothing of. Source: each product's API.
_SERVICES: Mapping[str, str] = {
    "agentregistry": "agentregistry", "apigee": "apigee", "backupdr": "backupdr", "beyondcorp": "beyondcorp", "biglake": "biglake",
    "billingbudget": "billingbudgets", "ces": "ces", "chronicle": "chronicle", "cloudscheduler": "cloudscheduler",
    "cloudsupport": "cloudsupport", "clouddomains": "domains", "colab": "aiplatform", "config": "config", "dataloss": "dlp",
    "datapipeline": "datapipelines", "developerconnect": "developerconnect", "dialogflow": "dialogflow",
    "discoveryengine": "discoveryengine", "edgecontainer": "edgecontainer", "edgenetwork": "edgenetwork", "endpoints": "servicemanagement",
    "firebasestorage": "firebasestorage", "gemini": "cloudaicompanion", "gkeonprem": "gkeonprem", "iap": "iap",
    "identityplatform": "identitytoolkit", "inframanager": "config", "integrationconnectors": "connectors",
    "integrations": "integrations", "looker": "looker", "lustre": "lustre", "memcache": "memcache", "memorystore": "memorystore",
    "migrationcenter": "migrationcenter", "mlengine": "ml", "observability": "observability", "parallelstore": "parallelstore",
    "parametermanager": "parametermanager", "projectaccessapproval": "accessapproval", "publicca": "publicca",
    "scc": "securitycenter", "securesourcemanager": "securesourcemanager", "servicenetworking": "servicenetworking",
    "sourcerepo": "sourcerepo", "vmwareengine": "vmwareengine", "workstations": "workstations",
}  # fmt: skip
# What only an organisation, a folder or a billing account can have.
_ABOVE = (
    "google_organization_", "google_folder_", "google_iam_organization", "google_iam_folder", "google_iam_workforce_pool",
    "google_iam_principal_access_boundary_policy", "google_iam_projects_policy_binding", "google_iam_access_boundary_policy",
    "google_compute_organization_security_policy", "google_compute_firewall_policy", "google_logging_organization_",
    "google_logging_folder_", "google_logging_billing_account_",
)  # fmt: skip
# What many channels ask for and one is about, by how the types begin: that one says that it was not seen.
_SAID: Mapping[str, str] = {
    "google_iam_project_access_policy": "IAM-18", "google_iam_folder_access_policy": "IAM-18",
    "google_iam_organization_access_policy": "IAM-18", "google_storage_object_access_control": "GCS-03",
    "google_storage_object_acl": "GCS-03", "google_container_analysis_note": "REG-04", "google_compute_firewall_policy": "NET-03",
    "google_compute_organization_security_policy": "NET-03",
}  # fmt: skip
# Access lists of objects, which hold only where a bucket leaves them in force.
_OBJECT_LISTS = frozenset({"google_storage_object_access_control", "google_storage_object_acl"})


# Facts that go through all types there are, and the part of the types that they look for.
_LOOKS_FOR: Mapping[str, tuple[Part, ...]] = {
    "policies.facts.grants.grants": ("iam",),
    "policies.facts.kubernetes.objects._read": ("cluster",),
}


@cache
def parts(type_: str) -> tuple[Part, ...]:
    """The parts that show resources of a type, or that a fact looks for."""
    if type_.startswith(EVERY):
        return _LOOKS_FOR.get(type_.removeprefix(EVERY), ("resources",))
    if type_.startswith("data.") or type_ in ("null_resource", "terraform_data"):
        return ()  # a configuration's, never a project's
    if type_.startswith("kubernetes_") or type_ in YAML_PAYLOADS:
        return ("cluster",)
    if not type_.startswith("google_"):
        return ()
    if type_ in (
        "google_storage_bucket",
        "google_storage_bucket_access_control",
        "google_storage_bucket_acl",
    ):
        return ("buckets",)
    if type_.startswith("google_access_context_manager_"):
        return ("access-policies",)
    if type_.startswith("google_org_policy_") or type_.endswith("_organization_policy"):
        return ("org-policies",)
    if type_.endswith(("_iam_member", "_iam_binding", "_iam_policy", "_iam_audit_config")):
        return ("iam",)
    return ("resources",)


def above(type_: str) -> bool:
    """Whether a type lies above every project."""
    return type_.startswith(_ABOVE) and type_ not in _PROTECTING


def said_under(type_: str, channel: str) -> bool:
    """Whether a channel is the one to say that resources of a type were not seen."""
    return all(channel == own for start, own in _SAID.items() if type_.startswith(start))


def listed(type_: str, world: World) -> bool:
    """Whether resources of a type would have been seen among the project's resources."""
    if type_ in _OBJECT_LISTS:
        return all(
            bucket.get("uniform_bucket_level_access") is True for bucket in world.of("google_storage_bucket")
        )
    return type_ in _PROTECTING or _listed(type_)


def may_exist(type_: str, on: frozenset[str]) -> bool:
    """Whether a service that a type needs is among those that are ``on``; where none is known to be, and where nobody knows
    which one it needs, it may."""
    if not on:
        return True
    stem = type_.removeprefix("google_").replace("_", "")
    needed = {service for word, service in _words() if stem.startswith(word)}
    return not needed or not needed.isdisjoint(on)


@cache
def _words() -> frozenset[tuple[str, str]]:
    """(word that types begin with, service) of every service that is known here."""
    services = {*_rows(), *(name.removesuffix(".googleapis.com") for name in HARMLESS)}
    known = {
        (word, f"{service}.googleapis.com")
        for service in services
        for word in words(f"{service}.googleapis.com")
    }
    return frozenset(known | {(word, f"{service}.googleapis.com") for word, service in _SERVICES.items()})


@cache
def _listed(type_: str) -> bool:
    if type_ in _WITHIN or any(type_ in types for types in yielded().values()):
        return True
    stem = type_.removeprefix("google_").replace("_", "")
    return any(stem.endswith(kind) and stem.startswith(word) for word, kind in _inventory())


@cache
def _inventory() -> frozenset[tuple[str, str]]:
    """(word of the service, kind) of every asset type that the inventory lists, in the letters of Terraform's types."""
    return frozenset(
        (word, snake(kind).replace("_", ""))
        for service, kinds in _rows().items()
        for kind in kinds
        for word in words(f"{service}.googleapis.com")
    )


@cache
def _rows() -> dict[str, list[str]]:
    """Kinds by service."""
    lines = files("audit.data").joinpath("asset-types.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {service: kinds.split() for service, kinds in rows}
