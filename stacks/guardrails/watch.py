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
from stacks.guardrails import pods
from stacks.team.network import to_api_server

_EVERY_TEN_MINUTES = "*/10 * * * *"
_SILENCE = "3600s"
_LONGEST = 300  # seconds for all teams


def build_watch(stack: Stack, channels: list[Any]) -> None:
    """Its namespace, rights, network and CronJob, and an alert for when it falls silent."""
    # Where the platform's own pods run.
    inside = pods.namespace(stack, "platform", names.PLATFORM_NAMESPACE)
    account = _account(stack, inside)
    _network(stack, inside)
    # Every ten minutes one pod that looks.
    pods.cron_job(
        stack,
        names.WATCH,
        inside,
        account,
        schedule=_EVERY_TEN_MINUTES,
        longest=_LONGEST,
        job={"backoff_limit": 1},
    )
    _alert(stack, channels)


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
    pods.binding(
        stack,
        "watch_declarations_binding",
        names.WATCH,
        namespace,
        cdk.attribute(own, "metadata[0].name"),
        {"name": name, "namespace": namespace},
    )
    return name


def _network(stack: Stack, namespace: str) -> None:
    """Nothing in, and out to the API server only; not even names are asked for."""
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "platform_network",
        metadata={"name": "api-server-only", "namespace": namespace},
        spec={
            "pod_selector": {},
            "policy_types": ["Ingress", "Egress"],
            "egress": [to_api_server(stack)],
        },
    )


def _alert(stack: Stack, channels: list[Any]) -> None:
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
        channels=channels,
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_watch", **told)
