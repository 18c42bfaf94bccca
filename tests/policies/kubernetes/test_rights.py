"""RBAC against a rule-by-rule reading of Kubernetes' authorizer, with aggregation, built-in roles and IAM beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.facts.kubernetes.powers import POWERS, Power
from policies.facts.kubernetes.rbac import Holding, cluster_role, holdings
from policies.facts.world import World
from tests.policies.network.worlds import PROJECT, world_of

GROUPS = (
    "",
    "apps",
    "batch",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "*",
)
RESOURCES = (
    "pods",
    "pods/exec",
    "pods/*",
    "*/exec",
    "secrets",
    "networkpolicies",
    "roles",
    "nodes/proxy",
    "namespaces",
    "jobs",
    "*",
)
VERBS = ("get", "list", "create", "update", "patch", "bind", "escalate", "impersonate", "*")
RULES = st.fixed_dictionaries(
    {
        "api_groups": st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2),
        "resources": st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=3),
        "verbs": st.lists(st.sampled_from(VERBS), min_size=1, max_size=3),
    }
)


def allows(rules: list[dict[str, Any]], verb: str, group: str, resource: str) -> bool:
    """As kubernetes/pkg/apis/rbac/v1 evaluation_helpers reads: VerbMatches, APIGroupMatches, ResourceMatches."""
    for rule in rules:
        names = rule["resources"]
        sub = resource.partition("/")[2]
        fits = "*" in names or resource in names or (sub and f"*/{sub}" in names)
        if (
            fits
            and (group in rule["api_groups"] or "*" in rule["api_groups"])
            and (verb in rule["verbs"] or "*" in rule["verbs"])
        ):
            return True
    return False


def world(rules: list[dict[str, Any]]) -> World:
    return world_of(
        {
            "kubernetes_role": {"r": {"metadata": {"name": "r", "namespace": "a"}, "rule": rules}},
            "kubernetes_role_binding": {"b": {
                "metadata": {"name": "b", "namespace": "a"},
                "role_ref": {"kind": "Role", "name": "r", "api_group": "rbac.authorization.k8s.io"},
                "subject": [{"kind": "Group", "name": "g@acme.example"}],
            }},
        }
    )  # fmt: skip


def held(rules: list[dict[str, Any]], power: Power) -> bool:
    return any(
        allows(rules, verb, group, resource)
        for verb in power.verbs for group in power.groups for resource in power.resources
    )  # fmt: skip


@given(st.lists(RULES, min_size=1, max_size=3))
def test_powers_are_what_the_authorizer_would_allow(rules: list[dict[str, Any]]) -> None:
    (holding,) = holdings(world(rules))
    expected = {name for name, power in POWERS.items() if held(rules, power)}
    # `*` and `pods/*` name subresources that no power asks for one by one: more is never less safe.
    assert expected <= holding.powers
    assert {name for name in holding.powers - expected if POWERS[name].resources != ("*",)} == set()


def test_a_rule_about_named_objects_creates_nothing_new() -> None:
    rules = [
        {"api_groups": [""], "resources": ["secrets", "pods"], "verbs": ["create"], "resource_names": ["x"]}
    ]
    (holding,) = holdings(world(rules))
    assert not holding.powers
    (other,) = holdings(world([{**rules[0], "resources": ["pods/exec"]}]))
    assert other.powers == {"exec"}


def bound(role: str, kind: str = "ClusterRole", **resources: Any) -> Holding:
    w = world_of(
        {
            "kubernetes_role_binding": {"b": {
                "metadata": {"name": "b", "namespace": "a"}, "role_ref": {"kind": kind, "name": role},
                "subject": [{"kind": "User", "name": "u@acme.example"}],
            }},
            **resources,
        }
    )  # fmt: skip
    (holding,) = holdings(w)
    return holding


@pytest.mark.parametrize(
    ("role", "has", "lacks"),
    [
        ("view", {"logs"}, {"exec", "secrets", "network policies", "pods"}),
        ("edit", {"exec", "secrets", "network policies", "pods", "tokens"}, {"role bindings", "webhooks"}),
        ("admin", {"exec", "role bindings"}, {"webhooks", "bind", "escalate"}),
        ("cluster-admin", {"exec", "webhooks", "escalate", "impersonate", "admission policies"}, set()),
        ("system:discovery", set(), {"logs", "exec"}),
    ],
)
def test_kubernetes_own_roles(role: str, has: set[str], lacks: set[str]) -> None:
    powers = bound(role).powers
    assert has <= powers
    assert not lacks & powers


def test_a_role_that_nobody_creates_may_be_anything() -> None:
    holding = bound("who-knows")
    assert holding.unknown
    assert "exec" in holding.powers
    assert bound("r", "Role").unknown


def test_aggregation_adds_up_through_labels_and_selectors() -> None:
    added = {"metadata": {"name": "extra", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
             "rule": [{"api_groups": [""], "resources": ["pods/exec"], "verbs": ["create"]}]}  # fmt: skip
    roles = {"kubernetes_cluster_role": {"x": added}}
    assert "exec" in bound("view", **roles).powers
    assert "exec" in bound("edit", **roles).powers
    own = {"metadata": {"name": "mine"}, "aggregation_rule": {"cluster_role_selectors": [
        {"match_labels": {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}}]}}  # fmt: skip
    assert "network policies" in bound("mine", kubernetes_cluster_role={"m": own}).powers


def test_roles_that_aggregate_each_other_end() -> None:
    def role(name: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "labels": {"a": "b"}},
                "aggregation_rule": {"cluster_role_selectors": [{"match_labels": {"a": "b"}}]},
                "rule": [{"api_groups": [""], "resources": [name], "verbs": ["get"]}]}  # fmt: skip

    w = world_of({"kubernetes_cluster_role": {name: role(name) for name in ("pods", "secrets")}})
    names = {name for rule in cluster_role(w, "pods").rules for name in rule.resources}
    assert names == {"pods", "secrets"}


@pytest.mark.parametrize(
    ("role", "powers"),
    [("roles/container.developer", {"exec", "secrets", "tokens"}), ("roles/container.clusterViewer", set()),
     ("roles/container.viewer", set()), ("roles/container.admin", {"exec", "escalate", "bind", "webhooks"})],
)  # fmt: skip
def test_iam_gives_powers_too(role: str, powers: set[str]) -> None:
    grant = {"project": PROJECT, "role": role, "member": "group:g@acme.example"}
    (holding,) = holdings(world_of({"google_project_iam_member": {"g": grant}}))
    assert holding.namespace is None
    assert holding.by_iam
    assert powers <= holding.powers
    assert bool(powers) == bool(holding.powers)


@pytest.mark.parametrize(
    ("subject", "kind", "says"),
    [
        ({"kind": "Group", "name": "system:authenticated"}, "everyone", "everyone with a Google account"),
        ({"kind": "User", "name": "system:anonymous"}, "everyone", "without an account"),
        ({"kind": "Group", "name": "system:serviceaccounts"}, "pods", "every pod"),
        ({"kind": "Group", "name": "system:serviceaccounts:x"}, "pods", "namespace x"),
        ({"kind": "User", "name": "system:serviceaccount:x:y"}, "pods", "service account y of namespace x"),
        (
            {"kind": "ServiceAccount", "name": "y", "namespace": "x"},
            "pods",
            "service account y of namespace x",
        ),
        ({"kind": "ServiceAccount", "name": "y"}, "pods", "namespace a"),
        ({"kind": "Group", "name": "system:masters"}, "system", "system:masters"),
        ({"kind": "User", "name": "mallory@gmail.com"}, "outside", "user:mallory@gmail.com"),
        ({"kind": "User", "name": "x@other.iam.gserviceaccount.com"}, "outside", "serviceAccount:x@other"),
        ({"kind": "User", "name": "${var.nowhere}"}, "unknown", "not known"),
    ],
)
def test_subjects(subject: dict[str, str], kind: str, says: str) -> None:
    binding = {
        "metadata": {"name": "b", "namespace": "a"},
        "role_ref": {"kind": "ClusterRole", "name": "view"},
        "subject": [subject],
    }
    (holding,) = holdings(world_of({"kubernetes_role_binding": {"b": binding}}))
    assert holding.subject.kind == kind
    assert says in holding.subject.says
