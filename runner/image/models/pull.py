"""`pull`: the version that is in a stage, laid out in the work directory for the server that starts after this step."""

from __future__ import annotations

import json
from typing import Any

from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.media import Media
from runner.image.models import places
from runner.image.models.predictor import lay_out
from runner.image.models.promote import current
from runner.image.models.registry import Document, Registry
from runner.image.store import Store
from runner.image.workspace import disk


def pull(registry: Registry, store: Store, media: Media, config: Config, given: dict[str, Any]) -> Document:
    """Download it, every file with its hash checked, and write beside it what it is. Raises Failure."""
    name, stage = given["name"], given["stage"]
    step = current(registry.steps(name, stage))
    if step is None:
        raise Failure(Exit.BAD_JOB, f"nothing was promoted to {stage} of {name}", "Promote a version first")
    version = registry.version(name, step.number)
    if version["digest"] != step.digest:
        raise Failure(
            Exit.INPUT, f"version {step.number} of {name} is not the one that was promoted", "Promote another"
        )
    lay_out(store, media, config, version)
    found = {"stage": stage, "sequence": step.sequence, "version": version}
    with disk("write the version"):
        (config.work / places.PULLED).write_text(json.dumps(found), encoding="utf-8")
    return {
        "model": name,
        "number": step.number,
        "digest": step.digest,
        "stage": stage,
        "sequence": step.sequence,
    }
