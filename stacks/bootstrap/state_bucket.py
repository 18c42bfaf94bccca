"""The bucket of Terraform's state: versioned, closed to the public, held by the operators and nobody else."""

from __future__ import annotations

from typing import Any

from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound
from google.cloud import storage

from cloister.declarations import Declarations, names
from stacks.bootstrap.agents import Mistaken, Say
from stacks.rest import Google, Refused

# Google gives these to a project's owners, editors and viewers with every new bucket.
_CONVENIENCE = ("projectOwner:", "projectEditor:", "projectViewer:")
# Terraform reads, writes and locks its state; the bucket itself is kept by the same people.
OPERATOR_ROLES = ("roles/storage.legacyBucketOwner", "roles/storage.objectAdmin")


def make_state_bucket(google: Google, declared: Declarations, say: Say, *, dry_run: bool) -> None:
    """Create the bucket or bring it to what it should be; nothing changes where it is that already.

    Raises Mistaken for a bucket of another project, Refused for what Google does not let the caller do.
    """
    name, location = declared.platform.state_bucket, declared.platform.region
    client = storage.Client(project=google.project, credentials=google.credentials)
    try:
        bucket = find(google, declared)
        made = bucket is not None
        if bucket is None:
            say("state bucket", f"{'would create' if dry_run else 'creating'} {name} in {location}")
            bucket = client.bucket(name)
            _settle(bucket, None)
            if not dry_run:
                client.create_bucket(bucket, location=location)
                made = True
        _bring_up(google, bucket, declared, say, dry_run=dry_run)
        if made:
            _grant(bucket, declared, say, dry_run=dry_run)
    except GoogleAPICallError as error:
        raise Refused(int(error.code or 0), f"{name}: {error.message}") from None


def find(google: Google, declared: Declarations) -> Any:
    """The bucket, or None where it is still to be made; Mistaken where it is another project's. Raises Refused."""
    name, number = declared.platform.state_bucket, declared.boundary.project_number
    client = storage.Client(project=google.project, credentials=google.credentials)
    try:
        bucket = client.get_bucket(name)
    except NotFound:
        return None
    except Forbidden as error:
        if error.reason == "SERVICE_DISABLED":
            return None
        raise Refused(
            403,
            f"{name}: it exists and is not yours to see: another project's, or you lack storage.buckets.get",
        ) from None
    if str(bucket.project_number) != number:
        raise Mistaken(
            f"platform.yaml: state_bucket: {name} belongs to project {bucket.project_number}, expected {number};"
            " bucket names are worldwide, choose another"
        )
    return bucket


def _settle(bucket: Any, key: str | None) -> list[str]:
    """Set what differs, to be sent later; the words for it."""
    iam = bucket.iam_configuration
    changed = []
    if not bucket.versioning_enabled:
        bucket.versioning_enabled = True
        changed.append("versioned")
    if not iam.uniform_bucket_level_access_enabled:
        iam.uniform_bucket_level_access_enabled = True
        changed.append("uniform access")
    if iam.public_access_prevention != "enforced":
        iam.public_access_prevention = "enforced"
        changed.append("public access prevented")
    if key is not None and bucket.default_kms_key_name != key:
        bucket.default_kms_key_name = key
        changed.append("encrypted with the key storage")
    return changed


def _bring_up(google: Google, bucket: Any, declared: Declarations, say: Say, *, dry_run: bool) -> None:
    platform = declared.platform
    key: str | None = names.crypto_key_id(google.project, platform.region, platform.name, "storage")
    if google.find(f"https://cloudkms.googleapis.com/v1/{key}") is None:
        say("state bucket", "the key storage is not there yet; run this again once foundation is deployed")
        key = None
    changed = _settle(bucket, key)
    if changed:
        say("state bucket", f"{'would be ' if dry_run else ''}{', '.join(changed)}")
        if not dry_run:
            bucket.patch()
    else:
        say("state bucket", f"{bucket.name} is as it should be")


def _grant(bucket: Any, declared: Declarations, say: Say, *, dry_run: bool) -> None:
    """Give the bucket to the operators, and take it from everybody else."""
    operators = {principal.member for principal in declared.boundary.trusted.principals}
    policy = bucket.get_iam_policy(requested_policy_version=3)
    wanted = [{"role": role, "members": operators} for role in OPERATOR_ROLES]
    found = [binding for binding in policy.bindings if binding.get("members")]
    if sorted(map(_key, found)) == sorted(map(_key, wanted)):
        return say("state bucket", f"held by {', '.join(sorted(operators))} only")
    for member in sorted({member for binding in found for member in binding["members"]} - operators):
        if not member.startswith(_CONVENIENCE):
            say(
                "state bucket",
                f"{'would take' if dry_run else 'taking'} it from {member}, no trusted principal",
            )
    say("state bucket", f"{'would give' if dry_run else 'giving'} it to {', '.join(sorted(operators))} only")
    if not dry_run:
        policy.version = 3
        policy.bindings = wanted
        bucket.set_iam_policy(policy)


def _key(binding: dict[str, Any]) -> str:
    return repr((binding["role"], sorted(binding["members"]), binding.get("condition")))
