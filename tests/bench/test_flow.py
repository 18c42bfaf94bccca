"""The example flow sealed by `cloister flow run`, against Metaflow alone with the same libraries and data.

Both run the same tasks as processes, two at a time. The difference is the object store, staging, the seal, and
publishing the datastore. Times are printed, not asserted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runner.flow.conftest import EXAMPLE, PYTHON, ROOT, environment

__all__ = ["environment"]
ROUNDS = 3


def test_the_example_against_metaflow_alone(
    environment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "plain", ignore=shutil.ignore_patterns(".metaflow"))
    plain = [PYTHON, "-s", "flow.py", "--no-pylint", "run", "--max-workers=2"]
    variables = {"PYTHONPATH": str(environment), "HOME": str(tmp_path), "METAFLOW_USER": "bench"}
    sealed = [sys.executable, "-m", "cloister", "flow", "run", str(EXAMPLE / "flow.py")]
    sealed += ["--team", "translations", "--max-workers=2"]
    seconds: dict[str, list[float]] = {"metaflow": [], "cloister": []}
    for _ in range(ROUNDS):  # in turns, so that both meet the same machine
        for name, command, folder, env in (
            ("metaflow", plain, tmp_path / "plain", variables),
            ("cloister", sealed, ROOT, None),
        ):
            begun = time.monotonic()
            subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
            seconds[name].append(time.monotonic() - begun)
    best = {name: min(each) for name, each in seconds.items()}
    with capsys.disabled():
        print(
            f"\nthe example flow: metaflow alone {best['metaflow']:.1f} s, cloister flow run"
            f" {best['cloister']:.1f} s (best of {ROUNDS}): {best['cloister'] - best['metaflow']:+.1f} s"
        )
