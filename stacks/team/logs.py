"""The team's logs: a bucket of its own, fed by namespace, read by its members and the operators."""

from __future__ import annotations

from cloister.declarations import Team, names
from stacks import cdk
from stacks.base import Stack


def build_logs(stack: Stack, team: Team) -> None:
    """Log bucket, sink, and a view with its readers."""
    retention = stack.platform.log_retention
    # The team's logs and run records, apart from everybody else's.
    bucket = cdk.google.LoggingProjectBucketConfig(
        stack.scope,
        "log_bucket",
        project=stack.project,
        location=stack.region,
        bucket_id=names.log_bucket(team.team),
        description=f"Logs and run records of the team {team.team}",
        retention_days=retention.days,
        locked=retention.locked,
        cmek_settings={"kms_key_name": names.crypto_key_id(*stack.key_path, "logging")},
        lifecycle={"prevent_destroy": True} if retention.locked else None,
    )
    # Tenants write labels and payloads, but never the namespace an entry comes from.
    cdk.google.LoggingProjectSink(
        stack.scope,
        "log_sink",
        project=stack.project,
        name=names.log_sink(team.team),
        destination=f"logging.googleapis.com/{bucket.id}",
        filter=namespace_filter(team),
        unique_writer_identity=True,
    )
    # What members read the bucket by; a bucket has no rights of its own.
    view = cdk.google.LoggingLogView(
        stack.scope,
        "log_view",
        name=names.log_view(team.team),
        bucket=bucket.id,
        description=f"All of the team {team.team}'s entries",
        filter=f'SOURCE("projects/{stack.project}")',
    )
    # The team's members and the operators read them, and nobody else.
    cdk.google.LoggingLogViewIamBinding(
        stack.scope,
        "log_readers",
        parent=f"projects/{stack.project}",
        location=stack.region,
        bucket=bucket.bucket_id,  # by its short name: the long one would be replaced at every deploy
        name=view.name,
        role="roles/logging.viewAccessor",
        members=[team.members, *(member for member in stack.operators if member != team.members)],
    )


def namespace_filter(team: Team) -> str:
    """What Cloud Logging knows the team's entries by."""
    spaces = [names.namespace(team.team)]
    if team.services:
        spaces.append(names.serving_namespace(team.team))
    return " OR ".join(f'resource.labels.namespace_name="{space}"' for space in spaces)
