"""The image of `make image`, and a container of it as Kubernetes would run it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from runner.container.__main__ import OUT
from runner.container.image import NAME, ROOT, Layout

# A restricted pod's rights. The limits are named because not every machine may raise its own.
RESTRICTED = (
    "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--network=none",
    "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--tmpfs=/work:U", "--tmpfs=/tmp:mode=1777",
)  # fmt: skip
# A run whose store never answers: the runner waits, and can be looked at.
WAITING = {
    "CLOISTER_TEAM": "fakespot",
    "CLOISTER_NETWORK": "sealed",
    **{
        f"CLOISTER_BUCKET_{kind}": f"acme-{kind.lower()}" for kind in ("CODE", "DATA", "ARTIFACTS", "RESULTS")
    },
    "CLOISTER_JOB": "wait",
    "CLOISTER_RUN_ID": "20260101-000000-00000000",
    "CLOISTER_STORE": "http://127.0.0.1:9",
    "CLOISTER_PATIENCE": "300",
    "CLOISTER_SPEC": '{"version": 1, "run": ["true"], "code": "sha256:' + "0" * 64 + '", "lock": null, '
    '"environment": null, "inputs": [], "outputs": [], "timeout": 60, "metrics": []}',
}


@pytest.fixture(scope="session")
def layout() -> Layout:
    """The image of this tree's sources."""
    built = Layout(ROOT / OUT)
    if not built.current:
        pytest.skip("no image of these sources: make image")
    return built


@pytest.fixture(scope="session")
def container(layout: Layout) -> Iterator[str]:
    """The id of a container in which the real runner waits for its store."""
    if shutil.which("podman") is None:
        pytest.skip("no podman: apt-get install podman")
    environment = [f"--env={name}={value}" for name, value in WAITING.items()]
    started = subprocess.run(
        ["podman", "run", "--detach", "--rm", *RESTRICTED, *environment, NAME], capture_output=True, text=True
    )
    assert started.returncode == 0, started.stderr
    name = started.stdout.strip()
    time.sleep(1.5)  # past the runner's start
    yield name
    subprocess.run(["podman", "kill", name], capture_output=True)


@pytest.fixture(scope="session")
def host(container: str) -> Host:
    return testinfra.get_host(f"podman://{container}")


@pytest.fixture(scope="session")
def tree(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's files, unpacked from its layers."""
    target = tmp_path_factory.mktemp("image")
    for layer in layout.manifest["layers"]:
        subprocess.run(["tar", "-xzf", str(layout.blob(layer["digest"])), "-C", str(target)], check=True)
    return target
