"""Small worlds for tests: resources as synthesized JSON writes them."""

from __future__ import annotations

import json
from typing import Any

from cloister.declarations import Boundary
from policies.facts.build import build_world
from policies.facts.world import World
from policies.snapshot.model import Input, Snapshot
from policies.snapshot.synth import synth_stack

PROJECT = "acme-data-prod"
NUMBER = "111122223333"


def boundary(**changes: Any) -> Boundary:
    """The boundary of a project without an organisation, with ``changes`` to its fields."""
    return Boundary.model_validate(
        {
            "project": PROJECT,
            "project_number": NUMBER,
            "domain": "acme.example",
            "organization": "none",
            "regions": ["europe-west1"],
            "assurance": "project",
            **changes,
        }
    )


def world_of(resources: dict[str, Any], **changes: Any) -> World:
    """A world of one stack ``platform``. ``resources``: type to name to arguments."""
    tree = {
        "//": {"metadata": {"stackName": "platform"}},
        "provider": {"google": [{"project": PROJECT, "region": "europe-west1"}]},
        "resource": json.loads(json.dumps(resources)),
    }
    stack = synth_stack(tree, Input("cdk.tf.json", "0" * 64))
    return build_world(Snapshot([stack]), boundary(**changes), None)
