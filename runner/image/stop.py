"""SIGTERM: the node goes away, and the run has its grace period to save what it has."""

from __future__ import annotations

import os
import signal
from types import FrameType

from runner.image.exits import Exit, Failure


class Stop:
    """Whether the run was told to end. `fd` becomes readable then, for selectors."""

    def __init__(self) -> None:
        self.requested = False
        self.fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def listen(self) -> None:
        """Answer SIGTERM and SIGINT from here on. Call in the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.requested:
            self.requested = True
            os.write(self._write_fd, b"!")

    def check(self) -> None:
        """Raise Failure PREEMPTED once the run was told to end."""
        if self.requested:
            raise Failure(
                Exit.PREEMPTED, "told to end (SIGTERM) before the command ran", "The run will be retried"
            )
