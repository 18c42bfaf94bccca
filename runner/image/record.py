"""The run record and the manifest: what is known of a run afterwards.

The record is one log entry in the team's log bucket, and what people see of a run: ids, digests, generations,
durations, the exit class and the declared metrics. The manifest lies in `artifacts`, names every object, and
its existence is what makes the run's outputs visible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from runner.image.config import Config
from runner.image.exits import Exit, exit_class
from runner.image.log import Log
from runner.image.redact import Redactor
from runner.image.spec import Spec
from runner.image.store import Object

COMMAND_LIMIT = 4096  # characters of the command that record and manifest repeat; a log entry has its limits


def _shown(command: Sequence[str]) -> list[str]:
    """The command as people may read it: credentials taken out, and not longer than COMMAND_LIMIT."""
    shown, left = [], COMMAND_LIMIT
    for argument in command:
        text = Redactor().line(argument)
        shown.append(text if len(text) <= left else text[:left] + "...")
        left -= len(text)
        if left < 0:
            break
    return shown


def now() -> str:
    """UTC, as RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class Record:
    """Filled in while the run goes on, and written once at its end, however it ends."""

    config: Config
    spec: Spec | None = None
    attempt: int = 0
    started: str = field(default_factory=now)
    inputs_digest: str = ""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)  # seconds by phase
    metrics: Mapping[str, float] = field(default_factory=dict)
    command_exit: int | None = None
    outputs: Sequence[Object] = ()
    output_log: dict[str, int] = field(default_factory=dict)  # bytes logged and dropped, secrets redacted
    sealed: bool = True
    bounded: bool = True  # False: the seal is no boundary on this machine

    def describe_input(self, source: str, objects: Sequence[Object]) -> None:
        """Add one declared input: how many objects, bytes, and the newest generation."""
        self.inputs.append(
            {
                "from": source,
                "objects": len(objects),
                "bytes": sum(o.size for o in objects),
                "generation": max((o.generation for o in objects), default=0),
            }
        )

    def common(self) -> dict[str, Any]:
        """What record and manifest share."""
        spec = self.spec
        return {
            "version": 1,
            "team": self.config.team,
            "job": self.config.job,
            "run_id": self.config.run_id,
            "attempt": self.attempt,
            "shard": self.config.shard if self.config.shards > 1 else None,
            "shards": self.config.shards,
            "image": self.config.image,
            "code": spec.code if spec else "",
            "lock": spec.lock if spec else None,
            "environment": spec.environment if spec else None,
            "command": _shown(spec.run) if spec else [],
            "inputs_digest": self.inputs_digest,
            "metrics": dict(self.metrics),
            "started": self.started,
            "finished": now(),
        }

    def manifest(self) -> bytes:
        """The manifest's content."""
        objects = [asdict(item) for item in self.outputs]
        return json.dumps({**self.common(), "objects": objects}, indent=1, ensure_ascii=False).encode()

    def write(self, log: Log, code: int, cause: str, cure: str) -> None:
        """The run record, as a log entry."""
        done = code == Exit.DONE
        log.event(
            "NOTICE" if done else "ERROR",
            "run-record",
            f"run {self.config.run_id} of {self.config.job}: {exit_class(code)}"
            + (f": {cause}" if cause else ""),
            record={
                **self.common(),
                "exit": code,
                "exit_class": exit_class(code),
                "command_exit": self.command_exit,
                "cause": cause,
                "cure": cure,
                "inputs": self.inputs,
                "outputs": {"objects": len(self.outputs), "bytes": sum(o.size for o in self.outputs)},
                "durations": self.durations,
                "output": self.output_log,
                "sealed": self.sealed,
                "bounded": self.bounded,
            },
        )
