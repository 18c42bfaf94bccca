"""What the command prints: cut into entries, redacted, counted, and capped per run.

The command's output is the one thing of a run that people read without a release, so it is bounded and known: a
run may log so many bytes, and the run record says how many it wrote and how many were dropped.
"""

from __future__ import annotations

import json
from collections import deque

from runner.image.log import SEVERITIES, Log
from runner.image.redact import Redactor

LONGEST_MESSAGE = 8192  # characters: below the 16 KiB at which container runtimes split lines
LONGEST_LINE = 65536  # bytes kept of a line that never ends
TAIL_LINES = 200
TRACEBACK = "Traceback (most recent call last):"


class Budget:
    """Bytes a run may still log."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self.logged = 0
        self.dropped = 0

    def take(self, size: int) -> bool:
        """Count `size` bytes; False where they no longer fit, from then on for good."""
        if self._left < size:
            self._left = 0
            self.dropped += size
            return False
        self._left -= size
        self.logged += size
        return True


class Stream:
    """One of the command's two streams. Not thread-safe: the supervisor's loop is its only caller."""

    def __init__(self, name: str, severity: str, log: Log, budget: Budget) -> None:
        self._name, self._severity = name, severity
        self._log, self._budget = log, budget
        self._partial = bytearray()
        self._redactor = Redactor()
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def redacted(self) -> int:
        return self._redactor.count

    def feed(self, data: bytes) -> None:
        """Take bytes as they come; whole lines become entries."""
        self._partial += data
        while (end := self._partial.find(b"\n")) >= 0 or len(self._partial) > LONGEST_LINE:
            length = end if 0 <= end <= LONGEST_LINE else LONGEST_LINE
            self._line(bytes(self._partial[:length]))
            del self._partial[: length + (1 if length == end else 0)]

    def close(self) -> None:
        """The stream ended: what is left is the last line."""
        if self._partial:
            self._line(bytes(self._partial))
            self._partial.clear()

    def traceback(self) -> str:
        """The last stack trace that was printed here, or nothing."""
        lines = list(self.tail)
        starts = [index for index, line in enumerate(lines) if line.startswith(TRACEBACK)]
        return "\n".join(lines[starts[-1] :])[:LONGEST_MESSAGE] if starts else ""

    def _line(self, raw: bytes) -> None:
        text = self._redactor.line(raw.decode(errors="replace").rstrip("\r"))
        self.tail.append(text[:LONGEST_MESSAGE])
        if not text or not self._budget.take(len(raw)):
            return
        severity, message = self._structured(text)
        for start in range(0, len(message), LONGEST_MESSAGE):
            self._log.event(severity, "output", message[start : start + LONGEST_MESSAGE], stream=self._name)

    def _structured(self, text: str) -> tuple[str, str]:
        """A command that logs JSON lines keeps its severity and message; labels are the runner's to set."""
        if text.startswith("{"):
            try:
                entry = json.loads(text)
            except (ValueError, RecursionError):
                entry = None
            if isinstance(entry, dict) and isinstance(entry.get("message"), str) and entry["message"]:
                severity = entry.get("severity")
                return severity if severity in SEVERITIES else self._severity, entry["message"]
        return self._severity, text
