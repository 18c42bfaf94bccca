"""A Metaflow flow fanned out on the cluster: a pod for each task, by Metaflow's own Kubernetes runtime under admission."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kubernetes import client

from runner.container.image import ROOT
from tests.cluster.node import ADDRESS

from ..support import BUCKETS
from . import company
from .conftest import METADATA_PORT, OTHER, TEAM, Platform, Said

FLOW = """
from metaflow import FlowSpec, Parameter, resources, step


class SquaresFlow(FlowSpec):
    largest = Parameter("largest", default=3, type=int)

    @resources(cpu=0.2, memory=600)
    @step
    def start(self):
        self.numbers = list(range(1, self.largest + 1))
        self.next(self.square, foreach="numbers")

    @resources(cpu=0.2, memory=600)
    @step
    def square(self):
        self.squared = self.input ** 2
        self.next(self.join)

    @resources(cpu=0.2, memory=600)
    @step
    def join(self, inputs):
        self.total = sum(each.squared for each in inputs)
        self.next(self.end)

    @resources(cpu=0.2, memory=600)
    @step
    def end(self):
        print("the squares together are", self.total)


if __name__ == "__main__":
    SquaresFlow()
"""
ARTIFACTS = BUCKETS["artifacts"].replace(TEAM, OTHER)


def run(platform: Platform, folder: Path, *words: str) -> Said:
    """`cloister flow run --fan-out` as the team's CI: a member, with the team's identity."""
    command = [sys.executable, "-m", "cloister", "flow", "run", str(folder / "flow.py"), "--team", OTHER]
    identity = f"{ADDRESS}:{METADATA_PORT}"
    done = subprocess.run(
        [*command, "--fan-out", *words, "--directory", str(platform.home)],
        env=platform.environment("stranger") | {"GCE_METADATA_HOST": identity, "GCE_METADATA_IP": identity},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def folder(platform: Platform, metaflow_image: str | None, tmp_path: Path) -> Path:
    if metaflow_image is None:
        pytest.skip("no Metaflow image of these sources: make image-metaflow")
    if not (platform.home / "cdktf.out").exists():
        os.symlink(company.tree(platform.home), platform.home / "cdktf.out")
    shutil.copy(ROOT / "runner/container/metaflow.lock", tmp_path / "requirements.lock")
    return tmp_path


def test_it_fans_out_fails_and_is_resumed(platform: Platform, folder: Path) -> None:
    flow = folder / "flow.py"
    flow.write_text(FLOW.replace("self.total = sum", 'raise ValueError("not yet")\n        self.total = sum'))
    failed = run(platform, folder, "--largest", "4")
    if "a package index must be reachable" in failed.err:
        pytest.skip("no package index here: connect to one")
    assert failed.code == 1, failed.out + failed.err
    assert "ValueError: not yet" in failed.out + failed.err, failed.out + failed.err
    pods = client.CoreV1Api(platform.cluster.client).list_namespaced_pod(f"team-{OTHER}").items
    assert len({pod.metadata.name for pod in pods}) >= 6  # start, four squares, the join that failed
    assert {pod.spec.containers[0].image.rpartition("/")[2].partition("@")[0] for pod in pods} == {"metaflow"}
    first = next(line for line in failed.out.splitlines() if "run-id" in line).partition("run-id ")[2]
    first = first.partition(")")[0]

    flow.write_text(FLOW)
    done = run(platform, folder, "--resume", first)
    assert done.code == 0, done.out + done.err
    assert "the squares together are 30" in done.out
    resumed = client.CoreV1Api(platform.cluster.client).list_namespaced_pod(f"team-{OTHER}").items
    assert len(resumed) == len(pods) + 2  # join and end; what ended well was not run again
    published = platform.store.names(ARTIFACTS, "metaflow/SquaresFlow/")
    assert {name.split("/")[3] for name in published if name.split("/")[2] != "data"} >= {
        "square",
        "join",
        "end",
    }
