"""Evidence with values: read where the report says, secrets never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.check import check_paths, world_of
from policies.facts.world import World
from policies.report import as_html, as_json
from policies.report.cited import NOT_SET, SECRET, value_at

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
BOUNDARY = REFERENCE / "boundary.yaml"
RESOURCES: dict[str, dict[str, Any]] = {
    "google_storage_bucket": {"b": {"name": "b", "labels": {"a.b/c": "x"}, "versioning": {"enabled": True}},
        "r": {"name": "${google_storage_bucket.b.time_created}", "location": "${var.x}", "labels": {"a": "${var.x}"}},
    },
    "google_sql_user": {"u": {"name": "u", "instance": "i", "password": "hunter2hunter2"}},
    "kubernetes_secret_v1": {"s": {"metadata": {"name": "s"}, "data": {"plain": "hunter2hunter2"}}},
    "kubernetes_manifest": {
        "m": {
            "manifest": {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "m"},
                "stringData": {"plain": "hunter2hunter2"},
            }
        }
    },
    "kubectl_manifest": {"k": {"yaml_body": "kind: Secret\nmetadata: {name: k}\ndata: {plain: hunter2hunter2}\n"}},
    "kubernetes_pod_v1": {
        "p": {
            "metadata": {"name": "p"},
            "spec": {
                "container": [
                    {"name": "c", "image": "i", "env": [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}]},
                    {"name": "d", "image": "j", "env": [{"name": "URL", "value": "x://u:hunter2hunter2@h/"}]},
                ]
            },
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    tree = json.loads((REFERENCE / "cdk.tf.json").read_text())
    for type_, instances in RESOURCES.items():
        tree["resource"].setdefault(type_, {}).update(instances)
    path = tmp_path_factory.mktemp("cited") / "cdk.tf.json"
    path.write_text(json.dumps(tree))
    return world_of((path,), BOUNDARY)


def stack(world: World) -> str:
    return world.snapshot.stacks[0].name


@pytest.mark.parametrize(
    ("address", "attribute", "shown"),
    [
        ("google_storage_bucket.b", "name", "b"),
        ("google_storage_bucket.b", "labels.a.b/c", "x"),
        ("google_storage_bucket.b", "versioning[0].enabled", "true"),
        ("google_storage_bucket.b", "versioning.enabled", "true"),
        ("google_storage_bucket.b", "versioning[1].enabled", NOT_SET),
        ("google_storage_bucket.b", "public_access_prevention", NOT_SET),
        ("google_storage_bucket.gone", "name", None),
        ("google_storage_bucket.b", "", None),
        ("google_sql_user.u", "name", "u"),
        ("google_sql_user.u", "password", SECRET),
        ("kubernetes_secret_v1.s", "data", SECRET),
        ("kubernetes_secret_v1.s", "data.plain", SECRET),
        ("kubernetes_secret_v1.s", "metadata.name", "s"),
        ("kubernetes_manifest.m", "manifest", SECRET),
        ("kubernetes_manifest.m", "manifest.stringData.plain", SECRET),
        ("kubernetes_manifest.m", "manifest.metadata.name", "m"),
        ("kubectl_manifest.k", "yaml_body", SECRET),
        ("provider.google", "project", "acme-data-prod"),
    ],
)
def test_a_value_stands_where_the_report_says(
    world: World, address: str, attribute: str, shown: str | None
) -> None:
    assert value_at(world, f"{stack(world)}/{address}", attribute) == shown


@pytest.mark.parametrize(
    "attribute", ["spec", "spec.container", "spec.container[0].env", "spec.container[1]"]
)
def test_no_secret_comes_along_with_what_holds_it(world: World, attribute: str) -> None:
    shown = value_at(world, f"{stack(world)}/kubernetes_pod_v1.p", attribute)
    assert shown and "hunter2" not in shown and SECRET in shown


def test_no_attribute_of_any_resource_shows_the_secret(world: World) -> None:
    for type_, instances in RESOURCES.items():
        for name in instances:
            res = world.at(f"{stack(world)}/{type_}.{name}")
            assert res is not None
            for attribute in _paths(res.values, ""):
                assert "hunter2" not in str(value_at(world, res.address, attribute)), attribute


def _paths(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        below = [(f"{path}.{key}".lstrip("."), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        below = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    else:
        below = []
    return [path for path, _ in below] + [found for at, inner in below for found in _paths(inner, at)]


@pytest.mark.parametrize(
    ("attribute", "shown"),
    [
        ("name", "(known after apply: {stack}/google_storage_bucket.b)"),
        ("location", "(not known: "),
        ("labels", '{{"a": "(not known: '),
    ],
)
def test_what_is_not_known_says_so(world: World, attribute: str, shown: str) -> None:
    found = value_at(world, f"{stack(world)}/google_storage_bucket.r", attribute)
    assert found and found.startswith(shown.format(stack=stack(world)))


def test_every_control_of_the_reference_has_its_value() -> None:
    report = check_paths((REFERENCE / "cdk.tf.json",), BOUNDARY)
    tree = as_json.as_dict(report)
    controls = [control for channel in tree["channels"] for control in channel["controls"]]
    resources = [control for control in controls if "." in control["address"] and control["attribute"]]
    assert len(resources) > 50 and all(control["value"] is not None for control in resources)
    (gke,) = {
        control["value"]
        for control in controls
        if control["attribute"] == "workload_identity_config.workload_pool"
    }
    assert gke == "acme-data-prod.svc.id.goog"


def test_a_page_shows_values_and_no_secret(world: World) -> None:
    from datetime import date

    from policies.check import check_world

    report = check_world(world, date(2026, 11, 25))
    assert any(finding.address.endswith("kubernetes_secret_v1.s") for finding in report.findings)
    day = date(2026, 11, 25)
    assert "hunter2" not in as_html.render(report, day) and "hunter2" not in as_json.render(report)
