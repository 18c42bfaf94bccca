"""Organisation policies on the project: what the other stacks close stays closed, whoever holds a role in it.

Only who administers the organisation's policies can lift them. Constraints by their names in
cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints; a constraint that the platform itself
would break is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack

_ENFORCED = (
    # Keys and grants that outlive their purpose.
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableCrossProjectServiceAccountUsage",
    "iam.disableAuditLoggingExemption",
    # Networks.
    "compute.skipDefaultNetworkCreation",
    "compute.disableInternetNetworkEndpointGroup",
    "compute.disableVpcExternalIpv6",
    # Machines.
    "compute.disableSerialPortAccess",
    "compute.disableNestedVirtualization",
    "compute.requireShieldedVm",
    # Data.
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
    "storage.secureHttpTransport",
    "sql.restrictPublicIp",
    "sql.restrictAuthorizedNetworks",
    "datastream.disablePublicConnectivity",
    "bigquery.disableBQOmniAWS",
    "bigquery.disableBQOmniAzure",
    # The cluster.
    "container.managed.enablePrivateNodes",
    "container.managed.enableControlPlaneDNSOnlyAccess",
    "container.managed.enableWorkloadIdentityFederation",
    "container.managed.enableBinaryAuthorization",
    "container.managed.enableSecretsEncryption",
    "container.managed.enableShieldedNodes",
    "container.managed.enableGoogleGroupsRBAC",
    "container.managed.disableABAC",
    "container.managed.disableRBACSystemBindings",
    "container.managed.disableLegacyClientCertificateIssuance",
    "container.managed.disableInsecureKubeletReadOnlyPort",
)
# List constraints that allow nothing at all.
_NOTHING = (
    "compute.vmExternalIpAccess",
    "compute.restrictCloudNATUsage",
    "compute.restrictVpcPeering",
    "compute.restrictVpnPeerIPs",
    "compute.restrictDedicatedInterconnectUsage",
    "compute.restrictPartnerInterconnectUsage",
    "iam.workloadIdentityPoolProviders",
    "iam.workloadIdentityPoolAwsAccounts",
    "iam.allowServiceAccountCredentialLifetimeExtension",
)
_DENIED = {
    "storage.restrictAuthTypes": ["in:ALL_HMAC_SIGNED_REQUESTS"],
    "gcp.restrictTLSVersion": ["TLS_VERSION_1", "TLS_VERSION_1_1"],
}


def build_organization_policies(stack: Stack) -> None:
    """What the project's attributes say today, nobody in the project can make otherwise."""
    for constraint, spec in _specs(stack):
        cdk.google.OrgPolicyPolicy(
            stack.scope,
            constraint.replace(".", "_"),
            parent=f"projects/{stack.project}",
            name=names.organization_policy(stack.project, constraint),
            spec=spec,
        )


def _specs(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    organization = stack.organization
    assert organization is not None
    for constraint in _ENFORCED:
        yield constraint, {"rules": [{"enforce": "TRUE"}]}
    for constraint in _NOTHING:
        yield constraint, {"rules": [{"deny_all": "TRUE"}]}
    for constraint, values in _DENIED.items():
        yield constraint, _merged({"denied_values": values})
    yield "iam.allowedPolicyMemberDomains", _merged({"allowed_values": [organization.customer]})
    regions = [f"in:{region}-locations" for region in stack.boundary.regions]
    yield "gcp.resourceLocations", _merged({"allowed_values": regions})
    domain = f"@{stack.boundary.domain}"
    yield "essentialcontacts.allowedContactDomains", _merged({"allowed_values": [domain]})
    for constraint, values in (
        ("compute.restrictLoadBalancerCreationForTypes", ["in:INTERNAL"]),
        ("compute.restrictProtocolForwardingCreationForTypes", ["is:INTERNAL"]),
    ):
        yield constraint, _merged({"allowed_values": values})


def _merged(values: dict[str, list[str]]) -> dict[str, Any]:
    """Values beside those that the organisation sets itself, never instead of them."""
    return {"inherit_from_parent": True, "rules": [{"values": values}]}
