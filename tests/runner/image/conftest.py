"""The image of `make image`, and it in a container and in a pod."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from testinfra.host import Host

from runner.container.__main__ import OUT
from runner.container.image import ROOT, Layout

from .running import WAYS, running

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


@pytest.fixture(scope="session", params=WAYS)
def host(request: pytest.FixtureRequest, layout: Layout) -> Iterator[Host]:
    """A container, and a pod, in which the real runner waits for its store."""
    yield from running(request.param, layout, WAITING)


@pytest.fixture(scope="session")
def tree(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's files, unpacked from its layers."""
    target = tmp_path_factory.mktemp("image")
    for layer in layout.manifest["layers"]:
        subprocess.run(["tar", "-xzf", str(layout.blob(layer["digest"])), "-C", str(target)], check=True)
    return target
