"""What a person sees of a local run while it goes on."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import click

LOUD = ("WARNING", "ERROR", "CRITICAL")
SHOWN = (
    "phase",
    "progress",
    "resume",
    "heartbeat",
    "ending",
    "no-outputs",
    "metrics",
    "unbounded",
    "output-limit",
)


class View:
    """Lines on a stream: the runner's events, and the command's output behind a bar."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def say(self, text: str) -> None:
        """A line of the command line's own."""
        self._line(text)

    def entry(self, entry: dict[str, Any]) -> None:
        """One log entry of the runner."""
        event, severity, message = (
            entry.get("event"),
            entry.get("severity", "INFO"),
            printable(str(entry.get("message", ""))),
        )
        if event == "output":
            color = "yellow" if severity == "WARNING" else "red" if severity in LOUD else None
            for line in message.splitlines() or [""]:
                self._line("  | " + line, color)
        elif event == "failed":
            self._line(message, "red" if severity == "ERROR" else "yellow")
        elif event in SHOWN:
            self._line("  " + message, "yellow" if severity in LOUD else None)

    def _line(self, text: str, color: str | None = None) -> None:
        click.secho(text, file=self._stream, fg=color)


def printable(text: str) -> str:
    """Text of a job's without the control characters that could rewrite a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def size(count: int) -> str:
    """Bytes as people read them."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError
