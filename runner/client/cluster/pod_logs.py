"""Entries from the pods themselves, while Kubernetes keeps them; followed as they come."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from runner.client.cluster import entries
from runner.client.cluster.connection import Cluster, Refused
from runner.client.cluster.entries import Entry
from runner.client.cluster.runs import Attempt, Run

END = 60  # lines at the end of a log among which its record and reported errors stand
POLL = 0.4  # seconds between looks for new pods
PATIENCE = 60.0  # seconds that the API server may be away while a log is followed
AT_ONCE = 8  # logs read at once


class PodLogs:
    """A `Source` over the pods of one namespace."""

    def __init__(self, cluster: Cluster, runs: Callable[[], list[Run]]) -> None:
        self._cluster, self._runs = cluster, runs

    def entries(self, run: Run, last: int | None = None) -> Iterator[Entry]:
        for attempt in entries.attempts_with_logs(run):
            yield from self.of(attempt, last)

    def ends(self, since: datetime) -> Iterator[Entry]:
        attempts = [
            attempt
            for run in self._runs()
            for attempt in run.attempts
            if attempt.finished and attempt.finished >= since
        ]
        attempts.sort(key=lambda attempt: attempt.finished or attempt.created)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for found in pool.map(lambda attempt: list(self.of(attempt, END)), attempts):
                yield from (e for e in found if entries.record_of(e) or "@type" in e)

    def of(self, attempt: Attempt, last: int | None = None) -> Iterator[Entry]:
        """One pod's entries. A pod that is gone has none."""
        options = {} if last is None else {"tail_lines": last}
        try:
            for _, text in self._lines(attempt.pod, **options):
                yield entries.parse(text)
        except Refused as refused:
            if refused.status not in (400, 404):
                raise

    def follow(self, find: Callable[[], Run | None]) -> Iterator[Entry]:
        """A run's entries as they come, of all its pods, until it has ended and the last line is read."""
        arriving: queue.Queue[Entry | Refused] = queue.Queue()
        readers: dict[str, threading.Thread] = {}
        away, seen = 0.0, False
        while True:
            run: Run | None = None
            try:
                run, away, seen = find(), 0.0, True
            except Refused:
                # A server that starts again knows nobody's rights for a moment.
                away = away or time.monotonic()
                if not seen or time.monotonic() - away > PATIENCE:
                    raise
            for attempt in entries.attempts_with_logs(run) if run else ():
                if attempt.pod not in readers:
                    readers[attempt.pod] = threading.Thread(
                        target=self._read, args=(attempt.pod, arriving), daemon=True
                    )
                    readers[attempt.pod].start()
            reading = any(thread.is_alive() for thread in readers.values())
            yield from _arrived(arriving, POLL)
            if not away and (run is None or run.state.ended) and not reading and arriving.empty():
                return

    def _read(self, pod: str, into: queue.Queue[Entry | Refused]) -> None:
        """Follow one pod to its end, through API servers that go away meanwhile."""
        last, failing = "", 0.0
        while True:
            try:
                for stamp, text in self._lines(pod, follow=True):
                    failing = 0.0
                    if stamp > last:  # else it was read before the connection broke
                        last = stamp
                        into.put(entries.parse(text))
                return
            except Refused as refused:
                if refused.status in (400, 404):
                    return
                failing = failing or time.monotonic()
                if time.monotonic() - failing > PATIENCE:
                    into.put(refused)
                    return
                time.sleep(POLL)

    def _lines(self, pod: str, **options: object) -> Iterator[tuple[str, str]]:
        """Time and text of each line."""
        for line in self._cluster.log(pod, **options):
            stamp, _, text = line.decode(errors="replace").partition(" ")
            yield stamp, text


def _arrived(arriving: queue.Queue[Entry | Refused], seconds: float) -> Iterator[Entry]:
    """What is there now, and what comes within a time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = arriving.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return
        if isinstance(found, Refused):
            raise found
        yield found
