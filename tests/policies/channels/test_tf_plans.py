"""What a plan says of itself, judged; and the reference's plan against its configuration."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policies.check import check_paths
from policies.report.model import Report
from tests.policies.snapshot.hcl import hcl_like

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
BOUNDARY = REFERENCE / "boundary.yaml"


def checked(folder: Path, change: Callable[[dict[str, Any]], object], *others: Path) -> Report:
    tree = json.loads((REFERENCE / "tfplan.json").read_text())
    change(tree)
    (folder / "platform.json").write_text(json.dumps(tree))
    return check_paths([folder / "platform.json", *others], BOUNDARY)


def said(report: Report) -> dict[str, tuple[str, str]]:
    """The worst status and the first sentence of every failing channel."""
    return {v.id: (v.status, v.findings[0].sentence) for v in report.verdicts if v.findings}


def test_the_plan_of_the_reference_gives_the_verdicts_of_its_configuration() -> None:
    statuses = [
        {verdict.id: verdict.status for verdict in check_paths(paths, BOUNDARY).verdicts}
        for paths in (
            [REFERENCE / "cdk.tf.json"],
            [REFERENCE / "tfplan.json"],
            [REFERENCE / "cdk.tf.json", REFERENCE / "tfplan.json"],
        )
    ]
    assert statuses[0] == statuses[1] == statuses[2]


def ephemeral(tree: dict[str, Any]) -> None:
    tree["configuration"]["root_module"]["resources"].append(
        {"address": "ephemeral.google_service_account_access_token.t", "mode": "ephemeral",
         "type": "google_service_account_access_token", "name": "t", "provider_config_key": "google",
         "schema_version": 0}
    )  # fmt: skip


def action(tree: dict[str, Any]) -> None:
    tree["action_invocations"] = [{"address": "action.local_command.run", "type": "local_command"}]


@pytest.mark.parametrize(
    ("change", "says"),
    [(ephemeral, "google_service_account_access_token.t, which is ephemeral"), (action, "the action action.local_command.run")],
)  # fmt: skip
def test_what_a_plan_runs_without_a_resource_is_undecided(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    status, sentence = said(checked(tmp_path, change))["TF-06"]
    assert status == "undecided" and says in sentence


def drift(*names: str) -> Callable[[dict[str, Any]], object]:
    def change(tree: dict[str, Any]) -> None:
        entry = copy.deepcopy(
            next(c for c in tree["resource_changes"] if c["type"] == "google_storage_bucket")
        )
        before = dict(entry["change"]["after"])
        entry["change"] |= {
            "actions": ["update"],
            "before": before,
            "after": {**before, **dict.fromkeys(names, "x")},
        }
        tree["resource_drift"] = [entry]

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drift("public_access_prevention"), {"TF-06": ("weakened", "was changed outside"), "TF-08": ("weakened", "Somebody changed")}),
        (lambda tree: tree.update(complete=False), {"TF-06": ("undecided", "is not whole")}),
        (lambda tree: tree.update(errored=True), {"TF-06": ("undecided", "is not whole")}),
        (
            lambda tree: tree.update(deferred_changes=[{"reason": "x", "resource_change": {"address": "google_x.y"}}]),
            {"TF-06": ("undecided", "google_x.y")},
        ),
        (
            lambda tree: tree["resource_changes"][0]["change"].update(actions=["forget"]),
            {"TF-06": ("open", "out of sight")},
        ),
        (
            lambda tree: tree["resource_changes"][0]["change"].update(importing={"id": "projects/other-project/x"}),
            {"TF-05": ("open", "other-project")},
        ),
        (
            lambda tree: tree["resource_changes"][0].update(previous_address="google_x.old"),
            {"TF-05": ("weakened", "State of google_x.old")},
        ),
        (
            lambda tree: tree["configuration"]["root_module"].update(
                module_calls={"m": {"source": "evil/m/google", "module": {}}}
            ),
            {"TF-04": ("open", "evil/m/google")},
        ),
        (
            lambda tree: tree["configuration"]["root_module"]["resources"][0].update(
                provisioners=[{"type": "local-exec", "expressions": {"command": {"constant_value": "x"}}}]
            ),
            {"TF-03": ("open", "runs a command")},
        ),
        (
            lambda tree: tree["configuration"]["provider_config"].update(
                far={"name": "google", "alias": "far", "full_name": "registry.terraform.io/hashicorp/google",
                     "expressions": {"project": {"constant_value": "other-project"}}}
            ),
            {"TF-05": ("open", "other-project")},
        ),
    ],
)  # fmt: skip
def test_what_a_plan_says_of_itself(
    change: Callable[[dict[str, Any]], object], expected: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    found = said(checked(tmp_path, change))
    assert found.keys() == expected.keys()
    for channel, (status, sentence) in expected.items():
        assert found[channel][0] == status
        assert sentence in found[channel][1]


def test_harmless_drift_is_silent(tmp_path: Path) -> None:
    assert said(checked(tmp_path, drift("labels", "effective_labels"))) == {}


def test_a_plan_of_another_configuration_is_undecided(tmp_path: Path) -> None:
    def public(tree: dict[str, Any]) -> None:
        for item in tree["planned_values"]["root_module"]["resources"]:
            if item["address"] == "google_storage_bucket.team_a_raw":
                item["values"]["storage_class"] = "NEARLINE"

    def named(tree: dict[str, Any]) -> None:
        tree["planned_values"]["root_module"]["resources"].pop(0)

    synth = REFERENCE / "cdk.tf.json"
    assert said(checked(tmp_path, named, synth))["TF-06"][0] == "undecided"
    tree = json.loads(synth.read_text())
    tree["resource"]["google_storage_bucket"]["team_a_raw"]["storage_class"] = "STANDARD"
    (tmp_path / "cdk.tf.json").write_text(json.dumps(tree))
    found = said(checked(tmp_path, public, tmp_path / "cdk.tf.json"))
    assert found["TF-06"] == ("undecided", found["TF-06"][1])
    assert "storage_class" in found["TF-06"][1]


def test_a_file_that_terraform_reads_and_nobody_checked(tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text((REFERENCE / "cdk.tf.json").read_text())
    (tmp_path / "more.tf").write_text('resource "google_storage_bucket" "b" {}')
    assert "more.tf" in said(check_paths([tmp_path / "cdk.tf.json"], BOUNDARY))["TF-06"][1]


def statuses(report: Report) -> dict[str, str]:
    return {verdict.id: verdict.status for verdict in report.verdicts}


def test_a_plan_made_from_hcl_says_the_same(tmp_path: Path) -> None:
    """From HCL a plan keeps the references of an expression, not its text."""
    expected = statuses(check_paths([REFERENCE / "tfplan.json"], BOUNDARY))
    report = checked(tmp_path, hcl_like)
    assert statuses(report) == expected, said(report)


def test_resources_of_a_module_say_the_same(tmp_path: Path) -> None:
    def into_module(tree: dict[str, Any]) -> None:
        values = tree["planned_values"]
        child = {"address": "module.platform", "resources": values["root_module"].pop("resources")}
        values["root_module"]["child_modules"] = [child]
        for item in (*child["resources"], *tree["resource_changes"]):
            item["address"] = f"module.platform.{item['address']}"
        configuration = tree["configuration"]
        inner = configuration["root_module"]
        configuration["root_module"] = {
            "module_calls": {"platform": {"source": "./platform", "module": inner}}
        }
        for entry in configuration["provider_config"].values():
            for expression in entry.get("expressions", {}).values():
                if "references" in expression:
                    expression["constant_value"] = "https://${module.platform.host}"
                    expression["references"] = ["module.platform.host", "module.platform"]
        reference = "google_container_cluster.main.private_cluster_config[0].private_endpoint"
        inner["outputs"] = {
            "host": {"expression": {"references": [reference, "google_container_cluster.main"]}}
        }

    report = checked(tmp_path, into_module)
    assert statuses(report) == statuses(check_paths([REFERENCE / "tfplan.json"], BOUNDARY)), said(report)


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ({"references": ["data.google_client_config.deployer.access_token"]}, "closed"),
        ({"constant_value": "ya29.a0token"}, "open"),
    ],
)
def test_a_token_that_a_data_source_answers_is_written_nowhere(
    tmp_path: Path, token: dict[str, Any], status: str
) -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["configuration"]["provider_config"]["kubernetes"]["expressions"]["token"] = token
        root = tree.setdefault("prior_state", {}).setdefault("values", {}).setdefault("root_module", {})
        asked = {
            "address": "data.google_client_config.deployer", "mode": "data", "type": "google_client_config",
            "name": "deployer", "provider_name": "registry.terraform.io/hashicorp/google",
        }  # fmt: skip
        root.setdefault("resources", []).append({**asked, "values": {"access_token": "ya29.a0token"}})
        configured = {key: asked[key] for key in ("address", "mode", "type", "name")}
        tree["configuration"]["root_module"]["resources"].append(
            {**configured, "provider_config_key": "google"}
        )

    verdict = next(v for v in checked(tmp_path, change).verdicts if v.id == "TF-02")
    assert verdict.status == status
