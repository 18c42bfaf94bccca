"""Attempts: which try of a run this process is, and whether there is anything left to do."""

from __future__ import annotations

import json
import secrets

from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.layout import RunLayout
from runner.image.record import now
from runner.image.store import Store

MOST = 1000  # attempts of one run; preempted ones count


def winner(store: Store, config: Config, layout: RunLayout) -> int | None:
    """The attempt whose manifest makes this run visible, or None while there is none."""
    document = store.read(config.buckets["artifacts"], layout.manifest)
    if document is None:
        return None
    try:
        return int(json.loads(document)["attempt"])
    except (ValueError, KeyError, TypeError):
        raise Failure(
            Exit.CONFLICT, f"{layout.manifest} exists and is no manifest", "Start a new run"
        ) from None


def claim(store: Store, config: Config, layout: RunLayout) -> int:
    """The number of this attempt: the first nobody claimed. It owns its prefix, whatever else is running."""
    document = json.dumps({"version": 1, "started": now(), "nonce": secrets.token_hex(16)}).encode()
    for number in range(1, MOST + 1):
        if store.create(config.buckets["artifacts"], layout.claim(number), document):
            return number
    raise Failure(Exit.CONFLICT, f"the run has had {MOST} attempts", "Start a new run")
