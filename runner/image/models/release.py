"""`release`: a promoted version's files go to the results bucket, where the team file lets people read them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.media import Media
from runner.image.models import files, formats, places
from runner.image.models.registry import Document, Registry
from runner.image.record import now
from runner.image.store import Store
from runner.image.workspace import Workspace


def release(
    registry: Registry, store: Store, media: Media, config: Config, given: dict[str, Any]
) -> Document:
    """Copy the files, and write who released what to whom, when, why and until when. Raises Failure.

    The golden requests stay: they are examples of the team's data. IAM is what ends the reading on the day.
    """
    name, number = given["name"], given["number"]
    if given["until"] < f"{datetime.now(UTC):%Y-%m-%d}":
        raise Failure(Exit.BAD_JOB, f"the release ended on {given['until']}", "Renew it in the team file")
    version = registry.version(name, number)
    steps = [step for stage in places.STAGES for step in registry.steps(name, stage)]
    if not any(step.number == number and step.digest == version["digest"] for step in steps):
        raise Failure(Exit.BAD_JOB, f"version {number} of {name} was never promoted", "Promote it first")
    chosen = [item for item in version["files"] if item["path"] != version["golden"]["file"]]
    if unsafe := [item for item in chosen if item["kind"] not in formats.DATA]:
        named = ", ".join(f"{item['path']} ({item['kind']})" for item in unsafe[:5])
        raise Failure(
            Exit.BAD_JOB,
            f"version {number} of {name} does not leave the team: {named}; loading it could run code",
            f"Write the model as one of {', '.join(sorted(formats.DATA))}",
        )
    workspace = Workspace(config.work)
    workspace.prepare(frozenset())
    files.fetch(store, media, registry.bucket, version, workspace.job)
    for item in chosen:
        if formats.kind(workspace.job / item["path"]) != item["kind"]:
            raise Failure(
                Exit.INPUT, f"{item['path']} is not of the kind its version says", "Publish it again"
            )
    # Nothing in `results` can be looked at or replaced from here, so every release has a place of its own.
    occasion = f"{config.run_id}-{secrets.token_hex(4)}"
    prefix = places.released(name, number, occasion)
    for item in chosen:
        files.put(media, workspace.job / item["path"], config.buckets["results"], prefix + item["path"])
    document = {
        "version": 1,
        "model": name,
        "number": number,
        "digest": version["digest"],
        **{key: given[key] for key in ("by", "reason", "to", "why", "owner", "until", "team_file")},
        "at": now(),
        "bucket": config.buckets["results"],
        "prefix": prefix,
        "files": chosen,
    }
    registry.write(places.release(name, number, occasion), document)
    return document
