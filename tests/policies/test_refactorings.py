"""The reference written in other ways: the proof says the same, and sees a leak behind any of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policies.check import check_paths

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
SYNTH = json.loads((REFERENCE / "cdk.tf.json").read_text())
Tree = dict[str, Any]


def replaced(node: Any, old: str, new: str) -> Any:
    """The tree with a text replaced in every string."""
    if isinstance(node, str):
        return node.replace(old, new)
    if isinstance(node, dict):
        return {key: replaced(value, old, new) for key, value in node.items()}
    return [replaced(item, old, new) for item in node] if isinstance(node, list) else node


def project_as_a_variable(tree: Tree) -> None:
    tree["variable"] = {"project": {"type": "string", "default": "acme-data-prod"}}
    for section in ("resource", "provider"):
        tree[section] = replaced(tree[section], "acme-data-prod", "${var.project}")


def project_computed(tree: Tree) -> None:
    tree["locals"] = {"parts": ["acme", "data"], "p": '${join("-", concat(local.parts, [lower("PROD")]))}'}
    tree["resource"] = replaced(tree["resource"], "acme-data-prod", "${local.p}")


def number_from_a_data_source(tree: Tree) -> None:
    tree["data"] = {"google_project": {"this": {}}}
    tree["resource"] = replaced(tree["resource"], "111122223333", "${data.google_project.this.number}")


def services_in_a_loop(tree: Tree) -> None:
    services = tree["resource"].pop("google_project_service")
    tree["locals"] = {"services": sorted(body["service"] for body in services.values())}
    each = {"for_each": "${toset(local.services)}", "service": "${each.key}", "project": "acme-data-prod"}
    tree["resource"]["google_project_service"] = {"all": each}


def blocks_made_dynamic(tree: Tree) -> None:
    rule = tree["resource"]["google_compute_firewall"]["allow_internal_egress"]
    del rule["allow"]
    rule["dynamic"] = {"allow": {"for_each": ["tcp", "udp"], "content": {"protocol": "${allow.value}"}}}


def ranges_computed(tree: Tree) -> None:
    tree["data"] = {"google_netblock_ip_ranges": {"vip": {"range_type": "restricted-googleapis"}}}
    tree["locals"] = {"net": {"pods": '${cidrsubnet("10.16.0.0/12", 2, 1)}'}}
    vip = "${data.google_netblock_ip_ranges.vip.cidr_blocks_ipv4[0]}"
    tree["resource"] = replaced(
        replaced(tree["resource"], "10.20.0.0/14", "${local.net.pods}"), "199.36.153.4/30", vip
    )


def accounts_in_a_loop(tree: Tree) -> None:
    accounts = tree["resource"]["google_service_account"]
    first, second = accounts.pop("team_a"), accounts.pop("team_b")
    names = {"a": first["account_id"], "b": second["account_id"]}
    accounts["team"] = {"for_each": names, "account_id": "${each.value}", "project": "acme-data-prod"}
    for key in names:
        tree["resource"] = replaced(
            tree["resource"], f"google_service_account.team_{key}.", f'google_service_account.team["{key}"].'
        )


def namespaces_counted(tree: Tree) -> None:
    namespaces = tree["resource"]["kubernetes_namespace"]
    first, _ = namespaces.pop("team_a"), namespaces.pop("team_b")
    tree["locals"] = {"teams": ["a", "b"]}
    each = replaced(first, "team-a", "team-${local.teams[count.index]}")
    labels = each["metadata"].get("labels", {})
    labels |= {key: "${local.teams[count.index]}" for key, value in labels.items() if value == "a"}
    namespaces["team"] = {**each, "count": "${length(local.teams)}"}
    for index, key in enumerate("ab"):
        tree["resource"] = replaced(
            tree["resource"], f"kubernetes_namespace.team_{key}.", f"kubernetes_namespace.team[{index}]."
        )


def values_under_conditions(tree: Tree) -> None:
    tree["variable"] = {"production": {"type": "bool", "default": "true"}}
    bucket = tree["resource"]["google_storage_bucket"]["team_a_raw"]
    bucket["public_access_prevention"] = '${var.production ? "enforced" : "inherited"}'
    bucket["uniform_bucket_level_access"] = "${!(!var.production)}"
    tree["resource"]["google_compute_firewall"]["deny_egress"]["priority"] = "${65535 - 1}"


def provider_without_a_project(tree: Tree) -> None:
    tree["provider"]["google"] = [{"region": "europe-west1"}]
    del tree["provider"]["google-beta"]


REFACTORINGS: list[Callable[[Tree], None]] = [
    project_as_a_variable, project_computed, number_from_a_data_source, services_in_a_loop, blocks_made_dynamic,
    ranges_computed, accounts_in_a_loop, namespaces_counted, values_under_conditions, provider_without_a_project,
]  # fmt: skip


def found(folder: Path, *trees: Tree) -> dict[str, str]:
    """The failing channels with their first sentence."""
    for number, tree in enumerate(trees):
        (folder / "stacks" / str(number)).mkdir(parents=True, exist_ok=True)
        (folder / "stacks" / str(number) / "cdk.tf.json").write_text(json.dumps(tree))
    report = check_paths([folder], REFERENCE / "boundary.yaml")
    return {verdict.id: verdict.findings[0].sentence for verdict in report.verdicts if verdict.findings}


@pytest.mark.parametrize("refactoring", REFACTORINGS, ids=lambda function: function.__name__)
def test_a_refactoring_is_silent(refactoring: Callable[[Tree], None], tmp_path: Path) -> None:
    tree = copy.deepcopy(SYNTH)
    refactoring(tree)
    assert found(tmp_path, tree) == {}


def two_stacks() -> tuple[Tree, Tree]:
    """The reference, and a bucket's grants in a stack of their own that reads names through remote state."""
    first = copy.deepcopy(SYNTH)
    moved = first["resource"].pop("google_storage_bucket_iam_member")
    second = {
        "//": {"metadata": {"stackName": "grants"}},
        "provider": {"google": SYNTH["provider"]["google"]},
        "terraform": copy.deepcopy(SYNTH["terraform"]),
        "data": {
            "terraform_remote_state": {
                "p": {"backend": "gcs", "config": SYNTH["terraform"]["backend"]["gcs"]}
            }
        },
    }
    second["terraform"]["backend"]["gcs"]["prefix"] = "grants"
    text = json.dumps(moved)
    outputs: dict[str, Any] = {}
    for type_, attribute in (("google_storage_bucket", "name"), ("google_service_account", "email")):
        for name in SYNTH["resource"][type_]:
            reference = f"{type_}.{name}.{attribute}"
            output = f"cross-stack-output-{type_}{name}{attribute}"
            if reference in text:
                text = text.replace(reference, f"data.terraform_remote_state.p.outputs.{output}")
                outputs[output] = {"value": "${" + reference + "}", "sensitive": True}
    first["output"] = outputs
    second["resource"] = {"google_storage_bucket_iam_member": json.loads(text)}
    return first, second


def test_two_stacks_are_one_world(tmp_path: Path) -> None:
    assert found(tmp_path, *two_stacks()) == {}


def test_a_grant_across_stacks_is_seen(tmp_path: Path) -> None:
    first, second = two_stacks()
    grants = second["resource"]["google_storage_bucket_iam_member"]
    ours = next(body for body in grants.values() if "team_a" in json.dumps(body["bucket"]))
    theirs = next(body for body in grants.values() if "team_b" in json.dumps(body["member"]))
    grants["leak"] = {**ours, "member": theirs["member"]}
    assert "TEN-02" in found(tmp_path, first, second)


def test_a_leak_behind_a_refactoring_is_seen(tmp_path: Path) -> None:
    tree = copy.deepcopy(SYNTH)
    values_under_conditions(tree)
    tree["variable"]["production"]["default"] = False
    assert {"GCS-01", "GCS-03"} <= found(tmp_path, tree).keys()
