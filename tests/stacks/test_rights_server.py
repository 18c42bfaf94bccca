"""What a team's members may do, asked of a real API server's authorizer with the synthesized roles."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from tests.cluster.server import api_server
from tests.stacks.trees import stacks

RUN = secrets.token_hex(4)
TEAMS = ("fakespot", "translations")
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def api(example_tree: Path) -> Iterator[client.ApiClient]:
    """An API server with both teams' roles and bindings, in namespaces of this run's own."""
    api = config.new_client_from_config(api_server())
    core, rbac = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
    for team in TEAMS:
        namespace = _namespace(team)
        core.create_namespace({"metadata": {"name": namespace}})
        resource = stacks(example_tree)[f"team-{team}"]["resource"]
        (role,) = resource["kubernetes_role_v1"].values()
        binding = resource["kubernetes_role_binding_v1"]["members_binding"]
        rules = [
            {"apiGroups": rule["api_groups"], "resources": rule["resources"], "verbs": rule["verbs"]}
            for rule in role["rule"]
        ]
        rbac.create_namespaced_role(namespace, {"metadata": {"name": "members"}, "rules": rules})
        subjects = [
            {"kind": item["kind"], "name": item["name"], "apiGroup": item["api_group"]}
            for item in binding["subject"]
        ]
        reference = {"kind": "Role", "name": "members", "apiGroup": "rbac.authorization.k8s.io"}
        rbac.create_namespaced_role_binding(
            namespace, {"metadata": {"name": "members"}, "roleRef": reference, "subjects": subjects}
        )
    yield api
    for team in TEAMS:
        core.delete_namespace(_namespace(team))


def _namespace(team: str) -> str:
    return f"rights-{team}-{RUN}"


def _may(api: client.ApiClient, verb: str, resource: str, namespace: str, **who: Any) -> bool:
    """Whether fakespot's members, or whom `who` names, may do this."""
    group, _, rest = resource.rpartition(":")
    name, _, subresource = rest.partition("/")
    attributes = {
        "verb": verb, "group": group, "resource": name, "subresource": subresource, "namespace": namespace,
    }  # fmt: skip
    user = who or {
        "user": "anna@acme.example",
        "groups": ["fakespot-ml@acme.example", "system:authenticated"],
    }
    review = {"spec": {"resourceAttributes": attributes, **user}}
    return bool(client.AuthorizationV1Api(api).create_subject_access_review(review).status.allowed)


MAY = [
    ("create", "batch:jobs"),
    ("patch", "batch:cronjobs"),
    ("delete", "batch:jobs"),
    ("watch", "pods"),
    ("get", "pods/log"),
    ("list", "events"),
]
MAY_NOT = [
    ("create", "pods"),
    ("patch", "pods"),
    ("create", "pods/exec"),
    ("get", "pods/exec"),
    ("create", "pods/attach"),
    ("create", "pods/portforward"),
    ("get", "pods/proxy"),
    ("patch", "pods/ephemeralcontainers"),
    ("create", "services/proxy"),
    ("get", "secrets"),
    ("list", "secrets"),
    ("get", "configmaps"),
    ("update", "configmaps"),
    ("create", "serviceaccounts"),
    ("create", "serviceaccounts/token"),
    ("impersonate", "serviceaccounts"),
    ("create", "services"),
    ("create", "endpoints"),
    ("create", "persistentvolumeclaims"),
    ("update", "resourcequotas"),
    ("create", "networking.k8s.io:networkpolicies"),
    ("delete", "networking.k8s.io:networkpolicies"),
    ("create", "networking.k8s.io:ingresses"),
    ("create", "rbac.authorization.k8s.io:rolebindings"),
    ("escalate", "rbac.authorization.k8s.io:roles"),
    ("create", "apps:deployments"),
    ("update", "namespaces"),
]
CLUSTER_MAY_NOT = [
    ("list", "nodes"),
    ("get", "nodes/proxy"),
    ("list", "namespaces"),
    ("create", "persistentvolumes"),
    ("create", "admissionregistration.k8s.io:validatingadmissionpolicies"),
    ("delete", "admissionregistration.k8s.io:validatingadmissionpolicybindings"),
    ("create", "admissionregistration.k8s.io:mutatingwebhookconfigurations"),
    ("create", "rbac.authorization.k8s.io:clusterrolebindings"),
    ("create", "cilium.io:ciliumclusterwidenetworkpolicies"),
]


@pytest.mark.parametrize(("verb", "resource"), MAY)
def test_members_may_in_their_own_namespace_and_in_no_other(
    api: client.ApiClient, verb: str, resource: str
) -> None:
    assert _may(api, verb, resource, _namespace("fakespot"))
    for elsewhere in (_namespace("translations"), "default", "kube-system", ""):
        assert not _may(api, verb, resource, elsewhere)


@pytest.mark.parametrize(("verb", "resource"), MAY_NOT)
def test_members_may_not_even_in_their_own(api: client.ApiClient, verb: str, resource: str) -> None:
    for namespace in (_namespace("fakespot"), _namespace("translations"), ""):
        assert not _may(api, verb, resource, namespace)


@pytest.mark.parametrize(("verb", "resource"), CLUSTER_MAY_NOT)
def test_members_may_nothing_cluster_wide(api: client.ApiClient, verb: str, resource: str) -> None:
    assert not _may(api, verb, resource, "")


@pytest.mark.parametrize(
    ("verb", "resource"), [*MAY, ("get", "secrets"), ("create", "serviceaccounts/token")]
)
def test_the_teams_pods_may_nothing(api: client.ApiClient, verb: str, resource: str) -> None:
    account = f"system:serviceaccount:{_namespace('fakespot')}:runner"
    for namespace in (_namespace("fakespot"), _namespace("translations"), ""):
        assert not _may(api, verb, resource, namespace, user=account, groups=["system:serviceaccounts"])
