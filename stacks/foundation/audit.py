"""Central logs: who touched what, kept apart from the teams' own logs."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.alerting import documentation
from stacks.base import Stack
from stacks.channels import notification_channels

# Services whose reads and writes are worth a record. Not `allServices`: reading logs would log itself.
AUDITED = (
    "artifactregistry.googleapis.com",
    "binaryauthorization.googleapis.com",
    "cloudkms.googleapis.com",
    "container.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "storage.googleapis.com",
)

# Calls by which somebody changes the boundary itself.
_BOUNDARY_METHODS = (
    "SetIamPolicy",
    "compute.firewalls",
    "compute.networkFirewallPolicies",
    "compute.networks",
    "compute.routers",
    "compute.routes",
    "google.iam.admin.v1.CreateServiceAccountKey",
    "storage.setIamPermissions",
)


def build_audit(stack: Stack, logging_key: Any) -> None:
    """Audit configuration, the audit log bucket with its sink, and the exclusion of team namespaces."""
    for service in AUDITED:
        # Who read or wrote what is on record, by name and never by content.
        cdk.google.ProjectIamAuditConfig(
            stack.scope,
            f"audit_{service.split('.')[0]}",
            project=stack.project,
            service=service,
            audit_log_config=[{"log_type": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")],
        )
    retention = stack.platform.log_retention
    # Audit logs outlive the default bucket's 30 days, encrypted with our key.
    bucket = cdk.google.LoggingProjectBucketConfig(
        stack.scope,
        "log_bucket_audit",
        project=stack.project,
        location=stack.region,
        bucket_id=names.AUDIT,
        description="Audit logs of the project",
        retention_days=retention.days,
        locked=retention.locked,
        cmek_settings={"kms_key_name": names.crypto_key_id(*stack.key_path, "logging")},
        lifecycle={"prevent_destroy": True} if retention.locked else None,
        depends_on=[logging_key],
    )
    # Brings the audit logs there.
    cdk.google.LoggingProjectSink(
        stack.scope,
        "log_sink_audit",
        project=stack.project,
        name=names.AUDIT,
        destination=f"logging.googleapis.com/{bucket.id}",
        filter='log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access")'
        ' OR log_id("cloudaudit.googleapis.com/policy")',
        unique_writer_identity=True,
    )
    # A team's entries lie in its own bucket only, where its members and the operators read them.
    cdk.google.LoggingProjectExclusion(
        stack.scope,
        "log_exclusion_teams",
        project=stack.project,
        name=names.TEAM_LOGS_EXCLUSION,
        description="Team namespaces log to their team's own bucket, not to the project's default one",
        filter=f'resource.labels.namespace_name=~"^{names.namespace("")}"',
    )


def build_boundary_alert(stack: Stack) -> None:
    """Tell people when the boundary itself is changed, by Terraform or by hand."""
    methods = " OR ".join(f'protoPayload.methodName:"{method}"' for method in _BOUNDARY_METHODS)
    cdk.google.MonitoringAlertPolicy(
        stack.scope,
        "alert_boundary_changes",
        project=stack.project,
        display_name="Boundary changed",
        combiner="OR",
        severity="WARNING",
        notification_channels=notification_channels(stack),
        conditions=[
            {
                "display_name": "A control of the boundary was changed",
                "condition_matched_log": {
                    "filter": f'log_id("cloudaudit.googleapis.com/activity") AND ({methods})'
                },
            }
        ],
        alert_strategy={"auto_close": "86400s", "notification_rate_limit": {"period": "3600s"}},
        documentation=documentation(
            "IAM, network or keys of the project were changed. Expected during a deploy; otherwise run"
            " `cloister check` on a fresh plan.",
            "boundary-changed",
        ),
    )
