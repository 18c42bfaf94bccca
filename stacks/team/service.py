"""One service: its pods in the one form that admission allows, who reaches them, and how many there are."""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.service import PULL_MEMORY, PULL_MILLICPU, Service
from stacks import cdk
from stacks.base import Stack
from stacks.team.placement import placement
from stacks.team.quantities import canonical

_APP = "app.kubernetes.io/name"
_NAMESPACE = "kubernetes.io/metadata.name"  # the API server's own label
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_USER = "65532"  # of the runner's image
_TOKEN_SECONDS = 3600
_DRAIN_SECONDS = 40  # for requests in hand, once a pod ends
_SECURE = {
    "allow_privilege_escalation": False,
    "read_only_root_filesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_WORK = [{"name": "work", "mount_path": "/work"}, {"name": "tmp", "mount_path": "/tmp"}]
# What a run id looks like: what follows a stage is no run.
_NO_RUN = "00000000-000000-00000000"


def build_service(stack: Stack, team: Team, service: Service, namespace: str, account: str) -> None:
    """Deployment, address, callers, budget of disruption, and autoscaling where it is declared."""
    word = service.name.replace("-", "_")
    labels = {**names.team_labels(team.team), _APP: service.name}
    # Replicas of the server over what was promoted, each ready once something was; a promotion changes nothing here.
    deployment = cdk.kubernetes.DeploymentV1(
        stack.scope,
        f"service_{word}",
        metadata={"name": service.name, "namespace": namespace, "labels": labels},
        wait_for_rollout=False,
        spec={
            "replicas": None if service.autoscaling else str(service.least),
            "progress_deadline_seconds": 600,
            "revision_history_limit": 3,
            "strategy": {
                "type": "RollingUpdate",
                "rolling_update": {"max_unavailable": "0", "max_surge": "1"},
            },
            "selector": {"match_labels": {_APP: service.name}},
            "template": {"metadata": {"labels": labels}, "spec": _pod(stack, team, service, account)},
        },
    )
    # The name and port by which callers find it; never an address outside the cluster.
    cdk.kubernetes.ServiceV1(
        stack.scope,
        f"service_{word}_address",
        metadata={"name": service.name, "namespace": namespace, "labels": labels},
        spec={
            "type": "ClusterIP",
            "selector": {_APP: service.name},
            "port": [{"port": names.SERVER_PORT, "target_port": str(names.SERVER_PORT), "protocol": "TCP"}],
        },
    )
    if service.callers:
        # Who may open a connection; the server then asks each request's token whose it is.
        cdk.kubernetes.NetworkPolicyV1(
            stack.scope,
            f"service_{word}_callers",
            metadata={"name": f"callers-of-{service.name}", "namespace": namespace},
            spec={
                "pod_selector": {"match_labels": {_APP: service.name}},
                "policy_types": ["Ingress"],
                "ingress": [
                    {
                        "from_": [
                            {"namespace_selector": {"match_labels": {_NAMESPACE: caller.namespace}}}
                            for caller in service.callers
                        ],
                        "ports": [{"protocol": "TCP", "port": str(names.SERVER_PORT)}],
                    }
                ],
            },
        )
    # Upgrades of nodes and other evictions take one pod at a time.
    cdk.kubernetes.PodDisruptionBudgetV1(
        stack.scope,
        f"service_{word}_budget",
        metadata={"name": service.name, "namespace": namespace},
        spec={"max_unavailable": "1", "selector": {"match_labels": {_APP: service.name}}},
    )
    if service.autoscaling:
        # As many replicas as keep to the declared use of CPUs.
        cdk.kubernetes.HorizontalPodAutoscalerV2(
            stack.scope,
            f"service_{word}_scaling",
            metadata={"name": service.name, "namespace": namespace},
            spec={
                "min_replicas": service.autoscaling.min,
                "max_replicas": service.autoscaling.max,
                "scale_target_ref": {
                    "api_version": "apps/v1",
                    "kind": "Deployment",
                    "name": cdk.attribute(deployment, "metadata[0].name"),
                },
                "metric": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {
                                "type": "Utilization",
                                "average_utilization": service.autoscaling.cpu,
                            },
                        },
                    }
                ],
            },
        )


def _pod(stack: Stack, team: Team, service: Service, account: str) -> dict[str, Any]:
    return {
        "service_account_name": account,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "termination_grace_period_seconds": _DRAIN_SECONDS,
        "priority_class_name": names.priority_class(),
        **placement(team),
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": _USER,
            "run_as_group": _USER,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "container": [_server(stack, team, service), _pull(stack, service)],
        "volume": [
            {"name": "work", "empty_dir": {}},
            {"name": "tmp", "empty_dir": {}},
            {"name": "account", "projected": {"default_mode": "0444", "sources": _token()}},
        ],
    }


def _token() -> list[dict[str, Any]]:
    """What the server asks the API server with: a token for it and no other audience, and its certificate."""
    certificate = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    return [
        {"service_account_token": {"path": "token", "expiration_seconds": _TOKEN_SECONDS}},
        {"config_map": certificate},
    ]


def _pull(stack: Stack, service: Service) -> dict[str, Any]:
    """The runner, with the services' identity: it lays out whatever is promoted, every hash checked."""
    asked = {"verb": "follow", "name": service.model, "stage": service.stage}
    settings = [_setting(name) for name in names.PLATFORM_VARIABLES if name != "CLOISTER_NETWORK"]
    return {
        "name": names.PULL_CONTAINER,
        "image": stack.platform.images.runner,
        "args": list(names.RUNNER_ARGUMENTS),
        "env": [
            *settings,
            {"name": "CLOISTER_JOB", "value": "model"},
            {"name": "CLOISTER_RUN_ID", "value": _NO_RUN},
            {"name": "CLOISTER_SPEC", "value": json.dumps({"version": 1, "model": asked})},
        ],
        "resources": _resources(f"{PULL_MILLICPU}m", f"{PULL_MEMORY >> 20}Mi"),
        "security_context": _SECURE,
        "volume_mount": _WORK,
    }


def _server(stack: Stack, team: Team, service: Service) -> dict[str, Any]:
    """What answers: it holds no right to data, and serves once the golden requests are answered as before."""
    callers = sorted(caller.namespace for caller in service.callers)
    return {
        "name": names.SERVER_CONTAINER,
        "image": stack.platform.images.runner,
        "command": list(names.SERVER_COMMAND),
        "env": [
            _setting("CLOISTER_TEAM"),
            {"name": "CLOISTER_AUDIENCE", "value": names.service_host(team.team, service.name)},
            *([{"name": "CLOISTER_CALLERS", "value": ",".join(callers)}] if callers else []),
        ],
        "port": [{"container_port": names.SERVER_PORT, "protocol": "TCP"}],
        "readiness_probe": {"http_get": _get("/ready"), "period_seconds": 1, "failure_threshold": 1},
        "liveness_probe": {"http_get": _get("/health"), "period_seconds": 10},
        "resources": _resources(_cores(service.resources.cpu), canonical(service.resources.memory)),
        "security_context": _SECURE,
        "volume_mount": [*_WORK, {"name": "account", "mount_path": _ACCOUNT, "read_only": True}],
    }


def _setting(name: str) -> dict[str, Any]:
    """A variable from the platform's ConfigMap; off Google Cloud it has more of them."""
    required = name.startswith(("CLOISTER_TEAM", "CLOISTER_BUCKET_"))
    key = {"name": names.CONFIG_MAP, "key": name, "optional": None if required else True}
    return {"name": name, "value_from": {"config_map_key_ref": key}}


def _get(path: str) -> dict[str, str]:
    return {"path": path, "port": str(names.SERVER_PORT), "scheme": "HTTP"}


def _resources(cpu: str, memory: str) -> dict[str, dict[str, str]]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}


def _cores(cpu: float) -> str:
    """Cores as the API server gives them back: whole, or in thousandths."""
    return str(int(cpu)) if cpu == int(cpu) else f"{round(cpu * 1000)}m"
