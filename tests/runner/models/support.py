"""A small model whose answers are known, made by a real run, and the registry asked as `cloister model` asks it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..support import BUCKETS, NOBODY, Job, Result, StoreClient, finished, started

ARTIFACTS = BUCKETS["artifacts"]
TEAM_FILE = "sha256:" + "7" * 64

# Answers with a line of numbers, `slope` of a file beside it: y = slope * x.
PREDICT = """
import json, pathlib, sys
slope = json.loads(pathlib.Path("weights.json").read_text())["slope"]
for line in sys.stdin:
    rows = json.loads(line)["instances"]
    print(json.dumps({"predictions": [{"y": slope * row["x"]} for row in rows]}), flush=True)
"""
CARD: dict[str, Any] = {
    "version": 1,
    "run": ["python", "predict.py"],
    "license": "Apache-2.0",
    "signature": {"inputs": [{"name": "x", "type": "double"}], "outputs": [{"name": "y", "type": "double"}]},
    "golden": "golden.jsonl",
}
TRAIN = """
import json, pathlib
files = json.loads(pathlib.Path("files.json").read_text())
for name, content in files.items():
    path = pathlib.Path("out", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes.fromhex(content))
json.dump(json.loads(pathlib.Path("scores.json").read_text()), open("metrics.json", "w"))
"""


def model_files(slope: float = 2, folder: str = "model/", **changes: Any) -> dict[str, bytes]:
    """A model's files; `changes` replace keys of its card."""
    golden = [{"instance": {"x": x}, "prediction": {"y": slope * x}} for x in (0, 1, 2.5)]
    return {
        f"{folder}model.json": json.dumps({**CARD, **changes}).encode(),
        f"{folder}predict.py": PREDICT.encode(),
        f"{folder}weights.json": json.dumps({"slope": slope}).encode(),
        f"{folder}golden.jsonl": "\n".join(json.dumps(line) for line in golden).encode(),
    }


@dataclass
class Answered:
    """What a verb answered."""

    code: int
    record: dict[str, Any]
    rows: list[dict[str, Any]]
    why: str

    @property
    def result(self) -> dict[str, Any]:
        assert self.code == 0, self.why
        found: dict[str, Any] = self.record["result"]
        return found


@dataclass
class Team:
    """A team with a store: it trains, and asks its registry. `settings` are CLOISTER_* of every runner."""

    store: StoreClient
    work: Path
    name: str = field(default_factory=lambda: f"m{secrets.token_hex(4)}")
    settings: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = NOBODY if os.geteuid() == 0 else None

    def train(self, files: Mapping[str, bytes], **metrics: float) -> str:
        """A run that writes these files; its id."""
        sources = {"main.py": TRAIN, "scores.json": json.dumps(metrics)}
        sources["files.json"] = json.dumps({name: data.hex() for name, data in files.items()})
        self.store.put(BUCKETS["data"], "numbers/1", b"1")
        job = Job(
            self.store,
            self.work.with_name(f"run-{secrets.token_hex(4)}"),
            files=sources,
            inputs=[{"from": "data/numbers/", "to": "in/"}],
            outputs=[{"from": "out/", "to": "artifacts"}],
            metrics=list(metrics),
            uid=self.uid,
        )
        done = job.finish()
        assert done.code == 0, done.why()
        return job.run_id

    def start(self, verb: str, **given: Any) -> subprocess.Popen[bytes]:
        work = self.work.with_name(f"ask-{secrets.token_hex(4)}")
        work.mkdir()
        if self.uid is not None:
            os.chown(work, self.uid, self.uid)
        settings = {
            "CLOISTER_TEAM": "fakespot",
            **{f"CLOISTER_BUCKET_{kind.upper()}": name for kind, name in BUCKETS.items()},
            "CLOISTER_STORE": self.store.url,
            "CLOISTER_PATIENCE": "3",
            "CLOISTER_JOB": "model",
            "CLOISTER_RUN_ID": f"20270101-120000-{secrets.token_hex(4)}",
            "CLOISTER_SPEC": json.dumps({"version": 1, "model": {"verb": verb, **given}}),
            "CLOISTER_WORK": str(work),
            **self.settings,
        }

        return started(settings, self.uid)

    def ask(self, verb: str, **given: Any) -> Answered:
        return answered(finished(self.start(verb, **given)))

    def publish(self, run_id: str, **changes: Any) -> Answered:
        given = {"job": "evaluate", "run_id": run_id, "folder": "", "by": "alice", "team_file": TEAM_FILE}
        return self.ask("publish", name=self.name, **{**given, **changes})

    def promoting(self, number: int, **changes: Any) -> dict[str, Any]:
        given = {
            "name": self.name,
            "number": number,
            "stage": "production",
            "by": "alice",
            "reason": "better",
        }
        return {**given, "team_file": TEAM_FILE, "rules": [], "licenses": None, "largest": None, **changes}

    def promote(self, number: int, **changes: Any) -> Answered:
        return self.ask("promote", **self.promoting(number, **changes))

    def rollback(self, **changes: Any) -> Answered:
        given = {"name": self.name, "stage": "production", "by": "bob", "reason": "worse"}
        return self.ask("rollback", **{**given, **changes})

    def release(self, number: int, **changes: Any) -> Answered:
        given = {
            "number": number,
            "by": "alice",
            "reason": "asked",
            "team_file": TEAM_FILE,
            "why": "open weights",
        }
        given |= {"to": "group:press@acme.example", "owner": "security@acme.example", "until": "2099-12-31"}
        return self.ask("release", name=self.name, **{**given, **changes})

    def objects(self, below: str = "") -> list[str]:
        return self.store.names(ARTIFACTS, f"models/{self.name}/{below}")


def answered(result: Result) -> Answered:
    records = result.events("model-record")
    rows = [entry["row"] for entry in result.events("model-row")]
    return Answered(result.code, records[-1]["record"] if records else {}, rows, result.why())
