"""Structured logs: one JSON object per line on stdout, in the shape Cloud Logging's agent reads.

Special fields (severity, message, time, logging.googleapis.com/labels) are Cloud Logging's; `event` names what
happened and the other fields are the event's own. Errors carry Error Reporting's @type.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

LABELS = "logging.googleapis.com/labels"
REPORTED_ERROR = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"
SEVERITIES = ("DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL")


class Log:
    """Writes entries to a descriptor, whole lines at a time, from any thread."""

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self._lock = threading.Lock()
        self.labels: dict[str, str] = {}
        self.version = ""  # the code digest, Error Reporting's serviceContext.version

    def event(self, severity: str, event: str, message: str, **fields: Any) -> None:
        """One entry. `fields` must not use the special names."""
        self._write({"severity": severity, "message": message, "event": event, **fields})

    def report(self, event: str, message: str, *, where: str, trace: str = "", **fields: Any) -> None:
        """One entry that Error Reporting groups: by `trace` when there is a stack trace, else by `where`."""
        context = {"reportLocation": {"filePath": "runner", "lineNumber": 0, "functionName": where}}
        self._write(
            {
                "severity": "ERROR",
                "message": trace or message,
                "event": event,
                "@type": REPORTED_ERROR,
                "serviceContext": {"service": self._service(), "version": self.version},
                **({} if trace else {"context": context}),
                **({"summary": message} if trace else {}),
                **fields,
            }
        )

    def _service(self) -> str:
        return "/".join(self.labels[key] for key in ("team", "job") if key in self.labels)

    def _write(self, entry: Mapping[str, Any]) -> None:
        stamp = {"time": datetime.now(UTC).isoformat().replace("+00:00", "Z"), LABELS: self.labels}
        # Lone surrogates (undecodable file names) would make invalid UTF-8; escape everything beyond ASCII.
        line = json.dumps({**entry, **stamp}, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            view = memoryview(line)
            while view:
                try:
                    view = view[os.write(self._fd, view) :]
                except BrokenPipeError:
                    return  # nobody reads: the run goes on, its record is lost with its reader
