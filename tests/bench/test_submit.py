"""From `cloister job submit` to the first line of the job's own, on the local cluster. Printed, not asserted."""

from __future__ import annotations

import statistics
import subprocess
import time

import pytest

from tests.runner.cluster.conftest import TEAM, Platform, Write, image, metaflow_image, node, platform, write
from tests.runner.conftest import server

__all__ = ["image", "metaflow_image", "node", "platform", "server", "write"]
GOAL = 3.0  # seconds
ROUNDS = 5
LINE = "the first line"


def test_submit_to_first_line(platform: Platform, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(f"print({LINE!r}, flush=True)")
    submitted, first = [], []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        process = subprocess.Popen(
            platform.command("submit", str(file), "--team", TEAM, "--follow"),
            env=platform.environment() | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        seen = {}
        for line in process.stdout:
            for what in ("run ", LINE):
                if what in line:
                    seen.setdefault(what, time.monotonic() - begun)
        assert process.wait() == 0
        submitted.append(seen["run "])
        first.append(seen[LINE])
    median = statistics.median(first)
    with capsys.disabled():
        print(
            f"\nsubmit to first line: median {median:.2f} s of {ROUNDS} (best {min(first):.2f}), of which"
            f" {statistics.median(submitted):.2f} s until the run is submitted (goal {GOAL:g} s:"
            f" {'met' if median < GOAL else 'not met'})"
        )
