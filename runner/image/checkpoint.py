"""Checkpoints: what the command keeps in checkpoint/ survives preemption, timeouts and its own failure."""

from __future__ import annotations

import json
from dataclasses import asdict

from runner.image import paths
from runner.image.config import Config
from runner.image.layout import RunLayout
from runner.image.log import Log
from runner.image.media import Media
from runner.image.publish import collect, publish
from runner.image.staging import Staged
from runner.image.store import Object, Store
from runner.image.workspace import CHECKPOINT, Workspace


def find(store: Store, config: Config, layout: RunLayout, attempt: int) -> list[Staged]:
    """The files of the newest checkpoint an earlier attempt left, or none."""
    for earlier in range(attempt - 1, 0, -1):
        document = store.read(config.buckets["artifacts"], layout.checkpoint(earlier))
        if document is None:
            continue
        prefix = layout.outputs(earlier)
        objects = [Object(**value) for value in json.loads(document)["objects"]]
        return [Staged(item, paths.safe_parts(item.name.removeprefix(prefix))) for item in objects]
    return []


def save(
    store: Store,
    media: Media,
    workspace: Workspace,
    config: Config,
    layout: RunLayout,
    attempt: int,
    owner: int,
    log: Log,
) -> int:
    """Publish checkpoint/ of this attempt, its list last; how many files it has. Raises Failure."""
    bucket = config.buckets["artifacts"]
    found = collect(workspace, [(CHECKPOINT, bucket)], layout.outputs(attempt), owner)
    if not found:
        return 0
    objects = publish(media, workspace, found, log, "checkpoint")
    document = {"version": 1, "attempt": attempt, "objects": [asdict(item) for item in objects]}
    store.create(bucket, layout.checkpoint(attempt), json.dumps(document).encode())
    return len(found)
