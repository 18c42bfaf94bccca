"""`cloister job run`: one run of a job on this machine, by the runner that the container has."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from runner.client import buckets, libraries, packages
from runner.client.jobs import Prepared, local_files
from runner.client.object_store import ObjectStore
from runner.client.processes import dies_with_us
from runner.client.view import View
from runner.image import checksums, layout, paths, spec
from runner.image.media import Media
from runner.image.store import Credentials, Object, Store

PATIENCE = 30  # seconds for a store on this very machine
GRACE = 10  # seconds for the command after a Ctrl-C
STATE = Path(".cloister")


@dataclass
class Finished:
    """How a local run ended: exit code and record of the last shard that ran.

    `outputs` are paths below `directory`, with their sizes in bytes.
    """

    run_id: str
    directory: Path
    exit: int = 0
    seconds: float = 0.0
    record: dict[str, Any] = field(default_factory=dict)
    outputs: list[tuple[str, int]] = field(default_factory=list)


def new_run_id() -> str:
    """UTC `yyyymmdd-hhmmss-` and 8 hex digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def run(prepared: Prepared, view: View) -> Finished:
    """Run a job to its end and copy what it published. Raises NotBuilt, NotStarted or DeclarationErrors."""
    begun = time.monotonic()
    package = packages.pack(prepared.folder / prepared.job.code)
    lock = None if prepared.lock is None else libraries.build(prepared.lock, view.say)
    run_id = new_run_id()
    directory = prepared.declarations.root / STATE / "runs" / run_id
    reach_loopback_directly()
    with ObjectStore() as embedded, work_directory(prepared.declarations.root) as work:
        store = Store(embedded.url, Credentials(embedded.url, ""), PATIENCE)
        media = Media(store)
        resources, synthesized = buckets.descriptions(prepared.declarations, prepared.team)
        for resource in resources.values():
            embedded.make_bucket(resource)
        names = {kind: resource["name"] for kind, resource in resources.items()}
        origin = (
            "as its stack describes them" if synthesized else "by name only: the stack was not synthesized"
        )
        view.say(f"object store at {embedded.url}, the four buckets of {prepared.team.team} {origin}")
        code = packages.digest(package)
        _put(media, names["code"], layout.package(layout.CODE, code), package)
        uploaded = _upload_inputs(media, names, prepared)
        view.say(
            f"{uploaded} files of input uploaded; run {run_id}, {'sealed' if prepared.sealed else 'not sealed'}"
        )
        settings = _settings(prepared, names, embedded.url, run_id, work)
        settings["CLOISTER_SPEC"] = spec.dump(prepared.specification(code, lock))
        directory.mkdir(parents=True)
        finished = Finished(run_id, directory)
        for shard in range(prepared.job.shards):
            settings["CLOISTER_SHARD"] = str(shard)
            finished.exit, finished.record = _attempt(settings, view, directory / "log.jsonl")
            place = layout.RunLayout(prepared.job.name, run_id, shard, prepared.job.shards)
            attempt = finished.record.get("attempt", 1)
            named = place.manifest if finished.exit == 0 else place.checkpoint(attempt)
            finished.outputs += _copy(store, media, names, place, named, directory)
            if finished.exit != 0:
                break
        if (read := store.read(names["artifacts"], place.inputs)) is not None:
            (directory / "inputs.json").write_bytes(read)  # a model made of this run names them
    (directory / "record.json").write_text(json.dumps(finished.record, indent=1) + "\n", encoding="utf-8")
    finished.seconds = time.monotonic() - begun
    return finished


def reach_loopback_directly() -> None:
    """A proxy in the environment is for the package index; the store is on this machine."""
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))


@contextmanager
def work_directory(root: Path) -> Iterator[Path]:
    """A directory for the run's files, removed afterwards whatever modes the command left in it."""
    parent = root / STATE / "work"
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=parent.resolve()))
    work.chmod(0o755)
    try:
        yield work
    finally:
        with paths.Beneath(work) as top:
            paths.clear(top.fd)
        shutil.rmtree(work, ignore_errors=True)


def _settings(prepared: Prepared, names: dict[str, str], url: str, run_id: str, work: Path) -> dict[str, str]:
    """The runner's environment: the same variables a pod has, and the ones that only a laptop sets."""
    return {
        "CLOISTER_TEAM": prepared.team.team,
        "CLOISTER_NETWORK": "sealed" if prepared.sealed else "project",
        **{f"CLOISTER_BUCKET_{kind.upper()}": name for kind, name in names.items()},
        "CLOISTER_STORE": url,
        "CLOISTER_PATIENCE": str(PATIENCE),
        "CLOISTER_GRACE": str(GRACE),
        "CLOISTER_JOB": prepared.job.name,
        "CLOISTER_RUN_ID": run_id,
        "CLOISTER_SHARDS": str(prepared.job.shards),
        "CLOISTER_WORK": str(work),
        "CLOISTER_ENVIRONMENTS": str(libraries.cache()),
    }


def _attempt(settings: dict[str, str], view: View, log: Path) -> tuple[int, dict[str, Any]]:
    """Run the runner once, showing its log as it comes; its exit code and run record."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "runner.image"],
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches the runner as SIGTERM, once, from here
        preexec_fn=dies_with_us(),
    )
    assert process.stdout is not None
    record: dict[str, Any] = {}
    with log.open("ab") as kept:
        while True:
            try:
                for line in process.stdout:
                    kept.write(line)
                    entry = json.loads(line)
                    record = entry.get("record", record)
                    view.entry(entry)
                return process.wait(), record
            except KeyboardInterrupt:
                _interrupt(process, view)
                raise


def _interrupt(process: subprocess.Popen[bytes], view: View) -> None:
    """End the runner as a node that goes away would; a second Ctrl-C ends it at once."""
    view.say("interrupted: ending the run (once more to end it at once)")
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=GRACE + 5)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _put(media: Media, bucket: str, name: str, data: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        media.upload(bucket, name, file, len(data), checksums.extend(0, data))


def _upload_inputs(media: Media, names: dict[str, str], prepared: Prepared) -> int:
    """The local stand-ins of the buckets, as far as the job's inputs reach; how many files."""
    files = {
        (item.from_.partition("/")[0], name): path
        for item in prepared.job.inputs
        for name, path in local_files(prepared.stand_in, item.from_)
    }
    for (kind, name), path in files.items():
        with path.open("rb") as file:
            crc = 0
            while piece := file.read(1 << 20):
                crc = checksums.extend(crc, piece)
            media.upload(names[kind], name, file, path.stat().st_size, crc)
    return len(files)


def _copy(
    store: Store, media: Media, names: dict[str, str], place: layout.RunLayout, named: str, directory: Path
) -> list[tuple[str, int]]:
    """Download what a shard's manifest, or its checkpoint's list, names, below a directory per bucket kind."""
    document = store.read(names["artifacts"], named)
    if document is None:
        return []
    (directory / named.rpartition("/")[2]).write_bytes(document)
    manifest = json.loads(document)
    kinds = {name: kind for kind, name in names.items()}
    prefix = f"{place.root}{manifest['attempt']}/"
    copied = []
    for value in manifest["objects"]:
        source = Object(**value)
        path = f"{kinds[source.bucket]}/{source.name.removeprefix(prefix)}"
        with paths.Beneath(directory) as top:
            fd = top.open(paths.safe_parts(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with open(fd, "wb") as file:
            media.download(source, 0, source.size, partial(append, file))
        copied.append((path, source.size))
    return copied


def append(file: BinaryIO, _offset: int, piece: bytes) -> None:
    """Take a piece of a download that comes in order."""
    file.write(piece)
