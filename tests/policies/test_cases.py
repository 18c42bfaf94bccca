"""Every case of tests/cases/<FAMILY>/<CHANNEL>/ against the proof."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.check import check_paths

TESTS = Path(__file__).parents[1]
REFERENCE = TESTS / "data" / "reference"
FAMILIES = [
    "NET",
    "DNS",
    "API",
    "IAM",
    "GCS",
    "K8S",
    "SRV",
    "BQ",
    "MSG",
    "LOG",
    "CMP",
    "REG",
    "SEC",
    "DB",
    "TF",
    "TEN",
    "PRJ",
    "COV",
]
CASES = sorted(p for family in FAMILIES for p in (TESTS / "cases" / family).glob("*/*/case.yaml"))
EMPTY = {
    "//": {"metadata": {"stackName": "platform"}},
    "terraform": {"backend": {"gcs": {"bucket": "acme-data-prod-tfstate", "prefix": "platform"}}},
    "provider": {"google": [{"project": "acme-data-prod", "region": "europe-west1"}]},
    "resource": {},
}


def merge(base: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def lay_out(case: dict[str, Any], folder: Path, request: pytest.FixtureRequest) -> tuple[list[Path], Path]:
    """Write the case's stacks and boundary below ``folder``: the paths to check, and the boundary file."""
    if case["base"] in ("example", "serving"):
        tree = request.getfixturevalue(f"{case['base']}_tree")
        root = TESTS.parent if case["base"] == "example" else request.getfixturevalue("serving")
        for source in sorted(tree.glob("stacks/*/cdk.tf.json")):
            name = source.parent.name
            stack = merge(json.loads(source.read_text()), case.get("change", {}).get(name, {}))
            target = folder / "stacks" / name / "cdk.tf.json"
            target.parent.mkdir(parents=True)
            target.write_text(json.dumps(stack))
        for declared in ["platform.yaml", *(f"teams/{p.name}" for p in (root / "teams").glob("*.yaml"))]:
            (folder / declared).parent.mkdir(exist_ok=True)
            (folder / declared).write_text((root / declared).read_text())
        boundary_source, paths = root / "boundary.yaml", [folder]
    else:
        base = (
            json.loads((REFERENCE / "cdk.tf.json").read_text())
            if case["base"] == "reference"
            else copy.deepcopy(EMPTY)
        )
        (folder / "cdk.tf.json").write_text(json.dumps(merge(base, case.get("change", {}))))
        boundary_source, paths = REFERENCE / "boundary.yaml", [folder / "cdk.tf.json"]
    boundary = merge(yaml.safe_load(boundary_source.read_text()), case.get("boundary", {}))
    (folder / "boundary.yaml").write_text(yaml.safe_dump(boundary))
    return paths, folder / "boundary.yaml"


@pytest.mark.parametrize("path", CASES, ids=lambda p: "/".join(p.parts[-3:-1]))
def test_case(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = yaml.safe_load(path.read_text())
    channel = path.parts[-3]
    expect = case["expect"]
    report = check_paths(*lay_out(case, tmp_path, request))
    verdict = next(verdict for verdict in report.verdicts if verdict.id == channel)
    assert verdict.status == expect["status"], [f.sentence for f in verdict.findings]
    if "says" in expect:
        assert expect["says"] in verdict.findings[0].sentence
    if "subject" in expect:
        assert expect["subject"] == verdict.findings[0].subject
    assert [f.sentence for f in report.findings if f.status == "open" and not f.path] == []
    failing = {finding.channel for finding in report.findings} - {channel}
    assert failing == set(expect.get("also", [])), [(f.channel, f.sentence) for f in report.findings]
