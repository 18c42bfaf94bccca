"""Whether a policy holds for a request: what it matches, what it leaves out, and whether it is in force at all."""

from __future__ import annotations

from typing import Any

import pytest

from policies.facts.kubernetes.admission.attempts import Attempt, Filling, attempts
from policies.facts.kubernetes.admission.judge import Request, refusal
from policies.facts.kubernetes.namespaces import NAME
from policies.facts.world import World
from tests.policies.network.worlds import world_of

LABELS = {NAME: "a", "cloister.dev/team": "a"}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"x": "y"}},
    "spec": {"containers": [{"name": "c", "image": "evil"}]},
}
RULES = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def world(
    policy: dict[str, Any] | None = None, binding: dict[str, Any] | None = None, **resources: Any
) -> World:
    """One policy that refuses every image but `good`, with changes to its spec and its binding's."""
    spec = {"matchConstraints": {"resourceRules": [RULES]},
            "validations": [{"expression": "object.spec.containers.all(c, c.image == 'good')", "message": "only good"}],
            **(policy or {})}  # fmt: skip
    bound = {"policyName": "p", "validationActions": ["Deny"], **(binding or {})}
    return world_of(
        {
            "kubernetes_manifest": {
                "policy": {"manifest": {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
                                        "metadata": {"name": "p"}, "spec": spec}},
                "binding": {"manifest": {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
                                         "metadata": {"name": "p"}, "spec": bound}},
            },
            **resources,
        }
    )  # fmt: skip


def refused(w: World, request: Request | None = None) -> bool:
    return refusal(w, request or Request(POD, LABELS), lambda check: False) is not None


def test_a_policy_in_force_refuses() -> None:
    found = refusal(world(), Request(POD, LABELS), lambda check: False)
    assert found is not None
    assert found.message == "only good"


@pytest.mark.parametrize(
    ("policy", "binding"),
    [
        ({"failurePolicy": "Ignore"}, {}),
        ({"failurePolicy": "${var.nowhere}"}, {}),
        ({}, {"validationActions": ["Audit"]}),
        ({}, {"validationActions": ["Warn", "Audit"]}),
        ({}, {"validationActions": []}),
        ({}, {"validationActions": "${var.nowhere}"}),
        ({}, {"policyName": "another"}),
        ({}, {"matchResources": {"namespaceSelector": {"matchLabels": {"nothing": "here"}}}}),
        ({}, {"matchResources": {"namespaceSelector": {"matchExpressions": [{"key": "cloister.dev/team", "operator": "NotIn", "values": ["a"]}]}}}),
        ({}, {"matchResources": {"objectSelector": {"matchLabels": {"x": "y"}}}}),  # its maker chooses labels
        ({}, {"matchResources": {"excludeResourceRules": [{**RULES, "resources": ["*"]}]}}),
        ({}, {"matchResources": {"excludeResourceRules": [{**RULES, "resourceNames": ["p"]}]}}),
        ({}, {"matchResources": {"resourceRules": [{**RULES, "operations": ["UPDATE"]}]}}),
        ({"matchConstraints": {"resourceRules": [{**RULES, "resources": ["deployments"]}]}}, {}),
        ({"matchConstraints": {"resourceRules": [{**RULES, "resourceNames": ["q"]}]}}, {}),
        ({"matchConstraints": {"resourceRules": [{**RULES, "scope": "Cluster"}]}}, {}),
        ({"matchConstraints": {}}, {}),
        ({"matchConditions": [{"name": "never", "expression": "request.operation == 'DELETE'"}]}, {}),
        ({"matchConditions": [{"name": "untold", "expression": "object.?spec.hasValue()"}]}, {}),
        ({"validations": [{"expression": "true"}]}, {}),
        ({"validations": [{"expression": "object.?spec.hasValue() == false"}]}, {}),
        ({"validations": []}, {}),
        ({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}, {"paramRef": {"name": "gone", "parameterNotFoundAction": "Deny"}}),
    ],
    ids=str,
)  # fmt: skip
def test_a_policy_that_is_not_in_force_refuses_nothing(
    policy: dict[str, Any], binding: dict[str, Any]
) -> None:
    assert not refused(world(policy, binding))


@pytest.mark.parametrize(
    ("policy", "binding"),
    [
        ({"failurePolicy": "Fail"}, {"validationActions": ["Audit", "Deny"]}),
        ({}, {"matchResources": {"namespaceSelector": {"matchExpressions": [{"key": "cloister.dev/team", "operator": "Exists"}]}}}),
        ({"matchConstraints": {"resourceRules": [{**RULES, "resources": ["*/*"], "apiGroups": ["*"], "operations": ["*"]}]}}, {}),
        ({"matchConditions": [{"name": "broken", "expression": "object.spec.gone == 1"}]}, {}),  # an error refuses
        ({"validations": [{"expression": "object.spec.gone == 1"}]}, {}),
        ({"variables": [{"name": "images", "expression": "object.spec.containers.map(c, c.image)"}],
          "validations": [{"expression": "variables.images.all(i, i == 'good')"}]}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_a_policy_in_force_in_other_words(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    assert refused(world(policy, binding))


def test_parameters_come_from_the_object_the_binding_names() -> None:
    policy = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
              "validations": [{"expression": "object.spec.containers.all(c, c.image == params.data.image)"}]}  # fmt: skip
    binding = {"paramRef": {"name": "images", "namespace": "platform", "parameterNotFoundAction": "Deny"}}

    def maps(image: str) -> dict[str, Any]:
        return {
            "kubernetes_config_map": {
                "m": {"metadata": {"name": "images", "namespace": "platform"}, "data": {"image": image}}
            }
        }

    assert refused(world(policy, binding, **maps("good")))
    assert not refused(world(policy, binding, **maps("evil")))


def test_subresources_and_updates_are_requests_of_their_own() -> None:
    rules = {**RULES, "operations": ["UPDATE"], "resources": ["pods/ephemeralcontainers"]}
    w = world({"matchConstraints": {"resourceRules": [rules]}})
    assert not refused(w)
    assert refused(w, Request(POD, LABELS, POD, "ephemeralcontainers"))
    assert not refused(w, Request(POD, LABELS, POD))
    connects = world({"matchConstraints": {"resourceRules": [{**RULES, "operations": ["CONNECT"], "resources": ["pods/exec"]}]},
                      "validations": [{"expression": "false"}]})  # fmt: skip
    assert refused(connects, Request(POD, LABELS, subresource="exec", connects=True))
    assert not refused(connects, Request(POD, LABELS, subresource="attach", connects=True))


def test_the_tables_hold_what_the_seal_is_tried_with() -> None:
    hostile, honest = attempts("hostile"), attempts("honest")
    assert len(hostile) >= 60
    assert len(honest) >= 15
    assert len({attempt.name for attempt in hostile}) == len(hostile)
    filling = Filling("registry/runner@sha256:" + "0" * 64, "a", limit=3600)
    for attempt in (*hostile, *honest):
        made = str(attempt.manifest(filling))
        assert "$" not in made.replace("$(", ""), attempt.name
    longest = next(attempt for attempt in honest if attempt.name == "the longest run allowed").manifest(
        filling
    )
    assert longest["spec"]["activeDeadlineSeconds"] == 3600


def test_an_attempt_changes_a_copy() -> None:
    filling = Filling("r", "a")
    before = Attempt("x", "sealed").manifest(filling)
    Attempt("y", "sealed", set={"containers.0.env.+": [{"name": "A", "value": "b"}], "volumes": []}).manifest(
        filling
    )
    assert Attempt("x", "sealed").manifest(filling) == before
