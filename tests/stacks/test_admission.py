"""The admission policies as synthesized: what they match, that they bind, and what they refuse."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import names
from runner.image.config import VARIABLES
from tests.stacks.admission_local import WORKLOADS, compiles, refusals, selected
from tests.stacks.cases import Case, cases
from tests.stacks.trees import stacks

pytestmark = pytest.mark.engine
RUNNER = (
    "europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner"
    "@sha256:4f0d3c1be8a9275d60c1f7e2b35a94d8c6e0712fb83d49a5e1760c28fd9b3a54"
)
TEAMS = {
    "fakespot": {"cloister.dev/network": "sealed"},
    "translations": {"cloister.dev/network": "sealed"},
    "open": {"cloister.dev/network": "project"},
    "alone": {"cloister.dev/network": "sealed", "cloister.dev/isolation": "dedicated"},
    "serves": {"cloister.dev/network": "sealed", "cloister.dev/class": "serving"},
    "silent": {},
}
Manifests = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def manifests(example_tree: Path) -> Manifests:
    """The manifests of the guardrails by kind and name."""
    found = stacks(example_tree)["guardrails"]["resource"]["kubernetes_manifest"].values()
    return {
        (item["manifest"]["kind"], item["manifest"]["metadata"]["name"]): item["manifest"] for item in found
    }


def labels(team: str) -> dict[str, str]:
    return {"cloister.dev/team": team, "cloister.dev/max-run-seconds": "43200", **TEAMS[team]}


def told(
    manifests: Manifests, team: str, obj: dict[str, Any], old: dict[str, Any] | None = None
) -> list[str]:
    """Every message an object meets in a team's namespace, over all policies about pods."""
    messages = []
    for (kind, name), policy in manifests.items():
        if kind != "ValidatingAdmissionPolicy" or "authorizer" in str(policy):
            continue
        rules = policy["spec"]["matchConstraints"]["resourceRules"]
        if WORKLOADS[obj["kind"]] not in {resource for rule in rules for resource in rule["resources"]}:
            continue
        if selected(manifests["ValidatingAdmissionPolicyBinding", name], labels(team)):
            messages += refusals(policy, labels(team), obj, old)
    return messages


def test_every_policy_fails_closed_and_its_binding_denies(manifests: Manifests) -> None:
    policies = {name for kind, name in manifests if kind == "ValidatingAdmissionPolicy"}
    assert policies == {f"cloister-{name}" for name in (
        "pods", "sealed", "project", "serving", "metadata", "settings", "namespaces", "connections")}  # fmt: skip
    for name in policies:
        assert manifests["ValidatingAdmissionPolicy", name]["spec"]["failurePolicy"] == "Fail"
        binding = manifests["ValidatingAdmissionPolicyBinding", name]["spec"]
        assert binding["policyName"] == name
        assert binding["validationActions"] == ["Deny"]
        selectors = binding["matchResources"]
        terms = [*selectors["namespaceSelector"].get("matchExpressions", []),
                 *selectors["objectSelector"].get("matchExpressions", [])]  # fmt: skip
        assert {"key": "cloister.dev/team", "operator": "Exists"} in terms


def test_policies_over_pods_match_all_that_makes_pods_on_update_too(manifests: Manifests) -> None:
    for name in ("pods", "sealed", "project", "serving", "metadata"):
        rules = manifests["ValidatingAdmissionPolicy", f"cloister-{name}"]["spec"]["matchConstraints"][
            "resourceRules"
        ]
        matched = {
            (group, resource)
            for rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        }
        assert matched >= {
            ("", "pods"), ("", "pods/ephemeralcontainers"), ("", "podtemplates"), ("", "replicationcontrollers"),
            ("batch", "jobs"), ("batch", "cronjobs"), ("apps", "deployments"), ("apps", "daemonsets"),
            ("apps", "replicasets"), ("apps", "statefulsets"),
        }  # fmt: skip
        assert all(rule["operations"] == ["CREATE", "UPDATE"] for rule in rules)


def test_a_team_namespace_is_sealed_unless_it_says_otherwise(manifests: Manifests) -> None:
    for team, networked in (("fakespot", False), ("silent", False), ("open", True)):
        for policy, binds in (
            ("sealed", not networked),
            ("project", networked),
            ("pods", True),
        ):
            binding = manifests["ValidatingAdmissionPolicyBinding", f"cloister-{policy}"]
            assert selected(binding, labels(team)) is binds
    serving = {
        policy: policy in ("pods", "serving", "metadata")
        for policy in ("pods", "sealed", "project", "serving", "metadata")
    }
    for policy, binds in serving.items():
        binding = manifests["ValidatingAdmissionPolicyBinding", f"cloister-{policy}"]
        assert selected(binding, labels("serves")) is binds
        assert selected(binding, labels("fakespot")) is (policy not in ("project", "serving"))
    for policy in ("sealed", "project", "pods", "metadata", "settings", "connections"):
        binding = manifests["ValidatingAdmissionPolicyBinding", f"cloister-{policy}"]
        assert not selected(binding, {"kubernetes.io/metadata.name": "kube-system"})


def test_every_expression_is_cel(manifests: Manifests) -> None:
    for (kind, _), policy in manifests.items():
        if kind == "ValidatingAdmissionPolicy":
            spec = policy["spec"]
            for part in ("matchConditions", "variables", "validations"):
                for item in spec.get(part, []):
                    compiles(item["expression"])


def test_every_message_fits_a_terminal_line_or_two(manifests: Manifests) -> None:
    for (kind, _), policy in manifests.items():
        if kind == "ValidatingAdmissionPolicy":
            for rule in policy["spec"]["validations"]:
                assert 20 < len(rule["message"]) < 200
                assert "\n" not in rule["message"]


@pytest.mark.parametrize("case", cases("honest"), ids=lambda case: case.name)
def test_honest_objects_are_accepted(manifests: Manifests, case: Case) -> None:
    assert told(manifests, case.team, case.object(RUNNER)) == []


@pytest.mark.parametrize("case", cases("hostile"), ids=lambda case: case.name)
def test_hostile_objects_are_refused(manifests: Manifests, case: Case) -> None:
    assert told(manifests, case.team, case.object(RUNNER))


@pytest.mark.parametrize("kind", ["Pod", "Job", "CronJob"])
def test_an_update_is_judged_when_it_changes_the_pod_and_only_then(manifests: Manifests, kind: str) -> None:
    """Objects admitted under yesterday's digest can still be finished, suspended and cleaned up."""
    yesterday = RUNNER[:-4] + "0000"
    old = Case("old", "sealed", kind=kind).object(yesterday)
    new = copy.deepcopy(old)
    new["metadata"]["finalizers"] = []
    if kind == "CronJob":
        new["spec"]["suspend"] = True
    assert told(manifests, "fakespot", new, old) == []
    changed = Case("changed", "sealed", kind=kind, set={"activeDeadlineSeconds": 60}).object(yesterday)
    assert any("runner image" in message for message in told(manifests, "fakespot", changed, old))


def test_a_label_is_judged_although_the_pod_stays(manifests: Manifests) -> None:
    old = Case("old", "sealed").object(RUNNER)
    new = Case("new", "sealed", labels={"cloister.dev/team": "translations"}).object(RUNNER)
    assert told(manifests, "fakespot", new, old)


def test_admission_and_the_runner_agree_on_its_settings() -> None:
    """The runner reads what admission allows, from where admission allows it."""
    by_source: dict[str, set[str]] = {}
    for variable in VARIABLES:
        by_source.setdefault(variable.source, set()).add(variable.name)
    assert set(names.PLATFORM_VARIABLES) == by_source["platform"]
    assert set(names.SUBMIT_VARIABLES) == by_source["submit"]
    assert set(names.FIELD_VARIABLES) == by_source["pod"] | {"JOB_COMPLETION_INDEX"}


def test_the_clusterwide_policy_denies_teams_everything_outside(manifests: Manifests) -> None:
    policy = manifests["CiliumClusterwideNetworkPolicy", "cloister-deny-outside"]["spec"]
    (selector,) = policy["endpointSelector"]["matchExpressions"]
    assert selector == {"key": "k8s:io.cilium.k8s.namespace.labels.cloister.dev/team", "operator": "Exists"}
    (rule,) = policy["egressDeny"]
    assert rule["toCIDRSet"] == [
        {
            "cidr": "0.0.0.0/0",
            "except": ["10.10.0.0/20", "10.20.0.0/16", "10.24.0.0/20", "172.16.0.0/28",
                       "199.36.153.4/30", "169.254.169.254/32"],
        },
        {"cidr": "::/0"},
    ]  # fmt: skip
