"""The team's buckets, and every right on them.

Each role is bound authoritatively. The roles Google grants a new bucket's project owners, editors and viewers are
bound to nobody, so that no right on the project reaches the data.
"""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.names import BUCKET_KINDS, BucketKind
from stacks import cdk
from stacks.base import Stack
from stacks.team.sharing import build_sharing

_CONVENIENCE_ROLES = (
    "roles/storage.legacyBucketOwner",
    "roles/storage.legacyBucketReader",
    "roles/storage.legacyBucketWriter",
    "roles/storage.legacyObjectOwner",
    "roles/storage.legacyObjectReader",
)
_VIEWER = "roles/storage.objectViewer"

_WEEK = 604800
_UNFINISHED_UPLOAD_DAYS = 7
_OLD_VERSION_DAYS = 30
_VERSIONED: tuple[BucketKind, ...] = ("data", "artifacts", "results")  # code is named by its content
_INSIDE_ONLY: tuple[BucketKind, ...] = ("data", "artifacts")  # people read these through a release only


def build_buckets(stack: Stack, team: Team, labels: dict[str, str], account: Any) -> dict[BucketKind, Any]:
    """The buckets by kind, with the rights of jobs, members, sources, shares and releases."""
    buckets = {kind: _bucket(stack, team, kind, labels) for kind in BUCKET_KINDS}
    for kind, bucket in buckets.items():
        # Operators keep the bucket itself; this comes first, so that taking the convenience roles locks nobody out.
        keepers = _bind(
            stack, kind, bucket, names.custom_role(stack.project, names.BUCKET_KEEPER), stack.operators
        )
        for role in _CONVENIENCE_ROLES:
            _bind(stack, kind, bucket, role, [], depends_on=[keepers])
        for role, members in _grants(stack, team, account)[kind].items():
            _bind(stack, kind, bucket, role, members)
    build_sharing(stack, team, buckets)
    return buckets


def _grants(stack: Stack, team: Team, account: Any) -> dict[BucketKind, dict[str, list[str]]]:
    """Who may do what, by bucket and role: jobs read code and data, keep artifacts, and add results."""
    creator = names.custom_role(stack.project, names.OBJECT_CREATOR)
    sources = sorted(source.member for source in team.sources)
    return {
        "code": {_VIEWER: [account.member], creator: [team.members]},
        "data": {_VIEWER: [account.member]} | ({creator: sources} if sources else {}),
        "artifacts": {"roles/storage.objectUser": [account.member]},
        "results": {creator: [account.member]},
    }


def _bucket(stack: Stack, team: Team, kind: BucketKind, labels: dict[str, str]) -> Any:
    released = any(
        release.bucket == kind for release in team.releases
    )  # people read it from wherever they are
    return cdk.google.StorageBucket(
        stack.scope,
        f"bucket_{kind}",
        project=stack.project,
        name=names.bucket(stack.project, team.team, kind),
        location=stack.region.upper(),
        storage_class="STANDARD",
        force_destroy=False,  # a bucket that holds anything stays
        public_access_prevention="enforced",
        uniform_bucket_level_access=True,
        encryption={"default_kms_key_name": names.crypto_key_id(*stack.key_path, "storage")},
        versioning={"enabled": kind in _VERSIONED},
        soft_delete_policy={"retention_duration_seconds": _WEEK},
        lifecycle_rule=_lifecycle(kind),
        ip_filter=_ip_filter(stack) if kind in _INSIDE_ONLY and not released else None,
        labels=labels,
    )


def _lifecycle(kind: BucketKind) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [
        {
            "action": {"type": "AbortIncompleteMultipartUpload"},
            "condition": {"age": _UNFINISHED_UPLOAD_DAYS},
        }
    ]
    if kind in _VERSIONED:
        condition = {"days_since_noncurrent_time": _OLD_VERSION_DAYS, "with_state": "ARCHIVED"}
        rules.append({"action": {"type": "Delete"}, "condition": condition})
    return rules


def _ip_filter(stack: Stack) -> dict[str, Any]:
    """Objects are served to the network's own nodes and pods only, whoever holds the credentials."""
    ranges = stack.platform.network
    return {
        "mode": "Enabled",
        "allow_cross_org_vpcs": False,
        "allow_all_service_agent_access": False,
        "vpc_network_sources": [
            {
                "network": names.network_path(stack.project, stack.platform.name),
                "allowed_ip_cidr_ranges": [str(ranges.nodes), str(ranges.pods)],
            }
        ],
    }


def _bind(
    stack: Stack,
    kind: BucketKind,
    bucket: Any,
    role: str,
    members: list[str],
    depends_on: list[Any] | None = None,
) -> Any:
    short = role.rpartition("/")[2].removeprefix("storage.").removeprefix("cloister_")
    return cdk.google.StorageBucketIamBinding(
        stack.scope,
        f"bucket_{kind}_{short}",
        bucket=bucket.name,
        role=role,
        members=members,
        depends_on=depends_on,
    )
