"""A model that answers: its command, sealed as a job's is, fed one request a line and answering one line each.

    {"instances": [{...}, ...]}   ->   {"predictions": [{...}, ...]}

The command has files and no network; what it answers is data, checked against the signature before anybody sees it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from runner.image import command, unpack
from runner.image.config import Config
from runner.image.exits import Exit, Failure
from runner.image.layout import ENVIRONMENTS
from runner.image.log import Log
from runner.image.media import Media
from runner.image.models import card, files, places
from runner.image.models.registry import Document
from runner.image.output import Budget, Stream
from runner.image.seal.child import Child, end_all_left
from runner.image.store import Store
from runner.image.supervise import READ
from runner.image.workspace import Workspace

LARGEST_ANSWER = 32 << 20  # bytes
ENDING = 5.0  # seconds to end by itself once its requests have ended


def lay_out(store: Store, media: Media, config: Config, version: Document) -> tuple[Workspace, card.Card]:
    """A workspace with a version's files and its run's libraries; the version's card. Raises Failure."""
    workspace = place(config, version)
    workspace.prepare(frozenset())
    files.fetch(store, media, config.buckets["artifacts"], version, workspace.job)
    lock, environment = version["lineage"]["lock"], version["lineage"]["environment"]
    if workspace.environment is not None:
        pass  # the libraries were built on this machine
    elif environment is not None:
        into = workspace.root / "env"
        unpack.fetch(store, media, config.buckets["code"], ENVIRONMENTS, environment, into, writable=False)
    elif lock is not None:
        raise Failure(
            Exit.INPUT, "the environment of the run is not here", "Run `cloister env build` on its lock"
        )
    if os.geteuid() == 0:
        workspace.give_to(command.user()[0])
    return workspace, card.parse((workspace.job / places.CARD).read_bytes())


def place(config: Config, version: Document) -> Workspace:
    """Where a version is laid out: with the libraries of its run, where they were built on this machine."""
    lock = version["lineage"]["lock"]
    built = config.environments / str(lock).removeprefix("sha256:") if config.environments and lock else None
    return Workspace(config.work, built if built is not None and built.is_dir() else None)


class Predictor:
    """A started model. Not thread-safe: one request at a time. Several may stand at once."""

    _standing: ClassVar[set[int]] = set()  # their processes
    _ending: ClassVar[threading.Lock] = (
        threading.Lock()
    )  # none is started while another's leavings are killed

    def __init__(self, config: Config, about: card.Card, workspace: Workspace, log: Log) -> None:
        self._card = about
        with self._ending:
            self._child: Child = command.serve(config, about.run, workspace)
            process = self._child.process
            self._standing.add(process.pid)
        self.unbounded = self._child.unbounded
        assert process.stdin is not None and process.stdout is not None
        self._requests, self._answers = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)
        self._pending = bytearray()
        self._said = Stream("stderr", "WARNING", log, Budget(config.log_limit))
        # What it prints beside its answers must not fill a pipe that nobody reads.
        threading.Thread(target=self._drain, daemon=True).start()

    def ask(self, instances: Sequence[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
        """The predictions for instances that fit the signature. Raises Failure."""
        line = json.dumps({"instances": list(instances)}, ensure_ascii=True).encode() + b"\n"
        answer = self._exchange(line, time.monotonic() + seconds)
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            raise _wrong("its answer is not JSON") from None
        found = value.get("predictions") if isinstance(value, dict) else None
        if not isinstance(found, list) or len(found) != len(instances):
            raise _wrong(f"expected {len(instances)} predictions in its answer")
        for prediction in found:
            if wrong := card.misfit(prediction, self._card.outputs):
                raise _wrong(f"its answer does not fit the signature: {wrong}")
        return found

    def close(self) -> None:
        """End it and all it started."""
        process = self._child.process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        with suppress(Exception):
            process.wait(ENDING)
        self._child.signal_all(signal.SIGKILL)
        process.wait()
        with self._ending:
            self._standing.discard(process.pid)
            end_all_left(keep=self._standing)
        process.stdout.close()

    def _exchange(self, line: bytes, deadline: float) -> bytes:
        with suppress(BlockingIOError):
            self._read()
        if self._pending:
            # Taken for the answer to this request, it would be another's.
            raise _wrong("it printed more than one line for a request")
        left = memoryview(line)
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            selector.register(self._requests, selectors.EVENT_WRITE)
            while left or b"\n" not in self._pending:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise Failure(
                        Exit.TIMEOUT, "the model did not answer in time", "Read what it printed above"
                    )
                for key, _ in ready:
                    if key.fd == self._requests:
                        with suppress(BlockingIOError):
                            left = left[self._write(left) :]
                        if not left:
                            selector.unregister(self._requests)
                    else:
                        self._read()
        answer, _, rest = self._pending.partition(b"\n")
        self._pending = bytearray(rest)
        return bytes(answer)

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._requests, data)
        except BrokenPipeError:
            raise _ended() from None

    def _read(self) -> None:
        data = os.read(self._answers, READ)
        if not data:
            raise _ended()
        self._pending += data
        if len(self._pending) > LARGEST_ANSWER:
            raise _wrong(f"its answer is over {LARGEST_ANSWER} bytes")

    def _drain(self) -> None:
        pipe = self._child.process.stderr
        assert pipe is not None
        while data := os.read(pipe.fileno(), READ):
            self._said.feed(data)
        self._said.close()


def check_golden(predictor: Predictor, about: card.Card, folder: Path, seconds: float) -> int:
    """Ask the golden requests; how many there are. Raises Failure for the first that is answered otherwise."""
    requests = card.golden((folder / about.golden).read_bytes(), about)
    for number, item in enumerate(requests, start=1):
        [found] = predictor.ask([item.instance], seconds)
        if column := card.differs(found, item.prediction, about.outputs, about.tolerance):
            raise Failure(
                Exit.BAD_JOB,
                f"golden request {number} of {len(requests)} is answered otherwise: {column} differs",
                "Compare the run with the one that wrote the golden requests",
            )
    return len(requests)


def _wrong(why: str) -> Failure:
    return Failure(
        Exit.BAD_JOB, f"the model answered wrongly: {why}", "Correct the command in its model.json"
    )


def _ended() -> Failure:
    return Failure(Exit.BAD_JOB, "the model's command ended", "Read what it printed above")
