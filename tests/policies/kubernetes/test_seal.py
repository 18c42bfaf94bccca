"""The seal of the example company: proven as it stands, and lost by every change that lets one hostile pod in."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import Declarations, load
from policies.facts.build import build_world
from policies.facts.kubernetes.admission.trial import alike
from policies.facts.kubernetes.seal.log_limit import DEFAULT, log_limit
from policies.facts.kubernetes.tenancy import tenant_spaces
from policies.facts.mediation import Mediation, mediation
from policies.facts.world import World
from policies.snapshot.model import Input, Snapshot
from policies.snapshot.synth import synth_stack
from runner.image.config import VARIABLES

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[3]
Tree = dict[str, dict[str, Any]]
Change = Callable[[Tree], Any]


@pytest.fixture(scope="module")
def declared() -> Declarations:
    return load(ROOT)


@pytest.fixture(scope="module")
def tree(example_tree: Path) -> Tree:
    return {
        path.parent.name: json.loads(path.read_text())
        for path in sorted(example_tree.glob("stacks/*/cdk.tf.json"))
    }


def world(tree: Tree, declared: Declarations) -> World:
    stacks = [synth_stack(stack, Input(name, "")) for name, stack in tree.items()]
    return build_world(Snapshot(stacks), declared.boundary, declared)


def judged(tree: Tree, declared: Declarations, change: Change) -> Mediation:
    changed = copy.deepcopy(tree)
    change(changed)
    return mediation(world(changed, declared))


def manifest(tree: Tree, kind: str, name: str) -> Any:
    manifests = tree["guardrails"]["resource"]["kubernetes_manifest"].values()
    return next(
        m["manifest"]
        for m in manifests
        if (m["manifest"]["kind"], m["manifest"]["metadata"]["name"]) == (kind, f"cloister-{name}")
    )


def policy(tree: Tree, name: str) -> Any:
    return manifest(tree, "ValidatingAdmissionPolicy", name)["spec"]


def binding(tree: Tree, name: str) -> Any:
    return manifest(tree, "ValidatingAdmissionPolicyBinding", name)["spec"]


def test_the_example_is_sealed(tree: Tree, declared: Declarations) -> None:
    found = judged(tree, declared, lambda t: None)
    assert found.holds
    assert not found.weak
    assert not found.declared_open
    assert {control.attribute for control in found.controls} >= {
        "manifest.spec.validations",
        "manifest.spec.validationActions",
    }


def test_teams_that_no_policy_tells_apart_are_tried_once(tree: Tree, declared: Declarations) -> None:
    w = world(tree, declared)
    assert [len(group) for group in alike(w, list(tenant_spaces(w)))] == [len(declared.teams)]


def conditions(name: str, expression: str) -> Change:
    return lambda t: policy(t, name)["matchConditions"].append({"name": "more", "expression": expression})


@pytest.mark.parametrize("name", ["pods", "sealed"])
def test_every_validation_is_needed(tree: Tree, declared: Declarations, name: str) -> None:
    """Without any one of them a hostile pod is admitted: now, or to a team of a kind that no team is yet.

    What a platform with Argo Workflows needs is tested in tests/stacks/test_argo.py.
    """
    for index, validation in enumerate(policy(tree, name)["validations"]):
        if "Argo Workflows" in validation["message"]:
            continue
        found = judged(tree, declared, lambda t, i=index: policy(t, name)["validations"].pop(i))
        assert found.admission_gaps, validation["message"]


LOST: dict[str, Change] = {
    "one team by name": conditions("sealed", "request.namespace != 'team-fakespot'"),
    "one team by a piece of its name": conditions("sealed", "!request.namespace.startsWith('team-tr')"),
    "whoever wears a label": conditions("pods", "!has(object.metadata.labels) || !('trusted' in object.metadata.labels)"),
    "whoever says why": conditions(
        "sealed", "!has(object.metadata.annotations) || !('x/exempt' in object.metadata.annotations) ||"
                  " object.metadata.annotations['x/exempt'] != 'because'"),
    "whoever has a name": conditions("pods", "!object.metadata.name.startsWith('system-')"),
    "the Job controller": conditions("sealed", "request.userInfo.username != 'system:serviceaccount:kube-system:job-controller'"),
    "CronJobs": conditions("sealed", "request.kind.kind != 'CronJob'"),
    "updates": lambda t: [rule.update(operations=["CREATE"]) for rule in policy(t, "sealed")["matchConstraints"]["resourceRules"]],
    "ephemeral containers": lambda t: policy(t, "sealed")["matchConstraints"]["resourceRules"][0]["resources"].remove("pods/ephemeralcontainers"),
    "Jobs": lambda t: policy(t, "sealed")["matchConstraints"]["resourceRules"].pop(),
    "init containers": lambda t: [
        variable.update(expression="variables.spec.containers")
        for name in ("pods", "sealed") for variable in policy(t, name)["variables"] if variable["name"] == "containers"
    ],
    "one team by selector": lambda t: binding(t, "sealed")["matchResources"]["namespaceSelector"]["matchExpressions"].append(
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["team-translations"]}),
    "another image beside": lambda t: policy(t, "sealed")["validations"][0].update(
        expression="variables.containers.all(c, c.image == variables.runnerImage || c.image == 'docker.io/x/y@sha256:" + "2" * 64 + "')"),
    "another runner": lambda t: next(v for v in policy(t, "sealed")["variables"] if v["name"] == "runnerImage").update(
        expression='"europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner@sha256:' + "1" * 64 + '"'),
    "a variable more": lambda t: next(v for v in policy(t, "sealed")["variables"] if v["name"] == "submitNames").update(
        expression='["CLOISTER_JOB", "CLOISTER_RUN_ID", "CLOISTER_SPEC", "CLOISTER_SHARDS", "CLOISTER_IMAGE", "BASH_ENV"]'),
    "a syntax nobody can evaluate": lambda t: policy(t, "sealed")["validations"][0].update(expression="object.?spec.hasValue()"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_policy_that_lets_somebody_by_is_no_seal(tree: Tree, declared: Declarations, name: str) -> None:
    found = judged(tree, declared, LOST[name])
    assert not found.holds
    assert any(gap.admission for gap in found.gaps)


def test_a_tree_without_platform_yaml_is_not_sealed(tree: Tree, declared: Declarations) -> None:
    stacks = [synth_stack(stack, Input(name, "")) for name, stack in tree.items()]
    found = mediation(build_world(Snapshot(stacks), declared.boundary, None))
    assert not found.holds
    assert "platform.yaml" in found.gaps[0].sentence


def test_a_team_on_the_network_is_named(tree: Tree, declared: Declarations) -> None:
    team = declared.teams["fakespot"].model_copy(update={"network": "project"})
    opened = Declarations(
        declared.root, declared.boundary, declared.platform, {**declared.teams, "fakespot": team}
    )

    def label(t: Tree) -> None:
        t["team-fakespot"]["resource"]["kubernetes_namespace_v1"]["namespace"]["metadata"]["labels"][
            "cloister.dev/network"
        ] = "project"

    found = judged(tree, opened, label)
    assert found.declared_open == ("fakespot",)
    assert not found.gaps


def test_the_log_of_a_sealed_run_has_a_number(tree: Tree, declared: Declarations) -> None:
    assert str(DEFAULT) == next(v.default for v in VARIABLES if v.name == "CLOISTER_LOG_LIMIT")
    assert log_limit(world(tree, declared)) == DEFAULT

    def more(t: Tree) -> None:
        t["team-fakespot"]["resource"]["kubernetes_config_map_v1"]["settings"]["data"][
            "CLOISTER_LOG_LIMIT"
        ] = "99999999"

    changed = copy.deepcopy(tree)
    more(changed)
    assert log_limit(world(changed, declared)) == 99999999
