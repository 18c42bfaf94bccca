"""Plans, real ones where the terraform binary is there, and plans together with their configuration."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from policies.expressions.resolve import Evaluation
from policies.expressions.values import Unknown, unknowns
from policies.snapshot import load
from policies.snapshot.expression_trees import argument
from policies.snapshot.model import References
from tests.policies.expressions.console import needs_terraform
from tests.policies.expressions.test_json_syntax import TREE, planned, terraform
from tests.policies.snapshot.hcl import hcl_like

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
HCL = """
variable "word" { default = "w" }
variable "given" {}
resource "terraform_data" "a" { input = "x" }
resource "terraform_data" "b" { input = terraform_data.a.id }
resource "terraform_data" "c" { input = "${terraform_data.a.output}" }
resource "terraform_data" "d" { input = "<${terraform_data.a.id}${terraform_data.b.id}>" }
resource "terraform_data" "e" { input = "literal $${not_an_expression}" }
resource "terraform_data" "n" {
  count = 2
  input = count.index
}
resource "terraform_data" "p" {
  provisioner "local-exec" { command = "curl ${terraform_data.a.id}" }
}
module "m" {
  for_each = toset(["k"])
  source   = "./m"
  name     = terraform_data.a.output
}
output "given" { value = var.given }
output "through" { value = module.m["k"].name }
"""
MODULE = """
variable "name" {}
resource "terraform_data" "inner" { input = var.name }
output "name" { value = terraform_data.inner.output }
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hcl")
    (folder / "m").mkdir()
    (folder / "main.tf").write_text(HCL)
    (folder / "m" / "main.tf").write_text(MODULE)
    terraform(folder, "init", "-input=false")
    terraform(folder, "plan", "-input=false", "-var=given=yes", "-out=plan")
    (folder / "made.json").write_text(terraform(folder, "show", "-json", "plan"))
    return folder / "made.json"


@needs_terraform
def test_unknown_values_are_resolved_through_the_configuration(plan: Path) -> None:
    evaluation = Evaluation(load([plan]), "acme")
    values = {item.resource.address: item.values.get("input") for item in evaluation.resources()}
    assert values["made/terraform_data.b"].refs == ("made/terraform_data.a.id",)
    assert values["made/terraform_data.c"] == "x"
    assert values["made/terraform_data.d"].refs == ("made/terraform_data.a.id", "made/terraform_data.b.id")
    assert not values["made/terraform_data.d"].exact
    assert values["made/terraform_data.e"] == "literal ${not_an_expression}"
    assert values["made/terraform_data.n[1]"] == 1
    assert values['made/module.m["k"].terraform_data.inner'] == "x"
    assert evaluation.outputs("made")["given"] == "yes"


@needs_terraform
def test_modules_and_provisioners_are_kept(plan: Path) -> None:
    (stack,) = load([plan]).stacks
    assert stack.modules["m"]["source"] == "./m"
    provisioned = next(resource for resource in stack.resources if resource.name == "p")
    assert provisioned.meta["provisioner"] == [
        {"local-exec": {"command": References(("terraform_data.a.id",))}}
    ]


@needs_terraform
def test_a_plan_and_its_configuration_are_one_stack(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(planned(tmp_path, TREE)))
    snapshot = load([tmp_path / "cdk.tf.json", tmp_path / "plan.json"])
    (stack,) = snapshot.stacks
    assert (stack.name, len(snapshot.inputs)) == ("one", 2)
    assert [kind for kind, _ in stack.notes if kind == "disagreement"] == []
    evaluation = Evaluation(snapshot, "acme")
    alone = Evaluation(load([tmp_path / "cdk.tf.json"]), "acme")
    assert {r.resource.address: r.values for r in evaluation.resources()} == {
        r.resource.address: r.values for r in alone.resources()
    }
    assert evaluation.outputs("one") == alone.outputs("one")
    assert evaluation.disagreements() == []


def test_the_reference_plan_has_no_unknown_and_agrees() -> None:
    snapshot = load([REFERENCE / "cdk.tf.json", REFERENCE / "tfplan.json"])
    assert len(snapshot.stacks) == 1
    evaluation = Evaluation(snapshot, "acme-data-prod", "111122223333")
    together = {item.resource.address: item for item in evaluation.resources()}
    assert not [unknown for item in together.values() for unknown in unknowns(dict(item.values))]
    assert evaluation.disagreements() == []
    plan = Evaluation(load([REFERENCE / "tfplan.json"]), "acme-data-prod", "111122223333").resources()
    assert {item.resource.address.replace("tfplan/", "platform/") for item in plan} == set(together)
    for item in plan:
        assert together[item.resource.address.replace("tfplan/", "platform/")].values == item.values


def changed_plan(folder: Path, change: Any) -> Path:
    tree = json.loads((REFERENCE / "tfplan.json").read_text())
    change(tree)
    (folder / "changed.json").write_text(json.dumps(tree))
    return folder / "changed.json"


def notes(path: Path) -> set[str]:
    return {kind for stack in load([path]).stacks for kind, _ in stack.notes}


def test_what_a_plan_says_of_itself(tmp_path: Path) -> None:
    def drift(tree: dict[str, Any]) -> None:
        entry = copy.deepcopy(tree["resource_changes"][0])
        entry["change"] |= {"actions": ["update"], "before": {"a": 1, "b": 2}, "after": {"a": 1, "b": 3}}
        tree["resource_drift"] = [entry]

    def deferred(tree: dict[str, Any]) -> None:
        tree["deferred_changes"] = [
            {"reason": "provider_config_unknown", "resource_change": tree["resource_changes"][0]}
        ]

    def forget(tree: dict[str, Any]) -> None:
        tree["resource_changes"][0]["change"]["actions"] = ["forget"]

    def imported(tree: dict[str, Any]) -> None:
        tree["resource_changes"][0]["change"]["importing"] = {"id": "x"}

    def moved(tree: dict[str, Any]) -> None:
        tree["resource_changes"][0]["previous_address"] = "google_x.old"

    found = {
        "drift": drift, "deferred": deferred, "forget": forget, "import": imported, "moved": moved,
        "incomplete": lambda tree: tree.update(complete=False), "errored": lambda tree: tree.update(errored=True),
    }  # fmt: skip
    assert {kind: notes(changed_plan(tmp_path, change)) for kind, change in found.items()} == {
        kind: {kind} for kind in found
    }
    assert notes(REFERENCE / "tfplan.json") == set()


def test_a_plan_that_says_something_else_than_its_configuration(tmp_path: Path) -> None:
    def narrower(tree: dict[str, Any]) -> None:
        for item in tree["planned_values"]["root_module"]["resources"]:
            if item["address"] == "google_compute_firewall.deny_egress":
                item["values"]["destination_ranges"] = ["10.0.0.0/8"]

    path = changed_plan(tmp_path, narrower)
    evaluation = Evaluation(load([REFERENCE / "cdk.tf.json", path]), "acme-data-prod", "111122223333")
    evaluation.resources()
    assert evaluation.disagreements() == ["platform/google_compute_firewall.deny_egress.destination_ranges"]


def test_a_resource_on_one_side_only(tmp_path: Path) -> None:
    def without(tree: dict[str, Any]) -> None:
        resources = tree["planned_values"]["root_module"]["resources"]
        del resources[0]
        resources[0]["name"], resources[0]["address"] = "new", "google_x.new"

    (stack,) = load([REFERENCE / "cdk.tf.json", changed_plan(tmp_path, without)]).stacks
    said = [detail for kind, detail in stack.notes if kind == "disagreement"]
    assert len([detail for detail in said if "the plan does not have it" in detail]) == 2
    assert len([detail for detail in said if "the configuration does not have it" in detail]) == 1


def test_only_the_references_of_hcl_are_known() -> None:
    node = {"references": ["google_service_account.x.email", "google_service_account.x", "var.a", "each.key"]}
    assert argument(node) == References(("google_service_account.x.email", "var.a", "each.key"))
    assert argument({"constant_value": "${x}", "references": ["x"]}) == "${x}"
    assert argument([{"a": {"constant_value": None}}]) == [{"a": None}]


def test_members_from_references_alone(tmp_path: Path) -> None:
    def unknown_member(tree: dict[str, Any]) -> None:
        hcl_like(tree)
        for item in tree["planned_values"]["root_module"]["resources"]:
            if item["type"].endswith("_iam_member"):
                item["values"].pop("member")
        for change in tree["resource_changes"]:
            if change["type"].endswith("_iam_member"):
                change["change"]["after_unknown"]["member"] = True

    known = Evaluation(load([REFERENCE / "tfplan.json"]), "acme-data-prod", "111122223333").resources()
    members = {item.resource.address: item.values["member"] for item in known if "member" in item.values}
    found = Evaluation(
        load([changed_plan(tmp_path, unknown_member)]), "acme-data-prod", "111122223333"
    ).resources()
    compared = 0
    for item in found:
        if not item.resource.type.endswith("_iam_member") or "member" not in item.resource.configured:
            continue
        expected = members[item.resource.address.replace("changed/", "tfplan/")]
        value = item.values.get("member")
        if isinstance(item.resource.configured["member"], References) and expected.startswith(
            "serviceAccount:"
        ):
            assert value == expected or isinstance(value, Unknown)
            compared += value == expected
    assert compared > 10
