"""SIGTERM: the node goes away, and the run has its grace period to save what it has."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from runner.image.exits import Exit, Failure


class Stop:
    """Whether the run was told to end. `fd` becomes readable then, for selectors."""

    def __init__(self) -> None:
        self.requested = False
        self.fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._interrupts = False

    def listen(self) -> None:
        """Answer SIGTERM and SIGINT from here on. Call in the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Inside, being told to end raises Failure PREEMPTED at once, whatever the main thread waits for.

        For what comes before the command: there is nothing to save yet, and a store that hangs must not use up
        the grace period. Outside, the request is only noted.
        """
        self._interrupts = True
        try:
            if self.requested:
                raise _told_to_end()
            yield
        finally:
            self._interrupts = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            return
        self.requested = True
        os.write(self._write_fd, b"!")
        if self._interrupts:
            self._interrupts = False
            raise _told_to_end()


def _told_to_end() -> Failure:
    return Failure(Exit.PREEMPTED, "told to end (SIGTERM) before the command ran", "The run will be retried")
