"""Identities and rights in the project: the nodes', the operators', and none by default."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack

# Google's minimum for nodes: to write logs and metrics. Nothing of it reads data.
_NODE_ROLE = "roles/container.defaultNodeServiceAccount"

# Rights that no predefined role grants alone. Teams' buckets bind the first two; the third is the operators'.
CUSTOM_ROLES = {
    names.OBJECT_CREATOR: ("Create objects, never read them back", ["storage.objects.create"]),
    names.BUCKET_KEEPER: (
        "Manage a bucket, never its objects",
        [
            "storage.buckets.delete",
            "storage.buckets.get",
            "storage.buckets.getIamPolicy",
            "storage.buckets.getIpFilter",
            "storage.buckets.setIamPolicy",
            "storage.buckets.setIpFilter",
            "storage.buckets.update",
        ],
    ),
    names.OPERATOR: (
        "Reach the cluster, manage buckets from outside the network, and attest images",
        [
            "binaryauthorization.attestors.get",
            "binaryauthorization.attestors.verifyImageAttested",
            "container.clusters.connect",
            "container.clusters.get",
            "containeranalysis.notes.attachOccurrence",
            "containeranalysis.notes.listOccurrences",
            "containeranalysis.occurrences.create",
            "containeranalysis.occurrences.get",
            "containeranalysis.occurrences.list",
            "storage.buckets.exemptFromIpFilter",
        ],
    ),
}


def build_node_accounts(stack: Stack) -> list[Any]:
    """One service account per pool of nodes, and the one role they hold in the project."""
    accounts = [
        # Nodes of a pool act as nobody else; the default accounts stay unused.
        cdk.google.ServiceAccount(
            stack.scope,
            f"node_{pool}".replace("-", "_"),
            project=stack.project,
            account_id=names.node_service_account_id(pool),
            display_name=f"Nodes of the pool {pool}",
        )
        for pool in names.pools(stack.platform)
    ]
    cdk.google.ProjectIamBinding(
        stack.scope,
        "project_nodes",
        project=stack.project,
        role=_NODE_ROLE,
        members=[account.member for account in accounts],
    )
    return accounts


def build_project_rights(stack: Stack) -> None:
    """Custom roles, the operators' rights, and the removal of what Google grants unasked."""
    for name, (title, permissions) in CUSTOM_ROLES.items():
        # Rights narrower than any role of Google's.
        role = cdk.google.ProjectIamCustomRole(
            stack.scope,
            f"role_{name}",
            project=stack.project,
            role_id=names.custom_role_id(name),
            title=title,
            permissions=permissions,
            stage="GA",
        )
        if name == names.OPERATOR:
            # What the operators may do in the project, and nobody beside them.
            cdk.google.ProjectIamBinding(
                stack.scope,
                "project_operators",
                project=stack.project,
                role=role.name,
                members=stack.operators,
            )
    # The accounts Google makes unasked lose the Editor role it gives them.
    cdk.google.ProjectDefaultServiceAccounts(
        stack.scope,
        "default_accounts",
        project=stack.project,
        action="DEPRIVILEGE",
        restore_policy="NONE",  # a destroy gives nothing back
    )
    # Nobody deletes the project, and the data with it, by one command.
    cdk.google.ResourceManagerLien(
        stack.scope,
        "lien",
        parent=f"projects/{stack.boundary.project_number}",
        restrictions=["resourcemanager.projects.delete"],
        origin="cloister",
        reason="The project holds the teams' data",
    )
