"""Answering one verb of `cloister model`: its rows as log entries, then its record.

People read the answer where they read all else of the team: in its log. Rows come one to an entry, since a container
runtime splits longer lines. A record names versions, hashes, metrics and generations, never a byte of an input.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from runner.image.config import Config
from runner.image.exits import Exit, Failure, exit_class
from runner.image.log import Log
from runner.image.media import Media
from runner.image.models import places, release
from runner.image.models.compare import compare
from runner.image.models.follow import follow
from runner.image.models.promote import current, promote, rollback
from runner.image.models.publish import publish
from runner.image.models.pull import pull
from runner.image.models.registry import Document, Registry
from runner.image.models.request import Request
from runner.image.models.words import RECORD, ROW
from runner.image.stop import Stop
from runner.image.store import Credentials, Store

Rows = list[Document]


def answer(request: Request, config: Config, log: Log, stop: Stop) -> int:
    """Do what was asked and write the record, however it ends; the runner's exit code."""
    code, cause, cure = int(Exit.DONE), "", ""
    result: Document = {}
    rows: Rows = []
    try:
        with stop.interrupting():
            result, rows = _do(request, config, log)
    except Failure as failure:
        code, cause, cure = int(failure.code), failure.cause, failure.cure
    for index, row in enumerate(rows):
        log.event("INFO", ROW, f"{request.verb}: row {index}", row=row)
    done = code == Exit.DONE
    log.event(
        "NOTICE" if done else "WARNING" if code in (Exit.CONFLICT, Exit.PREEMPTED) else "ERROR",
        RECORD,
        f"model {request.verb}: {exit_class(code)}" + (f": {cause}" if cause else ""),
        record={
            "version": 1,
            "verb": request.verb,
            "team": config.team,
            "run_id": config.run_id,
            "exit": code,
            "exit_class": exit_class(code),
            "cause": cause,
            "cure": cure,
            "rows": len(rows),
            "result": result,
        },
    )
    return code


def _do(request: Request, config: Config, log: Log) -> tuple[Document, Rows]:
    given = request.given
    store = Store(config.store, Credentials(config.store, config.metadata), config.patience)
    media, registry = Media(store), Registry(store, config.buckets["artifacts"])
    match request.verb:
        case "publish":
            work = config.work / "publish"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            return _version(publish(registry, store, media, given, work))
        case "list":
            return {}, list(_listed(registry, given["name"]))
        case "show":
            version, rows = _version(registry.version(given["name"], given["number"]))
            steps = [s for stage in places.STAGES for s in registry.steps(given["name"], stage)]
            history = [_brief(s.document) for s in steps if s.number == given["number"]]
            return {
                **version,
                "stages": _stages(registry, given["name"], given["number"]),
                "steps": history[-20:],
            }, rows
        case "diff":
            pair = [registry.version(given["name"], given[key]) for key in ("first", "second")]
            return {"model": given["name"], "first": given["first"], "second": given["second"]}, compare(
                *pair
            )
        case "promote":
            return promote(registry, store, media, config, log, given), []
        case "rollback":
            return rollback(registry, store, media, config, log, given), []
        case "pull":
            return pull(registry, store, media, config, given), []
        case "follow":
            follow(registry, store, media, config, log, given)
        case "release":
            document = release.release(registry, store, media, config, given)
            return {key: value for key, value in document.items() if key != "files"}, document["files"]
    raise AssertionError(request.verb)


def _version(document: Document) -> tuple[Document, Rows]:
    return {key: value for key, value in document.items() if key != "files"}, document["files"]


def _listed(registry: Registry, name: str | None) -> Iterator[Document]:
    """A row for each version, newest first within its model."""
    numbers = sorted(registry.numbers(name), key=lambda found: (found[0], -found[1]))
    in_force = {model: _in_force(registry, model) for model in {model for model, _ in numbers}}
    for version in registry.versions(numbers):
        model, number = version["model"], version["number"]
        yield {
            "model": model,
            "number": number,
            "stages": [stage for stage, holds in in_force[model].items() if holds == number],
            "published": version["published"],
            "by": version["by"],
            "run_id": version["lineage"]["run_id"],
            "digest": version["digest"],
            "bytes": version["bytes"],
            "metrics": version["metrics"],
        }


def _in_force(registry: Registry, name: str) -> dict[str, int]:
    found = {stage: current(registry.steps(name, stage)) for stage in places.STAGES}
    return {stage: step.number for stage, step in found.items() if step}


def _stages(registry: Registry, name: str, number: int) -> list[str]:
    return [stage for stage, holds in _in_force(registry, name).items() if holds == number]


def _brief(step: Document) -> dict[str, Any]:
    return {key: step[key] for key in ("stage", "sequence", "action", "at", "by", "reason")}
