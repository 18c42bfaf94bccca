"""The watch: a CronJob of the platform that reads what became of every team's schedules (runner/watch/).

It may list ConfigMaps of its own namespace, where each team's stack says what the team declares, and CronJobs of the
namespaces whose stack lets it (stacks/team/watch.py); it may change nothing. Its pods reach the API server and nothing
else, and have no identity of Google's.
"""

from __future__ import annotations

from typing import Any

from cloister.declarations import names
from stacks import cdk, metrics
from stacks.alerting import absent, alert, count_below_one
from stacks.base import Stack
from stacks.channels import notification_channels
from stacks.cluster.pools import SYSTEM_TOLERATION
from stacks.pod_security import RESTRICTED_LABELS

_EVERY_TEN_MINUTES = "*/10 * * * *"
_SILENCE = "3600s"
_LONGEST = 300  # seconds for all teams
_USER = 65532  # of the runner's image
_PYTHON = "/opt/cloister/bin/python3.11"


def build_watch(stack: Stack) -> None:
    """Its namespace, rights, network and CronJob, and an alert for when it falls silent."""
    inside = _namespace(stack)
    account = _account(stack, inside)
    _network(stack, inside)
    _cron_job(stack, inside, account)
    _alert(stack)


def _namespace(stack: Stack) -> str:
    """The namespace of the platform's own pods, held to Pod Security `restricted` like every team's."""
    namespace = cdk.kubernetes.NamespaceV1(
        stack.scope,
        "platform",
        metadata={"name": names.PLATFORM_NAMESPACE, "labels": RESTRICTED_LABELS},
    )
    return cdk.attribute(namespace, "metadata[0].name")


def _account(stack: Stack, namespace: str) -> str:
    """The watch's account: it lists declarations here, and CronJobs where a team's stack binds the second role."""
    # Who the watch is to the API server, and to nobody else.
    account = cdk.kubernetes.ServiceAccountV1(
        stack.scope,
        "watch_account",
        metadata={"name": names.WATCH, "namespace": namespace},
        automount_service_account_token=False,  # only the pod that asks for it gets one
    )
    # It may list what the teams declare, here.
    own = cdk.kubernetes.RoleV1(
        stack.scope,
        "watch_declarations",
        metadata={"name": names.WATCH, "namespace": namespace},
        rule=[{"api_groups": [""], "resources": ["configmaps"], "verbs": ["list"]}],
    )
    # What each team's stack lets it do in the team's namespace: list CronJobs.
    cdk.kubernetes.ClusterRoleV1(
        stack.scope,
        "watch_schedules",
        metadata={"name": names.watch_role()},
        rule=[{"api_groups": ["batch"], "resources": ["cronjobs"], "verbs": ["list"]}],
    )
    name = cdk.attribute(account, "metadata[0].name")
    # Gives it the first of the two.
    cdk.kubernetes.RoleBindingV1(
        stack.scope,
        "watch_declarations_binding",
        metadata={"name": names.WATCH, "namespace": namespace},
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": cdk.attribute(own, "metadata[0].name"),
        },
        subject=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    )
    return name


def _network(stack: Stack, namespace: str) -> None:
    """Nothing in, and out to the API server only; not even names are asked for."""
    control_plane = str(stack.platform.network.control_plane)
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "platform_network",
        metadata={"name": "api-server-only", "namespace": namespace},
        spec={
            "pod_selector": {},
            "policy_types": ["Ingress", "Egress"],
            "egress": [
                {
                    "to": [{"ip_block": {"cidr": control_plane}}],
                    "ports": [{"protocol": "TCP", "port": "443"}],
                }
            ],
        },
    )


def _alert(stack: Stack) -> None:
    """Tell people when the watch itself falls silent or cannot see every schedule: no alert on a schedule would come."""
    looks = metrics.metric_filter(metrics.WATCHED)
    told = alert(
        stack,
        title="Nobody watches the schedules",
        conditions={
            "No look at every schedule for an hour": count_below_one(looks, _SILENCE),
            "No word of the watch for an hour": absent(looks, _SILENCE),
        },
        advice=f"A missed schedule is not told until this is cured. `kubectl -n {names.PLATFORM_NAMESPACE} get jobs`"
        " shows the watch's runs; their logs name what it cannot read.",
        runbook="watch-silent",
        channels=notification_channels(stack),
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_watch", **told)


def _cron_job(stack: Stack, namespace: str, account: str) -> None:
    """Every ten minutes one pod of the runner's image, on the system's nodes, which are always there."""
    cdk.kubernetes.CronJobV1(
        stack.scope,
        "watch",
        metadata={"name": names.WATCH, "namespace": namespace},
        spec={
            "schedule": _EVERY_TEN_MINUTES,
            "timezone": "UTC",
            "concurrency_policy": "Forbid",
            "starting_deadline_seconds": _LONGEST,
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 3,
            "job_template": {
                "metadata": {},
                "spec": {
                    "backoff_limit": 1,
                    "active_deadline_seconds": _LONGEST,
                    "template": {"metadata": {}, "spec": _pod(stack, account)},
                },
            },
        },
    )


def _pod(stack: Stack, account: str) -> dict[str, Any]:
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
                "name": names.WATCH,
                "image": stack.platform.images.runner,
                "command": [_PYTHON, "-I", "-m", "runner.watch"],
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
