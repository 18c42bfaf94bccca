"""The team's namespace: what its pods are held to, and how much they may take together."""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.fields import memory_bytes
from cloister.declarations.names import BucketKind
from cloister.declarations.service import total
from stacks import cdk
from stacks.base import Stack
from stacks.pod_security import RESTRICTED_LABELS
from stacks.team.quantities import canonical

_GPU = "requests.nvidia.com/gpu"

_PODS = 500
_JOBS = 200
_DEFAULT_CPU = "1"
_DEFAULT_MEMORY = "2Gi"


def build_namespace(stack: Stack, team: Team, account: Any, buckets: dict[BucketKind, Any]) -> str:
    """Namespace, service account, the platform's settings, quotas and limits; the reference to the namespace's name."""
    # Where the team's pods run, under labels by which every policy knows them.
    namespace = cdk.kubernetes.NamespaceV1(
        stack.scope,
        "namespace",
        metadata={"name": names.namespace(team.team), "labels": namespace_labels(team)},
    )
    inside = cdk.attribute(namespace, "metadata[0].name")
    # The one account of the namespace that a pod may use.
    cdk.kubernetes.ServiceAccountV1(
        stack.scope,
        "runner",
        metadata={
            "name": names.KUBERNETES_SERVICE_ACCOUNT,
            "namespace": inside,
            "annotations": {"iam.gke.io/gcp-service-account": account.email},
        },
        automount_service_account_token=False,  # Workload Identity needs no token in the pod
    )
    # The team's buckets, as pods get to know them; only the platform changes it.
    cdk.kubernetes.ConfigMapV1(
        stack.scope,
        "settings",
        metadata={"name": names.CONFIG_MAP, "namespace": inside},
        data={
            "CLOISTER_TEAM": team.team,
            "CLOISTER_NETWORK": team.network,
            **{f"CLOISTER_BUCKET_{kind.upper()}": bucket.name for kind, bucket in buckets.items()},
        },
    )
    _quotas(stack, team, inside)
    _limits(stack, team, inside)
    return inside


def namespace_labels(team: Team) -> dict[str, str]:
    """The labels by which policies know the team; only the platform can write them."""
    return {
        **names.team_labels(team.team),
        names.TEAM_LABEL: team.team,
        names.NETWORK_LABEL: team.network,
        names.ISOLATION_LABEL: team.isolation,
        names.LIMIT_LABEL: str(team.quota.max_run_hours * 3600),
        **RESTRICTED_LABELS,
    }


def _quotas(stack: Stack, team: Team, namespace: str) -> None:
    quota = team.quota
    cpu, memory, _ = total(team.services)
    left = {"cpu": str(quota.cpu - cpu), "memory": _less(quota.memory, memory)}
    # What the team's jobs take together, beside its services; no load balancer, node port or volume among it.
    cdk.kubernetes.ResourceQuotaV1(
        stack.scope,
        "quota",
        metadata={"name": "team", "namespace": namespace},
        spec={
            "hard": {
                "requests.cpu": left["cpu"],
                "limits.cpu": left["cpu"],
                "requests.memory": left["memory"],
                "limits.memory": left["memory"],
                _GPU: str(sum(quota.gpus.values())),
                "pods": str(_PODS),
                "count/jobs.batch": str(_JOBS),
                "services.loadbalancers": "0",
                "services.nodeports": "0",
                "persistentvolumeclaims": "0",
            }
        },
    )
    # One resource name covers every kind of GPU; the class a pod must have for its kind tells them apart.
    for accelerator in names.accelerators(stack.platform):
        # How many of this accelerator; a team without has none.
        cdk.kubernetes.ResourceQuotaV1(
            stack.scope,
            f"quota_{accelerator}".replace("-", "_"),
            metadata={"name": accelerator, "namespace": namespace},
            spec={
                "hard": {_GPU: str(quota.gpus.get(accelerator, 0))},
                "scope_selector": {
                    "match_expression": [
                        {
                            "scope_name": "PriorityClass",
                            "operator": "In",
                            "values": [names.priority_class(accelerator)],
                        }
                    ]
                },
            },
        )


def _less(memory: str, taken: int) -> str:
    """An amount of memory less some bytes, in whole Mi."""
    return canonical(f"{(memory_bytes(memory) - taken) >> 20}Mi") if taken else memory


def _limits(stack: Stack, team: Team, namespace: str) -> None:
    defaults = {"cpu": _DEFAULT_CPU, "memory": _DEFAULT_MEMORY}
    # A pod that says nothing gets little, and none more than the team has.
    cdk.kubernetes.LimitRangeV1(
        stack.scope,
        "limits",
        metadata={"name": "team", "namespace": namespace},
        spec={
            "limit": [
                {
                    "type": "Container",
                    "default": defaults,
                    "default_request": defaults,
                    "max": {"cpu": canonical(str(team.quota.cpu)), "memory": canonical(team.quota.memory)},
                }
            ]
        },
    )
