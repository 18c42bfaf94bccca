"""The team's buckets, and every right on them.

Each role is bound authoritatively. The roles Google grants a new bucket's project owners, editors and viewers are
bound to nobody, so that no right on the project reaches the data. A bucket that existed before (`adopt`) gets its whole
policy instead, so that no right from before outlives its adoption.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.dates import today
from cloister.declarations.names import BUCKET_KINDS, BucketKind
from stacks import cdk
from stacks.base import Stack
from stacks.team.removal import allow_removal
from stacks.team.sharing import readers, until_condition

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
# What services read: models, and the libraries their commands run with.
_SERVED: dict[BucketKind, str] = {"artifacts": "models/", "code": "environments/"}


@dataclass(frozen=True)
class _Grant:
    """Who holds a role on a bucket, the last day on which they do, and the objects of which they do."""

    role: str
    members: list[str]
    until: date | None = None
    prefix: str = ""


def build_buckets(
    stack: Stack, team: Team, labels: dict[str, str], account: Any, services: Any
) -> dict[BucketKind, Any]:
    """The buckets by kind, with the rights of jobs, services (None: there are none), members, sources, shares and
    releases."""
    removable = team.data_may_go(today())
    emptied_by = allow_removal(stack, team) if removable else None
    buckets = {}
    for kind in BUCKET_KINDS:
        bucket = buckets[kind] = _bucket(stack, team, kind, labels, emptied_by)
        # Operators keep the bucket itself.
        keepers = _Grant(names.custom_role(stack.project, names.BUCKET_KEEPER), stack.operators)
        grants = _grants(stack, team, account, kind)
        if services is not None and kind in _SERVED:
            grants.append(_Grant(_VIEWER, [services.member], prefix=_SERVED[kind]))
        if bucket.name_input in team.adopt:
            bucket.import_from(f"{stack.project}/{bucket.name_input}")
            _policy(stack, team, kind, bucket, [keepers, *grants])
        else:
            _bindings(stack, team, kind, bucket, keepers, grants)
    return buckets


def _grants(stack: Stack, team: Team, account: Any, kind: BucketKind) -> list[_Grant]:
    """Who may do what: jobs read code and data, keep artifacts, and add results."""
    creator = names.custom_role(stack.project, names.OBJECT_CREATOR)
    sources = sorted(source.member for source in team.sources)
    jobs = [account.member]
    of_kind: dict[BucketKind, list[_Grant]] = {
        "code": [_Grant(_VIEWER, jobs), _Grant(creator, [team.members])],
        "data": [_Grant(_VIEWER, jobs), *([_Grant(creator, sources)] if sources else [])],
        "artifacts": [_Grant("roles/storage.objectUser", jobs)],
        "results": [_Grant(creator, jobs)],
    }
    shared = [_Grant(_VIEWER, members, until) for until, members in readers(stack, team, kind).items()]
    return of_kind[kind] + shared


def _bucket(stack: Stack, team: Team, kind: BucketKind, labels: dict[str, str], emptied_by: Any) -> Any:
    """The bucket. With `emptied_by`, the right to empty it, it is deleted with what it holds."""
    # People read what is released from wherever they are, which an IP filter would refuse.
    released = any(release.bucket == kind for release in team.releases)
    # Where the team's objects of a kind lie: encrypted, never public, and for data and artifacts served inside only.
    return cdk.google.StorageBucket(
        stack.scope,
        f"bucket_{kind}",
        project=stack.project,
        name=names.bucket(stack.project, team.team, kind),
        location=stack.region.upper(),
        storage_class="STANDARD",
        force_destroy=emptied_by is not None,  # else a bucket that holds anything stays
        public_access_prevention="enforced",
        uniform_bucket_level_access=True,
        encryption={"default_kms_key_name": names.crypto_key_id(*stack.key_path, "storage")},
        versioning={"enabled": kind in _VERSIONED},
        soft_delete_policy={"retention_duration_seconds": _WEEK},
        lifecycle_rule=_lifecycle(kind),
        ip_filter=_ip_filter(stack) if kind in _INSIDE_ONLY and not released else None,
        labels=labels,
        depends_on=[emptied_by] if emptied_by else None,
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


def _bindings(
    stack: Stack, team: Team, kind: BucketKind, bucket: Any, keepers: _Grant, grants: list[_Grant]
) -> None:
    """One authoritative binding for each grant, and for each role that nobody holds."""
    # The keepers come first, so that taking the convenience roles locks nobody out.
    first = _bind(stack, team, kind, bucket, keepers)
    for role in _CONVENIENCE_ROLES:
        _bind(stack, team, kind, bucket, _Grant(role, []), depends_on=[first])
    for grant in grants:
        _bind(stack, team, kind, bucket, grant)


def _bind(
    stack: Stack,
    team: Team,
    kind: BucketKind,
    bucket: Any,
    grant: _Grant,
    depends_on: list[Any] | None = None,
) -> Any:
    short = grant.role.rpartition("/")[2].removeprefix("storage.").removeprefix("cloister_")
    return cdk.google.StorageBucketIamBinding(
        stack.scope,
        f"bucket_{kind}_readers_until_{grant.until:%Y%m%d}"
        if grant.until
        else f"bucket_{kind}_{'services' if grant.prefix else short}",
        bucket=bucket.name,
        role=grant.role,
        members=grant.members,
        condition=_condition(stack, team, kind, grant),
        depends_on=depends_on,
    )


def _condition(stack: Stack, team: Team, kind: BucketKind, grant: _Grant) -> dict[str, str] | None:
    """The IAM condition of a grant; objects are listed by their prefix, where there is no name of an object."""
    if grant.prefix:
        bucket = names.bucket(stack.project, team.team, kind)
        listed = '"storage.googleapis.com/objectListPrefix", ""'
        return {
            "title": f"{grant.prefix.rstrip('/')} only",
            "description": f"Declared in teams/{team.team}.yaml",
            "expression": f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{grant.prefix}")'
            f' || api.getAttribute({listed}).startsWith("{grant.prefix}")',
        }
    return until_condition(team, grant.until) if grant.until else None


def _policy(stack: Stack, team: Team, kind: BucketKind, bucket: Any, grants: list[_Grant]) -> None:
    """The bucket's whole policy: whoever held a right before holds it no more."""
    bindings: list[dict[str, Any]] = [
        {"role": grant.role, "members": grant.members}
        | ({"condition": condition} if (condition := _condition(stack, team, kind, grant)) else {})
        for grant in grants
    ]
    cdk.google.StorageBucketIamPolicy(
        stack.scope,
        f"bucket_{kind}_policy",
        bucket=bucket.name,
        policy_data=json.dumps({"bindings": bindings}),
    )
