"""What the runner's tests share: a real object store, packages, and the runner as a process of its own."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .reach import open_up

RUNNER = [sys.executable, "-I", "-m", "runner.image"]
BUCKETS = {kind: f"acme-ml-prod-fakespot-{kind}" for kind in ("code", "data", "artifacts", "results")}
NOBODY = 1000


class StoreClient:
    """The store's API by plain HTTP, independent of the runner's own clients."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._host = urlsplit(url).netloc

    def call(
        self, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def make_bucket(self, name: str) -> None:
        status, body = self.call("POST", "/storage/v1/b?project=p", json.dumps({"name": name}).encode())
        assert status in (200, 409), body

    def put(self, bucket: str, name: str, data: bytes) -> int:
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        status, body = self.call("POST", path, data, "application/octet-stream")
        assert status == 200, body
        return int(json.loads(body)["generation"])

    def get(self, bucket: str, name: str) -> bytes | None:
        status, body = self.call("GET", f"/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media")
        return body if status == 200 else None

    def delete(self, bucket: str, name: str) -> None:
        self.call("DELETE", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}")

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        status, body = self.call(
            "GET", f"/storage/v1/b/{bucket}/o?prefix={quote(prefix, safe='')}&maxResults=5000"
        )
        assert status == 200, body
        return sorted(item["name"] for item in json.loads(body).get("items", []))


def tar(files: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """A code package or environment as the client makes them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = (modes or {}).get(name, 0o644)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Result:
    """A finished runner: its exit code, log entries, and what it wrote besides."""

    code: int
    entries: list[dict[str, Any]]
    stray: str
    memory: int = 0  # bytes, of the runner at its largest

    def events(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry.get("event") == event]

    @property
    def record(self) -> dict[str, Any]:
        [entry] = self.events("run-record")
        found: dict[str, Any] = entry["record"]
        return found

    def printed(self, stream: str = "stdout") -> str:
        return "\n".join(e["message"] for e in self.events("output") if e["stream"] == stream)

    def why(self) -> str:
        return json.dumps(self.entries, indent=1) + self.stray


@dataclass
class Job:
    """A job to run: settings with defaults that work. `files` is the code package."""

    store: StoreClient
    work: Path
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    run: Sequence[str] = ("python", "main.py")
    inputs: Sequence[Mapping[str, str]] = ()
    outputs: Sequence[Mapping[str, str]] = ()
    metrics: Sequence[str] = ()
    timeout: int = 60
    lock: str | None = None
    environment: str | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)  # keys to set in the specification as they are
    settings: Mapping[str, str | None] = field(
        default_factory=dict
    )  # CLOISTER_* to change, None to leave out
    environ: Mapping[str, str] = field(default_factory=dict)  # anything else around the runner
    uid: int | None = None
    run_id: str = field(default_factory=lambda: f"20270101-120000-{secrets.token_hex(4)}")
    before: Callable[[], None] | None = None  # called in the runner's process before it starts

    def variables(self) -> dict[str, str]:
        package = tar(self.files)
        self.store.put(BUCKETS["code"], f"code/{digest(package)[7:]}.tar.gz", package)
        spec = {
            "version": 1,
            "run": list(self.run),
            "code": digest(package),
            "lock": self.lock,
            "environment": self.environment,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "timeout": self.timeout,
            "metrics": list(self.metrics),
            **self.spec,
        }
        settings: dict[str, str | None] = {
            "CLOISTER_TEAM": "fakespot",
            "CLOISTER_NETWORK": "sealed",
            **{f"CLOISTER_BUCKET_{kind.upper()}": name for kind, name in BUCKETS.items()},
            "CLOISTER_STORE": self.store.url,
            "CLOISTER_PATIENCE": "5",
            "CLOISTER_GRACE": "3",
            "CLOISTER_JOB": "evaluate",
            "CLOISTER_RUN_ID": self.run_id,
            "CLOISTER_SPEC": json.dumps(spec),
            "CLOISTER_WORK": str(self.work),
            **self.settings,
        }
        return {name: value for name, value in settings.items() if value is not None} | dict(self.environ)

    def start(self) -> subprocess.Popen[bytes]:
        variables = self.variables()
        if self.uid is not None:
            self.work.mkdir(exist_ok=True)
            os.chown(self.work, self.uid, self.uid)

        return started(variables, self.uid, self.before)

    def finish(self) -> Result:
        return finished(self.start())

    @property
    def prefix(self) -> str:
        return f"runs/evaluate/{self.run_id}/"

    def manifest(self) -> dict[str, Any] | None:
        document = self.store.get(BUCKETS["artifacts"], f"{self.prefix}manifest.json")
        return None if document is None else json.loads(document)


def started(
    settings: Mapping[str, str], uid: int | None, before: Callable[[], object] | None = None
) -> subprocess.Popen[bytes]:
    """The runner as a process: as ``uid`` where there is one; ``before`` runs in it first."""

    def prepare() -> None:
        if os.geteuid() == 0:
            open_up()
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        if before is not None:
            before()

    return subprocess.Popen(
        RUNNER, env=settings, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=prepare
    )


def finished(process: subprocess.Popen[bytes], timeout: float = 90) -> Result:
    """Wait for a runner and read its log."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"the runner did not end: {out.decode()}{err.decode()}") from None
    entries, stray = [], err.decode(errors="replace")
    for line in out.decode(errors="replace").splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            stray += line + "\n"
    return Result(process.returncode, entries, stray)
