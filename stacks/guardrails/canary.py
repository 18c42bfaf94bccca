"""The canary: a CronJob that tries the ways out that the proof calls closed, every hour (runner/canary/).

It stands where a team would: the network policies, the image and the seal are the teams' own, its namespace is held to
Pod Security like theirs, and it acts as a service account of the project. It has no right that lets it out: none in Google
Cloud, and in Kubernetes to list the teams (the watch's Role) and the pods of its own namespace. So whatever succeeds is a
hole. What it finds out about teams it reads when it runs, and a new team changes nothing here.
"""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations import names
from stacks import cdk, metrics
from stacks.alerting import absent, alert, count_above_zero, count_below_one
from stacks.base import Stack
from stacks.google_cloud import METADATA, PRIVATE_VIP, RESTRICTED_VIP_ADDRESSES
from stacks.guardrails import pods
from stacks.team.network import build_network_policies, to_api_server

_EVERY_HOUR = "23 * * * *"  # not when everything else starts
_LONGEST = 900  # seconds for both pods
_AN_HOUR, _SILENCE = "3600s", "10800s"
# Places that everybody may ask, and that the platform must not reach. Cloudflare's public resolver answers on TCP 443 and
# 53, on UDP 53, and to ping; IANA keeps example.com for uses like this; Google's Landsat bucket may be read by anybody, so
# that only a perimeter refuses it.
_INTERNET, _INTERNET_V6 = "1.1.1.1", "2606:4700:4700::1111"
_OUTSIDE_NAME = "example.com"
_FOREIGN_BUCKET = "gcp-public-data-landsat"
_STORE = "https://storage.googleapis.com"


def build_canary(stack: Stack, channels: list[Any]) -> None:
    """Its namespace, identity, rights, network and CronJob, and alerts for what it finds and for its silence."""
    # Where the canary runs, apart from all else: what holds a team's pods holds its.
    inside = pods.namespace(stack, "canary_namespace", names.CANARY_NAMESPACE)
    email = _google_account(stack)
    account = _account(stack, inside, email)
    _network(stack, inside)
    # Two pods every hour: one tries, the other is the pod of another team that it must not reach.
    pods.cron_job(
        stack,
        names.CANARY,
        inside,
        account,
        schedule=_EVERY_HOUR,
        longest=_LONGEST,
        job={"completions": 2, "parallelism": 2, "completion_mode": "Indexed", "backoff_limit": 1},
        env=[
            {"name": "CLOISTER_CANARY", "value": json.dumps(settings(stack), sort_keys=True)},
            _field("CLOISTER_CANARY_JOB", "metadata.labels['batch.kubernetes.io/job-name']"),
            _field("CLOISTER_CANARY_NODE", "status.hostIP"),
        ],
    )
    _open_alert(stack, channels)
    _silence_alert(stack, channels)


def settings(stack: Stack) -> dict[str, Any]:
    """Where the canary may send, and what it judges answers by; runner/canary/settings.py reads it."""
    node = names.node_service_account_id(names.SYSTEM_POOL)
    return {
        "project": stack.project,
        "account": names.service_account_email(stack.project, names.CANARY),
        "node_account": names.service_account_email(stack.project, node),
        "internet": _INTERNET,
        "internet_v6": _INTERNET_V6,
        "private_vip": PRIVATE_VIP,
        "api": RESTRICTED_VIP_ADDRESSES[0],
        "outside_name": _OUTSIDE_NAME,
        "metadata": METADATA,
        "store": _STORE,
        # Elsewhere the seal closes it, or nothing does: the proof never said that this pod could not reach it.
        "foreign_bucket": _FOREIGN_BUCKET if stack.boundary.assurance == "perimeter" else "",
        "namespace": names.PLATFORM_NAMESPACE,
        "kinds": list(names.BUCKET_KINDS),
    }


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "value_from": {"field_ref": {"field_path": path}}}


def _google_account(stack: Stack) -> str:
    """Who the canary is to Google: an identity of the project like a team's, and without a grant."""
    # An identity that has no right anywhere: what Google lets it do, a grant to too many lets it do.
    account = cdk.google.ServiceAccount(
        stack.scope,
        "canary_identity",
        project=stack.project,
        account_id=names.CANARY,
        display_name="The canary: no rights, by design",
    )
    # The canary's pod acts as it, and nobody else.
    cdk.google.ServiceAccountIamBinding(
        stack.scope,
        "canary_identity_users",
        service_account_id=account.name,
        role="roles/iam.workloadIdentityUser",
        members=[names.canary_workload_identity_member(stack.project)],
    )
    return str(account.email)


def _account(stack: Stack, namespace: str, email: str) -> str:
    """Who the canary is to the API server: it may list the teams there are, and the pods of its own namespace."""
    # Who the canary is to the API server; what a grant to all accounts would let it do, it tries.
    account = cdk.kubernetes.ServiceAccountV1(
        stack.scope,
        "canary_account",
        metadata={
            "name": names.CANARY,
            "namespace": namespace,
            "annotations": {"iam.gke.io/gcp-service-account": email},
        },
        automount_service_account_token=False,  # only the pod that asks for it gets one
    )
    # It may find the other pod of its own Job.
    own = cdk.kubernetes.RoleV1(
        stack.scope,
        "canary_pods",
        metadata={"name": names.CANARY, "namespace": namespace},
        rule=[{"api_groups": [""], "resources": ["pods"], "verbs": ["list"]}],
    )
    name = cdk.attribute(account, "metadata[0].name")
    who = {"name": name, "namespace": namespace}
    # Gives it that.
    pods.binding(
        stack,
        "canary_pods_binding",
        names.CANARY,
        namespace,
        cdk.attribute(own, "metadata[0].name"),
        who,
    )
    # It may list what teams there are, as the watch may.
    pods.binding(stack, "canary_teams_binding", names.CANARY, names.PLATFORM_NAMESPACE, names.WATCH, who)
    return name


def _network(stack: Stack, namespace: str) -> None:
    """A team's network policies, and a way to the API server, so that rights and not the network are judged there."""
    build_network_policies(stack, namespace)
    # The one way that a team's pods have not: to ask the API server what it would let them do.
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "canary_to_api_server",
        metadata={"name": "allow-api-server", "namespace": namespace},
        spec={"pod_selector": {}, "policy_types": ["Egress"], "egress": [to_api_server(stack)]},
    )


def _open_alert(stack: Stack, channels: list[Any]) -> None:
    """Tell people that something got out that should not."""
    told = alert(
        stack,
        title="A way out is open",
        conditions={
            "The canary got out": count_above_zero(
                metrics.metric_filter(metrics.ESCAPED), _AN_HOUR, by="metric.label.probe"
            )
        },
        advice=f"The canary's marked bytes took a way that should be closed. Its log in {names.CANARY_NAMESPACE} says how,"
        " and which channels of the catalogue it is; `cloister explain CHANNEL` says what closes it.",
        runbook="way-out-open",
        channels=channels,
        severity="CRITICAL",
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_escaped", **told)


def _silence_alert(stack: Stack, channels: list[Any]) -> None:
    """Tell people when the canary has not tried everything for hours: nobody knows what is open."""
    looks = metrics.metric_filter(metrics.TRIED)
    told = alert(
        stack,
        title="The canary is silent",
        conditions={
            "Not everything was tried for three hours": count_below_one(looks, _SILENCE),
            "No word of the canary for three hours": absent(looks, _SILENCE),
        },
        advice=f"`kubectl -n {names.CANARY_NAMESPACE} get jobs` shows its runs; the last line of a log names what could not be"
        " tried, and the lines before say why.",
        runbook="canary-silent",
        channels=channels,
    )
    cdk.google.MonitoringAlertPolicy(stack.scope, "alert_canary", **told)
