"""Argo Workflows for a team whose flows are deployed: one controller in the team's namespace, and what it may do there.

In the team's own namespace it may do little that the team's members may not: make pods, which admission holds like
everybody's. A controller of several teams would be the one thing that a hostile workflow of one could reach another by.
"""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.platform import Argo
from stacks import cdk
from stacks.base import Stack
from stacks.guardrails.argo import GROUP, controller_arguments
from stacks.team.network import to_api_server
from stacks.team.placement import placement

_READ = ["get", "list", "watch"]
_CHANGE = ["create", "update", "patch", "delete"]
_USER = 65532
_WEEK = 7 * 24 * 3600
WORKFLOW_LABEL = "workflows.argoproj.io/workflow"  # which the controller puts on every pod it makes
CONTROLLER_LABELS = {"app": names.ARGO}
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # where every client of Kubernetes looks
# Of the controller: nothing but the team's own kinds and pods. No secrets, claims, roles, exec or leases.
CONTROLLER_RULES: tuple[dict[str, list[str]], ...] = (
    {"api_groups": [""], "resources": ["pods"], "verbs": [*_READ, *_CHANGE]},
    {"api_groups": [""], "resources": ["configmaps", "serviceaccounts"], "verbs": _READ},
    {"api_groups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    {
        "api_groups": [GROUP],
        "resources": [
            "workflows",
            "workflows/finalizers",
            "workflowtasksets",
            "workflowtasksets/status",
            "workflowtasksets/finalizers",
            "workflowartifactgctasks",
            "workflowartifactgctasks/finalizers",
            "workflowtaskresults",
        ],
        "verbs": [*_READ, *_CHANGE, "deletecollection"],
    },
    {"api_groups": [GROUP], "resources": ["workflowtemplates"], "verbs": _READ},
    {
        "api_groups": [GROUP],
        "resources": ["cronworkflows", "cronworkflows/finalizers"],
        "verbs": [*_READ, "update", "patch"],
    },
)
EXECUTOR_RULES: tuple[dict[str, list[str]], ...] = (
    {"api_groups": [GROUP], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
)
MEMBER_RULES: tuple[dict[str, list[str]], ...] = (
    {
        "api_groups": [GROUP],
        "resources": ["workflowtemplates", "cronworkflows", "workflows"],
        "verbs": [*_READ, *_CHANGE],
    },
)
_SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": _USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def token_volume() -> dict[str, Any]:
    """A token of the pod's own account for the API server, that ends with the pod and within the hour."""
    return {
        "name": names.ARGO_TOKEN,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": names.ARGO_TOKEN_SECONDS}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {
                    "downwardAPI": {
                        "items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]
                    }
                },
            ]
        },
    }


def controller_config() -> dict[str, Any]:
    """What the controller reads: no place for artifacts, no archive, no metrics, and how pods get their token.

    Argo Workflows would mount a Secret with a token that never ends; the patch puts a projected one in its place.
    Only the containers of the executor mount it, so a step's own code has none.
    """
    patch = {"volumes": [{"$retainKeys": ["name", "projected"], **token_volume()}]}
    return {
        "executor": {
            "name": "executor",
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"cpu": "500m", "memory": "256Mi"},
            },
            "securityContext": _SECURITY,
        },
        "metricsConfig": {"enabled": False},
        "telemetryConfig": {"enabled": False},
        "workflowRestrictions": {"templateReferencing": "Strict"},
        "workflowDefaults": {
            "spec": {
                "automountServiceAccountToken": False,
                "executor": {"serviceAccountName": names.KUBERNETES_SERVICE_ACCOUNT},
                "podSpecPatch": json.dumps(patch, sort_keys=True),
                "ttlStrategy": {"secondsAfterCompletion": _WEEK},
            }
        },
    }


def build_argo(stack: Stack, team: Team, argo: Argo, namespace: str, members: dict[str, str]) -> None:
    """Account, rights, configuration, network and Deployment of the controller; the members' and the executor's rights."""
    # Who the controller is to the API server; no identity of Google's is bound to it.
    account = cdk.kubernetes.ServiceAccountV1(
        stack.scope,
        "argo",
        metadata={"name": names.ARGO, "namespace": namespace},
        automount_service_account_token=False,
    )
    name = cdk.attribute(account, "metadata[0].name")
    own = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    runner = {"kind": "ServiceAccount", "name": names.KUBERNETES_SERVICE_ACCOUNT, "namespace": namespace}
    _rights(stack, "argo_controller", names.ARGO, namespace, CONTROLLER_RULES, own)
    _rights(stack, "argo_executor", names.ARGO_EXECUTOR, namespace, EXECUTOR_RULES, runner)
    _rights(stack, "argo_members", "members-flows", namespace, MEMBER_RULES, members)
    # How the controller makes pods; only the platform changes it.
    cdk.kubernetes.ConfigMapV1(
        stack.scope,
        "argo_config",
        metadata={"name": names.ARGO, "namespace": namespace},
        data={"config": json.dumps(controller_config(), indent=1, sort_keys=True)},
    )
    _network(stack, namespace)
    _deployment(stack, team, argo, namespace, name)


def _rights(
    stack: Stack,
    resource: str,
    name: str,
    namespace: str,
    rules: tuple[dict[str, list[str]], ...],
    subject: dict[str, str],
) -> None:
    # What Argo Workflows' controller, its executor, or the members may do with flows, in this namespace.
    role = cdk.kubernetes.RoleV1(
        stack.scope,
        resource,
        metadata={"name": name, "namespace": namespace},
        rule=[dict(rule) for rule in rules],
    )
    # Gives it to them.
    cdk.kubernetes.RoleBindingV1(
        stack.scope,
        f"{resource}_binding",
        metadata={"name": name, "namespace": namespace},
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": cdk.attribute(role, "metadata[0].name"),
        },
        subject=[subject],
    )


def _network(stack: Stack, namespace: str) -> None:
    """Out to the API server, for the controller and for flows' pods, whose executor tells it what came out."""
    selectors: dict[str, dict[str, Any]] = {
        "controller": {"match_labels": CONTROLLER_LABELS},
        "pods": {"match_expressions": [{"key": WORKFLOW_LABEL, "operator": "Exists"}]},
    }
    for which, selector in selectors.items():
        # The API server, and nothing else that deny-all keeps from them.
        cdk.kubernetes.NetworkPolicyV1(
            stack.scope,
            f"argo_{which}_network",
            metadata={"name": f"argo-{which}", "namespace": namespace},
            spec={"pod_selector": selector, "policy_types": ["Egress"], "egress": [to_api_server(stack)]},
        )


def _deployment(stack: Stack, team: Team, argo: Argo, namespace: str, account: str) -> None:
    # Turns the team's workflows into pods. One at a time: two would make every pod twice.
    cdk.kubernetes.DeploymentV1(
        stack.scope,
        "argo_deployment",
        metadata={"name": names.ARGO, "namespace": namespace, "labels": CONTROLLER_LABELS},
        spec={
            "replicas": "1",
            "strategy": {"type": "Recreate"},
            "selector": {"match_labels": CONTROLLER_LABELS},
            "template": {
                "metadata": {"labels": CONTROLLER_LABELS},
                "spec": _pod(team, argo, account),
            },
        },
    )


def _pod(team: Team, argo: Argo, account: str) -> dict[str, Any]:
    """The one form in which admission lets the controller run."""
    return {
        "service_account_name": account,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "priority_class_name": names.priority_class(),
        **placement(team),
        "container": [
            {
                "name": names.ARGO,
                "image": argo.controller,
                "command": ["workflow-controller"],
                "args": controller_arguments(argo.executor),
                "env": [{"name": "LEADER_ELECTION_DISABLE", "value": "true"}],
                "volume_mount": [{"name": names.ARGO_TOKEN, "mount_path": TOKEN_PATH, "read_only": True}],
                "security_context": {
                    "allow_privilege_escalation": False,
                    "read_only_root_filesystem": True,
                    "run_as_non_root": True,
                    "run_as_user": str(_USER),
                    "capabilities": {"drop": ["ALL"]},
                    "seccomp_profile": {"type": "RuntimeDefault"},
                },
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"cpu": "1", "memory": "512Mi"},
                },
            }
        ],
        "volume": [
            {
                "name": names.ARGO_TOKEN,
                "projected": {
                    "default_mode": "0444",
                    "sources": [
                        {
                            "service_account_token": {
                                "path": "token",
                                "expiration_seconds": names.ARGO_TOKEN_SECONDS,
                            }
                        },
                        {
                            "config_map": {
                                "name": "kube-root-ca.crt",
                                "items": [{"key": "ca.crt", "path": "ca.crt"}],
                            }
                        },
                        {
                            "downward_api": {
                                "items": [
                                    {"path": "namespace", "field_ref": {"field_path": "metadata.namespace"}}
                                ]
                            }
                        },
                    ],
                },
            }
        ],
    }
