"""`publish`: the files of a finished run become the next version of a model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from runner.image import paths
from runner.image.exits import Exit, Failure
from runner.image.layout import RunLayout
from runner.image.media import Media
from runner.image.models import card, files, formats, places
from runner.image.models.registry import Document, Registry, digest
from runner.image.record import now
from runner.image.store import Store

MOST_FILES = 10_000
LINEAGE = ("job", "run_id", "attempt", "image", "code", "lock", "environment", "inputs_digest")


def publish(registry: Registry, store: Store, media: Media, given: dict[str, Any], work: Path) -> Document:
    """The version made of a run, or the one that was made of it before. `work` is an empty directory."""
    bucket, name = registry.bucket, given["name"]
    layout = RunLayout(given["job"], given["run_id"], 0, 1)
    manifest = _manifest(store, bucket, layout)
    prefix = f"{layout.root}{manifest['attempt']}/"
    folder = _folder(manifest, bucket, prefix, given["folder"])
    for item in manifest["objects"]:
        if item["bucket"] == bucket and item["name"].startswith(prefix + folder):
            _fetch(store, media, item, work, item["name"].removeprefix(prefix + folder))
    about = card.parse((work / places.CARD).read_bytes(), folder + places.CARD)
    if not (work / about.golden).is_file():
        raise Failure(
            Exit.BAD_JOB, f"{folder}{about.golden} is not there", "Write the golden requests it names"
        )
    count = len(card.golden((work / about.golden).read_bytes(), about))
    found = [_describe(work, path) for path in sorted(work.rglob("*")) if path.is_file()]
    content = {
        "version": 1,
        "digest": digest(found),
        "bytes": sum(item["bytes"] for item in found),
        "run": list(about.run),
        "license": about.license,
        "signature": about.signature,
        "golden": {"file": about.golden, "requests": count},
        "metrics": manifest["metrics"],
        "lineage": {
            **{key: manifest[key] for key in LINEAGE},
            "inputs": _inputs(store, bucket, layout, manifest["inputs_digest"]),
            "team_file": given["team_file"],
        },
        "published": now(),
        "by": given["by"],
        "files": found,
    }
    for before in reversed(registry.versions(registry.numbers(name))):
        if before["digest"] == content["digest"] and before["lineage"]["run_id"] == given["run_id"]:
            return {**before, "existed": True}
    files.keep(media, bucket, name, work, found)
    return registry.add_version(name, content)


def _manifest(store: Store, bucket: str, layout: RunLayout) -> dict[str, Any]:
    found = store.read(bucket, layout.manifest)
    if found is None:
        raise Failure(
            Exit.INPUT,
            f"run {layout.run_id} of {layout.job} has published nothing",
            "Publish a run that is done and has one shard",
        )
    try:
        manifest: dict[str, Any] = json.loads(found)
        objects = manifest["objects"]
        assert all(isinstance(o[key], str) for o in objects for key in ("bucket", "name", "crc32c"))
        assert isinstance(manifest["metrics"], dict) and set(LINEAGE) <= set(manifest)
    except (ValueError, KeyError, TypeError, AssertionError):
        raise Failure(Exit.INPUT, f"{layout.manifest} is no manifest", "Run the job again") from None
    return manifest


def _folder(manifest: dict[str, Any], bucket: str, prefix: str, asked: str) -> str:
    """Where the model lies below the run's outputs: as asked, else the one place with a card; ends in / or is empty."""
    names = [item["name"] for item in manifest["objects"] if item["bucket"] == bucket]
    below = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    cards = [name.removesuffix(places.CARD) for name in below if f"/{name}".endswith(f"/{places.CARD}")]
    if asked:
        folder = "/".join(part for part in asked.split("/") if part not in ("", ".")) + "/"
        if folder not in cards:
            raise Failure(Exit.BAD_JOB, f"the run has no {folder}{places.CARD}", _where(cards))
    elif len(cards) != 1:
        count = f"{len(cards)} files {places.CARD}" if cards else f"no {places.CARD}"
        raise Failure(Exit.BAD_JOB, f"the run has {count} among its artifacts", _where(cards))
    else:
        folder = cards[0]
    if sum(name.startswith(folder) for name in below) > MOST_FILES:
        raise Failure(Exit.BAD_JOB, f"{folder} has over {MOST_FILES} files", "Pack what belongs together")
    return folder


def _where(cards: list[str]) -> str:
    return f"Choose with --folder: {', '.join(cards[:5])}" if cards else "Write one beside the model's files"


def _fetch(store: Store, media: Media, item: dict[str, Any], work: Path, path: str) -> None:
    try:
        paths.safe_parts(path)
    except paths.UnsafeName as error:
        raise Failure(Exit.INPUT, f"{item['name']}: {error}", "Rename the file") from None
    source = store.find(item["bucket"], item["name"])
    if source is None:
        raise Failure(Exit.INPUT, f"gs://{item['bucket']}/{item['name']} is missing", "Run the job again")
    if source.crc32c != item["crc32c"]:
        raise Failure(Exit.INPUT, f"{source.url} is not what the run published", "Run the job again")
    files.download(media, source, work, path)


def _describe(work: Path, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "path": path.relative_to(work).as_posix(),
        "sha256": sha256,
        "bytes": path.stat().st_size,
        "kind": formats.kind(path),
    }


def _inputs(store: Store, bucket: str, layout: RunLayout, expected: str) -> list[dict[str, Any]]:
    """What the run read, bucket by bucket: how many objects, bytes, and the newest generation."""
    recorded = store.read(bucket, layout.inputs)
    if recorded is None or "sha256:" + hashlib.sha256(recorded).hexdigest() != expected:
        raise Failure(Exit.INPUT, f"{layout.inputs} is not the list that the run read", "Run the job again")
    by_bucket: dict[str, dict[str, Any]] = {}
    for item in json.loads(recorded)["objects"]:
        sums = by_bucket.setdefault(
            item["bucket"], {"bucket": item["bucket"], "objects": 0, "bytes": 0, "generation": 0}
        )
        sums["objects"] += 1
        sums["bytes"] += item["size"]
        sums["generation"] = max(sums["generation"], item["generation"])
    return [by_bucket[key] for key in sorted(by_bucket)]
