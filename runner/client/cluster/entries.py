"""Log entries of runs, one form wherever they come from: pods while they live, Cloud Logging afterwards.

An entry is the JSON object the runner wrote (runner/image/log.py): severity, message, event, time, labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from runner.client.cluster.runs import Attempt, Run
from runner.image.log import LABELS

Entry = dict[str, Any]


class Unreadable(Exception):
    """Why entries cannot be read, in one line."""


class Source(Protocol):
    """Where entries are read. Both methods raise Unreadable or Refused."""

    def entries(self, run: Run, last: int | None = None) -> Iterator[Entry]:
        """A run's entries, attempt by attempt, in order; with `last`, of each attempt the last so many."""
        ...

    def ends(self, since: datetime) -> Iterator[Entry]:
        """Run records and reported errors of every run since a time, in order."""
        ...


def parse(line: str) -> Entry:
    """One line of a container's log. What is not the runner's own form is its message."""
    if line.startswith("{"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
    return {"severity": "DEFAULT", "message": line, "event": "output"}


def label(entry: Entry, name: str) -> str:
    """A label of an entry, or nothing."""
    labels = entry.get(LABELS)
    return str(labels.get(name, "")) if isinstance(labels, dict) else ""


def record_of(entry: Entry) -> dict[str, Any] | None:
    """The run record an entry is, or None."""
    record = entry.get("record")
    return record if isinstance(record, dict) and entry.get("event") == "run-record" else None


def raised(entry: Entry) -> str:
    """The last line of a reported Python stack trace: the exception. Nothing where the entry is none."""
    trace = str(entry.get("message", "")) if "@type" in entry else ""
    return trace.rstrip().rpartition("\n")[2] if trace.startswith("Traceback ") else ""


def attempts_with_logs(run: Run) -> list[Attempt]:
    """The run's pods whose containers ran, oldest first, shard by shard."""
    return sorted((a for a in run.attempts if a.has_log), key=lambda a: (a.shard, a.created))
