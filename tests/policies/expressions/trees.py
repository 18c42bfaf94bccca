"""Small trees, resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.expressions.resolve import Evaluation, Resolved
from policies.snapshot import load

PROVIDER = {"google": [{"project": "acme", "region": "europe-west1"}]}


def evaluation(folder: Path, **stacks: Mapping[str, Any]) -> Evaluation:
    """The evaluation of stacks by name, each with the provider of project acme (number 42) unless it says otherwise."""
    for name, tree in stacks.items():
        target = folder / "stacks" / name
        target.mkdir(parents=True, exist_ok=True)
        whole = {"//": {"metadata": {"stackName": name}}, "provider": PROVIDER, **tree}
        (target / "cdk.tf.json").write_text(json.dumps(whole))
    return Evaluation(load([folder]), "acme", "42")


def resolved(folder: Path, **stacks: Mapping[str, Any]) -> dict[str, Resolved]:
    """Every resource of the stacks by address."""
    return {item.resource.address: item for item in evaluation(folder, **stacks).resources()}


def value(folder: Path, expression: Any, **sections: Any) -> Any:
    """The value of one expression, in a stack with these sections."""
    sections["output"] = {"probe": {"value": expression}}
    return evaluation(folder, one=sections).outputs("one")["probe"]
