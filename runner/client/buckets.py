"""The team's buckets for a local run: the names and settings that the synthesized stack gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cloister.declarations import Declarations, Team, names

SYNTHESIZED = Path("cdktf.out/stacks")


def descriptions(declarations: Declarations, team: Team) -> tuple[dict[str, dict[str, Any]], bool]:
    """Bucket resources of the JSON API by kind, and whether they were read from the synthesized stack.

    A tree that was not synthesized yet gives the names alone: they come from the same module.
    """
    kinds = names.buckets(declarations.boundary.project, team.team)
    stack = declarations.root / SYNTHESIZED / names.team_stack(team.team) / "cdk.tf.json"
    try:
        resources = json.loads(stack.read_text(encoding="utf-8"))["resource"]["google_storage_bucket"]
        written = {resource["name"]: resource for resource in resources.values()}
        return {kind: _resource(written[name]) for kind, name in kinds.items()}, True
    except (OSError, ValueError, KeyError):
        location = declarations.platform.region.upper()
        return {kind: {"name": name, "location": location} for kind, name in kinds.items()}, False


def _resource(block: dict[str, Any]) -> dict[str, Any]:
    """Terraform's words for a bucket in the JSON API's."""
    return {
        "name": block["name"],
        "location": block.get("location"),
        "storageClass": block.get("storage_class"),
        "labels": block.get("labels", {}),
        "versioning": {"enabled": bool(block.get("versioning", {}).get("enabled"))},
        "iamConfiguration": {
            "publicAccessPrevention": block.get("public_access_prevention"),
            "uniformBucketLevelAccess": {"enabled": bool(block.get("uniform_bucket_level_access"))},
        },
    }
