"""Small worlds for the tests of identities: resources in, a world out, without a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cloister.declarations import Boundary, Declarations
from cloister.declarations.team import Team
from policies.facts.build import build_world
from policies.facts.world import World
from policies.snapshot.model import Input, Snapshot
from policies.snapshot.synth import synth_stack

PROJECT = "acme-data-prod"
NUMBER = "111122223333"
REFERENCE = Path(__file__).parents[2] / "data" / "reference"


def boundary(**changes: Any) -> Boundary:
    """The reference's boundary with some keys changed."""
    return Boundary.model_validate(yaml.safe_load((REFERENCE / "boundary.yaml").read_text()) | changes)


def world(
    resource: dict[str, Any],
    data: dict[str, Any] | None = None,
    teams: dict[str, dict[str, Any]] | None = None,
    stack: str = "platform",
    **changes: Any,
) -> World:
    """A world of one stack. ``teams``: team files beside the boundary, by team."""
    tree = {
        "//": {"metadata": {"stackName": stack}},
        "provider": {"google": [{"project": PROJECT}]},
        "resource": resource,
        "data": data or {},
    }
    snapshot = Snapshot([synth_stack(tree, Input("cdk.tf.json", ""))])
    declared = None
    if teams is not None:
        files = {
            name: Team.model_validate({"team": name, "members": f"group:{name}@acme.example",
                                       "quota": {"cpu": 1, "memory": "1Gi", "max_run_hours": 1}, **body})
            for name, body in teams.items()
        }  # fmt: skip
        declared = Declarations(Path(), boundary(**changes), None, files)  # type: ignore[arg-type]
    return build_world(snapshot, boundary(**changes), declared)


def account(name: str) -> str:
    """The member of a service account of the project."""
    return f"serviceAccount:{name}@{PROJECT}.iam.gserviceaccount.com"


def workload(namespace: str, name: str) -> str:
    """The member of a Kubernetes service account of the project's clusters."""
    return f"serviceAccount:{PROJECT}.svc.id.goog[{namespace}/{name}]"
