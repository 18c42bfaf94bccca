"""Many transfers at once, with progress as events: what staging in and publishing have in common."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from runner.image.exits import Exit, Failure
from runner.image.log import Log

WORKERS = 8  # small objects wait for the store most of the time
# A range keeps a core busy with encryption, checksum and disk: more at once only get in each other's way.
RANGE_WORKERS = max(1, min(WORKERS, len(os.sched_getaffinity(0)) - 1))
FIRST_PROGRESS = 2.0  # seconds until the first progress event: short transfers need none
PROGRESS_EVERY = 10.0

Result = TypeVar("Result")


class Progress:
    """Bytes and files done of a known total, reported as it grows."""

    def __init__(self, log: Log, phase: str, files: int, size: int) -> None:
        self._log, self._phase = log, phase
        self._files, self._size = files, size
        self._done_files = self._done_size = 0
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._next = self._start + FIRST_PROGRESS

    def add(self, size: int, files: int = 0) -> None:
        """Count bytes (negative where they have to come again) and files."""
        with self._lock:
            self._done_size += size
            self._done_files += files
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + PROGRESS_EVERY
            done_files, done = self._done_files, self._done_size
        rate = done / (now - self._start)
        left = max(self._size - done, 0)
        self._log.event(
            "INFO",
            "progress",
            f"{self._phase}: {done_files} of {self._files} files, {done} of {self._size} bytes",
            phase=self._phase,
            files=done_files,
            files_total=self._files,
            bytes=done,
            bytes_total=self._size,
            percent=round(100 * done / self._size, 1) if self._size else 100.0,
            eta_seconds=round(left / rate) if rate > 0 else None,
        )


def run_all(tasks: Iterable[Callable[[], Result]], workers: int = WORKERS) -> list[Result]:
    """The results of all tasks, in their order, `workers` at a time. The first failure cancels what has not begun."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="transfer")
    waits = True
    try:
        futures = [pool.submit(task) for task in tasks]
        finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in finished:
            future.result()  # raises where it failed
        return [future.result() for future in futures]
    except Failure as failure:
        # A run that was told to end does not wait for a store that hangs; the process ends with its threads.
        waits = failure.code != Exit.PREEMPTED
        raise
    finally:
        pool.shutdown(wait=waits, cancel_futures=True)
