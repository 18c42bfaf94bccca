"""Where the team's models serve: a namespace of its own, with an identity that reads models and nothing else.

Nobody of the team may create or change anything in it: what runs there is what the team's file and the registry say.
"""

from __future__ import annotations

from typing import Any

from cloister.declarations import Team, names
from cloister.declarations.names import BucketKind
from cloister.declarations.service import total
from stacks import cdk
from stacks.base import Stack
from stacks.pod_security import RESTRICTED_LABELS
from stacks.team.network import to_api_server, to_google
from stacks.team.quantities import canonical
from stacks.team.rights import READ, READ_RULES, bind_members
from stacks.team.service import build_service


def serving_account(stack: Stack, team: Team) -> Any:
    """The service account by which a pod reads what was promoted; the buckets say of what it may read."""
    # The identity of the team's services: it reads models and their libraries, and writes nothing.
    account = cdk.google.ServiceAccount(
        stack.scope,
        "serving_account",
        project=stack.project,
        account_id=names.serving_service_account_id(team.team),
        display_name=f"Services of the team {team.team}",
    )
    # One Kubernetes service account of the serving namespace acts as it, and nobody else.
    cdk.google.ServiceAccountIamBinding(
        stack.scope,
        "serving_account_users",
        service_account_id=account.name,
        role="roles/iam.workloadIdentityUser",
        members=[names.serving_identity_member(stack.project, team.team)],
    )
    return account


def build_serving(stack: Stack, team: Team, account: Any, buckets: dict[BucketKind, Any]) -> None:
    """The namespace, and in it each service."""
    # Where the team's models serve, under a class of its own: jobs' rules do not hold there, and jobs do not run there.
    namespace = cdk.kubernetes.NamespaceV1(
        stack.scope,
        "serving_namespace",
        metadata={"name": names.serving_namespace(team.team), "labels": serving_labels(team)},
    )
    inside = cdk.attribute(namespace, "metadata[0].name")
    runner = _account(stack, team, inside, account)
    # The team's buckets, as a pod gets to know them; only the platform changes it.
    cdk.kubernetes.ConfigMapV1(
        stack.scope,
        "serving_settings",
        metadata={"name": names.CONFIG_MAP, "namespace": inside},
        data={
            "CLOISTER_TEAM": team.team,
            **{f"CLOISTER_BUCKET_{kind.upper()}": bucket.name for kind, bucket in buckets.items()},
        },
    )
    _quota(stack, team, inside)
    _network(stack, inside)
    _rights(stack, team, inside)
    for service in team.services:
        build_service(stack, team, service, inside, runner)


def serving_labels(team: Team) -> dict[str, str]:
    """The labels by which policies know the namespace; only the platform can write them."""
    return {
        **names.team_labels(team.team),
        names.TEAM_LABEL: team.team,
        names.NETWORK_LABEL: "sealed",
        names.CLASS_LABEL: names.SERVING,
        names.ISOLATION_LABEL: team.isolation,
        **RESTRICTED_LABELS,
    }


def _account(stack: Stack, team: Team, namespace: str, account: Any) -> str:
    """The account of the pods: of Google's APIs it is the services' identity, of the cluster it asks whose a token is."""
    # The one account of the namespace that a pod may use.
    runner = cdk.kubernetes.ServiceAccountV1(
        stack.scope,
        "serving_runner",
        metadata={
            "name": names.KUBERNETES_SERVICE_ACCOUNT,
            "namespace": namespace,
            "annotations": {"iam.gke.io/gcp-service-account": account.email},
        },
        automount_service_account_token=False,  # the server alone is given one
    )
    name = cdk.attribute(runner, "metadata[0].name")
    # A server asks the API server whose a caller's token is, and may ask nothing else.
    cdk.kubernetes.ClusterRoleBindingV1(
        stack.scope,
        "serving_reviews",
        metadata={"name": names.serving_namespace(team.team)},
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": names.caller_reviewer_role(),
        },
        subject=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    )
    return name


def _quota(stack: Stack, team: Team, namespace: str) -> None:
    cpu, needed, pods = total(team.services)
    memory = canonical(f"{-(-needed >> 20)}Mi")
    # What the declared services take at most, and no more; no load balancer, node port, volume or job among it.
    cdk.kubernetes.ResourceQuotaV1(
        stack.scope,
        "serving_quota",
        metadata={"name": "services", "namespace": namespace},
        spec={
            "hard": {
                "requests.cpu": str(cpu),
                "limits.cpu": str(cpu),
                "requests.memory": memory,
                "limits.memory": memory,
                "requests.nvidia.com/gpu": "0",
                "pods": str(pods),
                "count/jobs.batch": "0",
                "count/cronjobs.batch": "0",
                "services.loadbalancers": "0",
                "services.nodeports": "0",
                "persistentvolumeclaims": "0",
            }
        },
    )


def _network(stack: Stack, namespace: str) -> None:
    """Nothing in and nothing out, but for what a pod needs to pull and to ask whose a token is."""
    # Nothing in and nothing out, for every pod of the namespace; each service lets its callers in.
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "serving_deny_all",
        metadata={"name": "deny-all", "namespace": namespace},
        spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
    )
    # A pod pulls by Google's restricted addresses; the server asks the API server. Nothing else leaves.
    cdk.kubernetes.NetworkPolicyV1(
        stack.scope,
        "serving_allow",
        metadata={"name": "allow-google-and-api-server", "namespace": namespace},
        spec={
            "pod_selector": {},
            "policy_types": ["Egress"],
            "egress": [*to_google(), to_api_server(stack)],
        },
    )


def _rights(stack: Stack, team: Team, namespace: str) -> None:
    """Members see what serves and read its log; they start, change and delete nothing."""
    # Members look at the services and read their logs.
    role = cdk.kubernetes.RoleV1(
        stack.scope,
        "serving_members",
        metadata={"name": "members", "namespace": namespace},
        rule=[
            *READ_RULES,
            {"api_groups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": READ},
            {"api_groups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": READ},
        ],
    )
    # Gives it to the team's members, in the serving namespace.
    bind_members(stack, team, "serving_members_binding", namespace, role)
