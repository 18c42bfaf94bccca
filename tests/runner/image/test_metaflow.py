"""The image of Metaflow's own pods: what Metaflow starts its tasks with, and nothing that brings more in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from testinfra.host import Host

from runner.container.image import METAFLOW, ROOT, Layout

from .running import WAYS, running
from .test_image import ABSENT, locked


@pytest.fixture(scope="module")
def metaflow() -> Layout:
    built = Layout(ROOT / METAFLOW.out, METAFLOW)
    if not built.current:
        pytest.skip("no Metaflow image of these sources: make image-metaflow")
    return built


@pytest.fixture(scope="module", params=WAYS)
def inside(request: pytest.FixtureRequest, metaflow: Layout) -> Iterator[Host]:
    """A container, and a pod, in which nothing runs yet."""
    yield from running(request.param, metaflow, {}, "sleep", "300")


def test_it_is_small_and_runs_as_nobody(metaflow: Layout) -> None:
    assert metaflow.size < 120e6
    config = json.loads(metaflow.blob(metaflow.manifest["config"]["digest"]).read_text())["config"]
    assert config["User"] == "65532:65532" and not config.get("Entrypoint")
    assert "METAFLOW_SKIP_INSTALL_DEPENDENCIES=1" in config["Env"]


def test_what_a_task_is_started_with_is_there(inside: Host) -> None:
    for program in ("bash", "tar", "gzip", "mkdir", "sleep", "python", "download-gcp-object"):
        assert inside.exists(program), program
    asked = inside.run("python -c 'import metaflow, google.cloud.storage; print(metaflow.__version__)'")
    [version] = [name for name in locked(METAFLOW.lock) if name.startswith("metaflow==")]
    assert (asked.rc, asked.stdout.strip()) == (0, version.removeprefix("metaflow=="))
    assert asked.stderr == ""
    assert inside.run("download-gcp-object --help").rc == 0


def test_nothing_that_brings_more_in(inside: Host) -> None:
    for program in sorted(set(ABSENT) - {"bash"}):
        assert not inside.exists(program), program
    assert inside.run("python -m pip --version").rc != 0
    assert inside.run("find / -xdev -perm /6000 -type f 2>/dev/null").stdout == ""


def test_the_runner_is_not_in_it(inside: Host) -> None:
    assert not inside.file("/opt/cloister").exists
    assert inside.run("python -c 'import runner'").rc != 0
