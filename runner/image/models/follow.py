"""`follow`: every version that comes into a stage, laid out for the server beside those before it, until told to end."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any, NoReturn

from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.image.media import Media
from runner.image.models import places
from runner.image.models.predictor import lay_out
from runner.image.models.promote import current
from runner.image.models.registry import Registry
from runner.image.store import Store
from runner.image.workspace import disk

POLL = 1.0  # seconds between two looks at the stage
LONGEST = 30.0  # and after looks that failed


def follow(
    registry: Registry, store: Store, media: Media, config: Config, log: Log, given: dict[str, Any]
) -> NoReturn:
    """Look for steps of the stage, for ever. What fails is told, and the versions that are there stay.

    A version is laid out below its step's number, and its description moved there last. Raises Failure PREEMPTED.
    """
    known, pause = 0, POLL
    while True:
        try:
            known = _look(registry, store, media, config, log, given, known)
            pause = POLL
        except Failure as failure:
            if failure.code == Exit.PREEMPTED:
                raise
            log.report("not-pulled", str(failure), where="pull", exit=int(failure.code))
            pause = min(pause * 2, LONGEST)
        time.sleep(pause)


def _look(
    registry: Registry,
    store: Store,
    media: Media,
    config: Config,
    log: Log,
    given: dict[str, Any],
    known: int,
) -> int:
    """The newest step of the stage, whose version is laid out by now."""
    name, stage = given["name"], given["stage"]
    if not registry.has_step(name, stage, known + 1):
        return known
    steps = registry.steps(name, stage)
    step, newest = current(steps), steps[-1].sequence
    root = config.work / str(newest)
    if step is None or (root / places.PULLED).exists():
        return newest
    version = registry.version(name, step.number)
    if version["digest"] != step.digest:
        raise Failure(
            Exit.INPUT, f"version {step.number} of {name} is not the one that was promoted", "Promote another"
        )
    lay_out(store, media, replace(config, work=root), version)
    found = {"stage": stage, "sequence": newest, "version": version}
    with disk("write the version"):
        before = root / f"{places.PULLED}.part"
        before.write_text(json.dumps(found), encoding="utf-8")
        before.rename(root / places.PULLED)
    log.event("NOTICE", "pulled", f"version {step.number} of {name}, step {newest} of {stage}")
    return newest
