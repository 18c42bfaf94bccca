"""What no role can give: the project's identities reach this project alone, and administer nothing in it."""

from __future__ import annotations

from cloister.declarations import Organization, names
from stacks import cdk
from stacks.base import Stack

# The version whose permissions hold those of Cloud Storage, BigQuery and Logging; later ones are taken after a look.
_ENFORCEMENT_VERSION = "4"

# What opens a way past the boundary, in the words of deny policies (SERVICE/RESOURCE.VERB). None is needed by a runner,
# a node or a service agent. A permission has to be in cloud.google.com/iam/docs/deny-permissions-support.
_DENIED = (
    "cloudresourcemanager.googleapis.com/projects.setIamPolicy",
    "iam.googleapis.com/roles.create",
    "iam.googleapis.com/roles.update",
    "iam.googleapis.com/serviceAccountKeys.create",
    "iam.googleapis.com/serviceAccounts.create",
    "iam.googleapis.com/serviceAccounts.setIamPolicy",
    "storage.googleapis.com/buckets.setIamPolicy",
    "storage.googleapis.com/hmacKeys.create",
)


def build_access_boundary(stack: Stack) -> None:
    """A grant that another project gives to an identity of this one is worth nothing."""
    organization = stack.organization
    assert organization is not None
    project = f"//cloudresourcemanager.googleapis.com/projects/{stack.project}"
    # The project's identities may use what is granted to them in this project, and nowhere else.
    boundary = cdk.google.IamPrincipalAccessBoundaryPolicy(
        stack.scope,
        "boundary",
        organization=organization.id,
        location="global",
        principal_access_boundary_policy_id=names.principal_access_boundary(stack.project),
        display_name=f"Identities of {stack.project} reach {stack.project} alone",
        details={
            "enforcement_version": _ENFORCEMENT_VERSION,
            "rules": [{"description": "This project", "resources": [project], "effect": "ALLOW"}],
        },
    )
    # Binds that boundary to every service account and workload of the project, those of all teams among them.
    cdk.google.IamProjectsPolicyBinding(
        stack.scope,
        "project",
        project=stack.project,
        location="global",
        policy_binding_id=names.principal_access_boundary(stack.project),
        policy_kind="PRINCIPAL_ACCESS_BOUNDARY",
        policy=cdk.attribute(boundary, "id"),
        target={"principal_set": project},
    )


def build_denies(stack: Stack) -> None:
    """Nobody but the operators makes keys, roles or grants, whatever a role says."""
    organization = stack.organization
    assert organization is not None
    # Team identities above all: no grant of theirs, by mistake or by attack, lets them widen the boundary.
    cdk.google.IamDenyPolicy(
        stack.scope,
        "administration",
        parent=f"cloudresourcemanager.googleapis.com%2Fprojects%2F{stack.project}",
        name="cloister-administration",
        display_name="Only operators administer",
        rules=[
            {
                "description": "Keys, roles and grants are the operators'",
                "deny_rule": {
                    "denied_principals": ["principalSet://goog/public:all"],
                    "denied_permissions": list(_DENIED),
                    "exception_principals": [_principal(member, organization) for member in stack.operators],
                },
            }
        ],
    )


def _principal(member: str, organization: Organization) -> str:
    """An IAM member in the words of deny policies (cloud.google.com/iam/docs/principal-identifiers)."""
    kind, _, name = member.partition(":")
    match kind:
        case "user":
            return f"principal://goog/subject/{name}"
        case "group":
            return f"principalSet://goog/group/{name}"
        case "serviceAccount":
            return f"principal://iam.googleapis.com/projects/-/serviceAccounts/{name}"
        case "domain":
            return f"principalSet://goog/cloudIdentityCustomerId/{organization.customer}"
        case _:  # of a federation: it is written alike in both
            return member
