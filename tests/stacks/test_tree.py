"""The tree as a whole: what each stack holds, that teams do not touch each other, that nothing is left to luck."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.foundation.apis import api_of, needed_apis
from tests.stacks.trees import resources, stacks

INVENTORIES = Path(__file__).parent / "inventories"
pytestmark = pytest.mark.engine


def inventory(stack: dict[str, Any]) -> dict[str, list[str]]:
    """The names of a stack's resources by type."""
    return {type_: sorted(instances) for type_, instances in sorted(stack["resource"].items())}


def test_the_stacks_hold_exactly_their_inventories(example_tree: Path, grown_tree: Path) -> None:
    found = {name: inventory(stack) for name, stack in stacks(grown_tree).items()}
    assert found == {path.stem: yaml.safe_load(path.read_text()) for path in INVENTORIES.glob("*.yaml")}


def test_a_new_team_changes_no_other_stack_by_a_byte(example_tree: Path, grown_tree: Path) -> None:
    """Which also shows that two syntheses, in two processes, write the same."""
    before = {file.parent.name: file.read_bytes() for file in example_tree.glob("stacks/*/cdk.tf.json")}
    after = {file.parent.name: file.read_bytes() for file in grown_tree.glob("stacks/*/cdk.tf.json")}
    assert set(after) - set(before) == {"team-vision"}
    assert {name: after[name] for name in before} == before


def test_a_removed_team_leaves_nothing_behind(grown_tree: Path, tmp_path: Path) -> None:
    from stacks.app import _forget_other_stacks

    tree = tmp_path / "cdktf.out"
    shutil.copytree(grown_tree, tree)
    current = {path.name for path in (tree / "stacks").iterdir()} - {"team-vision"}
    _forget_other_stacks(tree, current)
    assert {path.name for path in (tree / "stacks").iterdir()} == current


def test_the_deploy_order_is_foundation_cluster_guardrails_teams(example_tree: Path) -> None:
    manifest = json.loads((example_tree / "manifest.json").read_text())["stacks"]
    needs = {name: set(stack["dependencies"]) for name, stack in manifest.items()}
    assert needs == {
        "foundation": set(),
        "cluster": {"foundation"},
        "guardrails": {"cluster"},
        "team-fakespot": {"guardrails"},
        "team-translations": {"guardrails"},
    }


def test_each_stack_has_its_own_state_in_the_one_bucket(example_tree: Path) -> None:
    for name, stack in stacks(example_tree).items():
        assert stack["terraform"]["backend"] == {"gcs": {"bucket": "acme-ml-prod-tfstate", "prefix": name}}


def test_remote_state_serves_the_clusters_endpoint_only(grown_tree: Path) -> None:
    texts = {file.parent.name: file.read_text() for file in grown_tree.glob("stacks/*/cdk.tf.json")}
    for name, text in texts.items():
        uses = text.count("data.terraform_remote_state.")
        assert uses == (0 if name in ("foundation", "cluster") else 1), name
        assert text.count("data.terraform_remote_state.cluster.outputs.endpoint") == uses


def test_no_program_runs_at_deploy_time(grown_tree: Path) -> None:
    for stack in stacks(grown_tree).values():
        allowed = {"google_client_config", "google_kms_crypto_key_version", "terraform_remote_state"}
        assert set(stack.get("data", {})) <= allowed
        assert set(stack["terraform"]["required_providers"]) <= {"google", "kubernetes"}
        for kubernetes in stack["provider"].get("kubernetes", []):
            assert set(kubernetes) == {"host", "token"}
        assert all("provisioner" not in arguments for _, _, arguments in resources(stack))


def test_every_resource_waits_for_its_api(example_tree: Path) -> None:
    foundation = stacks(example_tree)["foundation"]
    services = foundation["resource"]["google_project_service"]
    for type_, name, arguments in resources(foundation):
        api = api_of(type_)
        if api is not None:
            assert f"google_project_service.api_{api}" in arguments.get("depends_on", []), f"{type_}.{name}"
            assert services[f"api_{api}"]["service"] == f"{api}.googleapis.com"


def test_every_type_of_the_other_stacks_has_its_api_enabled_too(grown_tree: Path) -> None:
    enabled = set(needed_apis(with_budgets=True, with_organization=False))
    for stack in stacks(grown_tree).values():
        assert {api_of(type_) for type_ in stack["resource"]} - {None} <= enabled


def test_an_unknown_type_is_a_mistake_not_a_guess() -> None:
    with pytest.raises(ValueError, match="google_sql_database_instance"):
        api_of("google_sql_database_instance")


def test_every_use_of_a_key_waits_for_its_grant(example_tree: Path) -> None:
    """In the foundation; the other stacks are deployed after it."""
    for type_, name, arguments in resources(stacks(example_tree)["foundation"]):
        text = json.dumps(arguments)
        for purpose in ("storage", "cluster", "disks", "registry", "logging"):
            if f"/cryptoKeys/{purpose}" in text:
                grant = f"google_kms_crypto_key_iam_binding.key_{purpose}_user"
                assert grant in arguments["depends_on"], f"{type_}.{name}"


def test_what_cannot_be_made_again_is_never_destroyed(example_tree: Path) -> None:
    foundation = stacks(example_tree)["foundation"]["resource"]
    for type_ in ("google_kms_key_ring", "google_kms_crypto_key"):
        for resource in foundation[type_].values():
            assert resource["lifecycle"] == {"prevent_destroy": True}
    (cluster,) = stacks(example_tree)["cluster"]["resource"]["google_container_cluster"].values()
    assert cluster["deletion_protection"] is True


def test_nothing_hides_a_change(grown_tree: Path) -> None:
    for stack in stacks(grown_tree).values():
        for type_, name, arguments in resources(stack):
            assert "ignore_changes" not in arguments.get("lifecycle", {}), f"{type_}.{name}"


def test_every_iam_resource_is_authoritative(grown_tree: Path) -> None:
    for stack in stacks(grown_tree).values():
        assert not [type_ for type_ in stack["resource"] if type_.endswith("_iam_member")]
        keys = [
            (
                type_,
                json.dumps(
                    [arguments.get(key) for key in sorted(arguments) if key not in ("members", "depends_on")]
                ),
            )
            for type_, _, arguments in resources(stack)
            if type_.endswith("_iam_binding")
        ]
        assert len(keys) == len(set(keys)), "two bindings of one role on one resource fight"
