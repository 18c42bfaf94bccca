"""While the command runs: its output becomes log entries, its time is limited, and SIGTERM reaches it."""

from __future__ import annotations

import os
import selectors
import signal
import time
from dataclasses import dataclass
from typing import Literal

from runner.image.log import Log
from runner.image.output import Stream
from runner.image.seal.child import Child, end_all_left
from runner.image.stop import Stop

HEARTBEAT = 60.0  # seconds
DRAIN = 2.0  # seconds for output still in the pipes when everything has ended
READ = 1 << 16


@dataclass(frozen=True)
class Ended:
    """How the command ended: by itself, at its timeout, or because the node goes away. `seconds` it ran."""

    by: Literal["itself", "timeout", "preemption"]
    code: int
    seconds: float


class _Loop:
    """One pass of the selector at a time, so that every wait handles output, signals and the clock alike."""

    def __init__(self, child: Child, streams: tuple[Stream, Stream], stop: Stop) -> None:
        self.selector = selectors.DefaultSelector()
        self.exited = False
        self._stop_fd = stop.fd
        self._pidfd = os.pidfd_open(child.process.pid)
        for pipe, stream in zip((child.process.stdout, child.process.stderr), streams, strict=True):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self.selector.register(pipe, selectors.EVENT_READ, stream)
        self.selector.register(self._pidfd, selectors.EVENT_READ)
        self.selector.register(self._stop_fd, selectors.EVENT_READ)

    def open_streams(self) -> bool:
        return any(isinstance(key.data, Stream) for key in self.selector.get_map().values())

    def turn(self, seconds: float) -> None:
        """Wait for the next thing, at most `seconds`."""
        for key, _ in self.selector.select(max(seconds, 0)):
            if isinstance(key.data, Stream):
                data = os.read(key.fd, READ)
                if data:
                    key.data.feed(data)
                else:
                    self.selector.unregister(key.fileobj)
            else:
                self.selector.unregister(key.fileobj)
                self.exited = self.exited or key.fd == self._pidfd

    def close(self) -> None:
        self.selector.close()
        os.close(self._pidfd)


def supervise(
    child: Child, streams: tuple[Stream, Stream], stop: Stop, log: Log, timeout: float, grace: float
) -> Ended:
    """Wait for the command to end, and end it where it must. Afterwards no process of it is left."""
    loop = _Loop(child, streams, stop)
    start = time.monotonic()  # not the clock: that may jump
    by: Literal["itself", "timeout", "preemption"] = "itself"
    kill_at = float("inf")
    heartbeat = start + HEARTBEAT
    try:
        while not loop.exited:
            now = time.monotonic()
            if by == "itself" and (stop.requested or now >= start + timeout):
                by = "preemption" if stop.requested else "timeout"
                log.event(
                    "WARNING",
                    "ending",
                    f"ending the command: {by}; {grace:.0f} s to save its work",
                    reason=by,
                )
                child.signal_all(signal.SIGTERM)
                kill_at = now + grace
            if now >= kill_at:
                child.signal_all(signal.SIGKILL)
                kill_at = float("inf")
            if now >= heartbeat:
                heartbeat = now + HEARTBEAT
                log.event("INFO", "heartbeat", f"running for {now - start:.0f} s", seconds=round(now - start))
            due = min(kill_at, heartbeat, start + timeout if by == "itself" else kill_at)
            loop.turn(due - now)
        code = child.wait()
        end_all_left()
        drained = time.monotonic() + DRAIN
        while loop.open_streams() and time.monotonic() < drained:
            loop.turn(drained - time.monotonic())
    finally:
        loop.close()
    for stream in streams:
        stream.close()
    return Ended(by, code, time.monotonic() - start)
