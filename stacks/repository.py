"""An image repository: encrypted, tags that never move, old images removed, scanned inside the project."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack

_KEPT_VERSIONS = 20
_UNTAGGED_AFTER = "2592000s"


def build_repository(
    stack: Stack, name: str, labels: dict[str, str], depends_on: list[Any] | None = None
) -> None:
    """A Docker repository that every node may pull from and the operators may push to."""
    id_ = f"repository_{name}".replace("-", "_")
    repository = cdk.google.ArtifactRegistryRepository(
        stack.scope,
        id_,
        project=stack.project,
        location=stack.region,
        repository_id=name,
        format="DOCKER",
        mode="STANDARD_REPOSITORY",
        kms_key_name=names.crypto_key_id(*stack.key_path, "registry"),
        docker_config={"immutable_tags": True},
        vulnerability_scanning_config={"enablement_config": "INHERITED"},
        cleanup_policy_dry_run=False,
        cleanup_policies=[
            {
                "id": "keep-recent",
                "action": "KEEP",
                "most_recent_versions": {"keep_count": _KEPT_VERSIONS},
            },
            {
                "id": "delete-untagged",
                "action": "DELETE",
                "condition": {"tag_state": "UNTAGGED", "older_than": _UNTAGGED_AFTER},
            },
        ],
        labels=labels or None,
        depends_on=depends_on,
    )
    readers = [
        names.service_account_member(stack.project, names.node_service_account_id(pool))
        for pool in names.pools(stack.platform)
    ]
    for key, role, members in (
        ("readers", "roles/artifactregistry.reader", readers),
        ("writers", "roles/artifactregistry.writer", stack.operators),
    ):
        # Nodes pull from it and operators push to it; nobody else does either.
        cdk.google.ArtifactRegistryRepositoryIamBinding(
            stack.scope,
            f"{id_}_{key}",
            project=stack.project,
            location=stack.region,
            repository=repository.name,
            role=role,
            members=members,
        )
