"""The APIs of the project: exactly those that some resource or the platform's own running needs."""

from __future__ import annotations

from typing import Any

from stacks import cdk
from stacks.base import Stack

# Which API serves which resources. Types are matched by the longest prefix; a type that none matches is an error.
API_OF_TYPES = {
    "google_access_context_manager_": "accesscontextmanager",
    "google_artifact_registry_": "artifactregistry",
    "google_billing_budget": "billingbudgets",
    "google_binary_authorization_": "binaryauthorization",
    "google_compute_": "compute",
    "google_container_analysis_": "containeranalysis",
    "google_container_": "container",
    "google_dns_": "dns",
    "google_iam_": "iam",
    "google_kms_": "cloudkms",
    "google_logging_": "logging",
    "google_monitoring_": "monitoring",
    "google_org_policy_": "orgpolicy",
    "google_project_default_service_accounts": "iam",
    "google_project_iam_custom_role": "iam",
    "google_project_iam_": "cloudresourcemanager",
    "google_resource_manager_lien": "cloudresourcemanager",
    "google_service_account": "iam",
    "google_storage_": "storage",
}

# What it acts on only appears with another API: Google makes the default account of machines with that of machines.
_BROUGHT_BY = {"google_project_default_service_accounts": "compute"}

# APIs that no resource names.
_RUNNING = (
    "clouderrorreporting",  # groups the errors that runners log
    "containerscanning",  # scans images on push, inside the project
    "iamcredentials",  # Workload Identity turns a pod's token into the team's service account
)


def api_of(type_: str) -> str | None:
    """The API that serves a resource type, e.g. `compute`; None for what needs none to be enabled first."""
    if not type_.startswith("google_") or type_ == "google_project_service":
        return None
    prefix = max((prefix for prefix in API_OF_TYPES if type_.startswith(prefix)), key=len, default=None)
    if prefix is None:
        raise ValueError(f"{type_}: no API of foundation/apis.py serves it")
    return API_OF_TYPES[prefix]


# Those of the stack `perimeter`, which only an organisation brings.
_OF_AN_ORGANIZATION = {"accesscontextmanager", "orgpolicy"}


def needed_apis(with_budgets: bool, with_organization: bool) -> list[str]:
    """The short names of the APIs to enable, sorted."""
    apis = {*API_OF_TYPES.values(), *_RUNNING}
    unused = set() if with_budgets else {"billingbudgets"}
    return sorted(apis - unused - (set() if with_organization else _OF_AN_ORGANIZATION))


def enable_apis(stack: Stack) -> dict[str, Any]:
    """Enable them; by short name."""
    return {
        # Nothing works before its API is enabled; what nobody needs stays off.
        api: cdk.google.ProjectService(
            stack.scope,
            f"api_{api}",
            project=stack.project,
            service=f"{api}.googleapis.com",
            disable_on_destroy=False,  # whoever else uses the project keeps working
        )
        for api in needed_apis(stack.platform.billing_account is not None, stack.organization is not None)
    }


def wait_for_apis(stack: Stack, services: dict[str, Any]) -> None:
    """Make every resource of the stack depend on its API, and that of what it acts on, being enabled."""
    for construct in stack.scope.node.find_all():
        type_ = getattr(construct, "terraform_resource_type", None)
        api = api_of(type_) if type_ else None
        if api is not None:
            needed = dict.fromkeys((api, _BROUGHT_BY.get(type_, api)))
            names = [f"google_project_service.{services[name].friendly_unique_id}" for name in needed]
            construct.depends_on = [*(construct.depends_on or []), *names]
