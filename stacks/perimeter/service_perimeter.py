"""VPC Service Controls: one perimeter with the project in it, ingress for the declared people, and no egress."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Organization, names
from cloister.declarations.boundary import People
from stacks import cdk
from stacks.base import Stack
from stacks.perimeter.services import ACCESSIBLE, RESTRICTED, opened


def build_service_perimeter(stack: Stack) -> None:
    """The perimeter, enforced; in a dry run it only logs what it would refuse."""
    organization = stack.organization
    assert organization is not None
    config = {
        "resources": [_member(stack)],
        "restricted_services": sorted(RESTRICTED),
        "vpc_accessible_services": {"enable_restriction": True, "allowed_services": sorted(ACCESSIBLE)},
        "ingress_policies": [
            _ingress(stack, organization, number, entry)
            for number, entry in enumerate(stack.boundary.people, start=1)
        ],
    }
    # No request crosses the project's border, whatever credential it carries, but for the declared people.
    cdk.google.AccessContextManagerServicePerimeter(
        stack.scope,
        "perimeter",
        parent=f"accessPolicies/{organization.access_policy}",
        name=names.service_perimeter(organization.access_policy, stack.project),
        title=names.service_perimeter(organization.access_policy, stack.project).rpartition("/")[2],
        description=f"The project {stack.project}",
        perimeter_type="PERIMETER_TYPE_REGULAR",
        use_explicit_dry_run_spec=True if organization.dry_run else None,
        **{"spec" if organization.dry_run else "status": config},
    )


def _member(stack: Stack) -> str:
    return f"projects/{stack.boundary.project_number}"


def _ingress(stack: Stack, organization: Organization, number: int, entry: People) -> dict[str, Any]:
    """An entry of `people`: those identities, from that access level, to those services of the project."""
    operations: dict[str, set[str]] = {}
    for service in entry.services:
        for name, methods in opened(service, stack.platform.billing_account is not None).items():
            operations.setdefault(name, set()).update(methods)
    return {
        "title": f"people {number}: {', '.join(entry.services)}",
        "ingress_from": {
            "identities": sorted(set(entry.identities)),
            "sources": [{"access_level": names.access_level(organization.access_policy, entry.access_level)}],
        },
        "ingress_to": {
            "resources": [_member(stack)],
            "operations": [
                {
                    "service_name": name,
                    # Every method includes the ones that another word names.
                    "method_selectors": [
                        {"method": method} for method in (["*"] if "*" in methods else sorted(methods))
                    ],
                }
                for name, methods in sorted(operations.items())
            ],
        },
    }
