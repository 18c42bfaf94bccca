"""How pods of the platform's own run: CronJobs of the runner's image, on the system's nodes, which are always there."""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk
from stacks.base import Stack
from stacks.cluster.pools import SYSTEM_TOLERATION
from stacks.pod_security import RESTRICTED_LABELS

_USER = 65532  # of the runner's image
_PYTHON = "/opt/cloister/bin/python3.11"


def namespace(stack: Stack, construct: str, name: str) -> str:
    """Where pods of the platform's own run: held to Pod Security `restricted` like every team's. Returns its name's reference."""
    made = cdk.kubernetes.NamespaceV1(
        stack.scope,
        construct,
        metadata={"name": name, "labels": RESTRICTED_LABELS},
    )
    return cdk.attribute(made, "metadata[0].name")


def binding(
    stack: Stack, construct: str, name: str, namespace: str, role: str, subject: dict[str, str]
) -> None:
    """Lets one account of the platform's own do what a Role of the namespace says.

    `subject` is the account's `name` and `namespace`.
    """
    cdk.kubernetes.RoleBindingV1(
        stack.scope,
        construct,
        metadata={"name": name, "namespace": namespace},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        subject=[{"kind": "ServiceAccount", **subject}],
    )


def cron_job(
    stack: Stack,
    name: str,
    namespace: str,
    account: str,
    *,
    schedule: str,
    longest: int,
    job: dict[str, Any],
    env: list[dict[str, Any]] | None = None,
) -> None:
    """A program of the platform's own, `runner.NAME` of the runner's image, started at its times on the system's nodes.

    `schedule` is in cron's words and UTC, `longest` in seconds; `job` says how many pods, and how often they try.
    """
    cdk.kubernetes.CronJobV1(
        stack.scope,
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "schedule": schedule,
            "timezone": "UTC",
            "concurrency_policy": "Forbid",
            "starting_deadline_seconds": longest,
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 3,
            "job_template": {
                "metadata": {},
                "spec": {
                    **job,
                    "active_deadline_seconds": longest,
                    "template": {"metadata": {}, "spec": _pod(stack, name, account, env)},
                },
            },
        },
    )


def _pod(stack: Stack, name: str, account: str, env: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {
        "restart_policy": "Never",
        "service_account_name": account,
        "automount_service_account_token": True,
        "enable_service_links": False,
        "node_selector": {names.POOL_LABEL: names.SYSTEM_POOL},
        "toleration": [SYSTEM_TOLERATION],
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": str(_USER),
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "container": [
            {
                "name": name,
                "image": stack.platform.images.runner,
                "command": [_PYTHON, "-I", "-m", f"runner.{name}"],
                "env": env,
                "security_context": {
                    "allow_privilege_escalation": False,
                    "read_only_root_filesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"cpu": "500m", "memory": "256Mi"},
                },
            }
        ],
    }
