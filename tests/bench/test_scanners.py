"""``cloister check`` beside checkov and trivy, whole processes on the same file: the reference grown by its teams.

They answer other questions (docs/explanation/comparison.md); what is compared is what a pull request waits for. Each is
run once a size, in turns, so that all meet the same machine; times and ratios are printed, not asserted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from docs.generate.environment import installed
from tests.bench.grow import write

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).parent / "checkov" / "requirements.lock"
TEAMS = (2, 100, 1000)


def checkov() -> list[str | Path]:
    """Checkov's command, from an environment of its own; a skip where PyPI does not answer."""
    try:
        program = installed(LOCK, ROOT / ".cloister" / "checkov") / "checkov"
    except subprocess.CalledProcessError as failed:
        pytest.skip(f"checkov cannot be installed ({failed}): pip install -r {LOCK.relative_to(ROOT)}")
    return [program, "--quiet", "--compact", "--framework", "terraform_json", "--skip-download", "--file"]


def trivy() -> list[str | Path]:
    """Trivy's command; a skip where it is not installed, for no package registry serves it."""
    program = shutil.which("trivy")
    if program is None:
        pytest.skip("no trivy on PATH: https://trivy.dev")
    return [program, "config", "--quiet", "--skip-check-update"]


SCANNERS = {"checkov": checkov, "trivy": trivy}


@pytest.mark.parametrize("scanner", SCANNERS)
def test_on_the_same_file(scanner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = SCANNERS[scanner]()
    ours = [Path(sys.executable).with_name("cloister"), "check", "--format", "json", "--output", os.devnull]
    rows = []
    for teams in TEAMS:
        tree, boundary = write(tmp_path / str(teams), teams)
        own, own_peak = measured([*ours, "--boundary", boundary, tree], tmp_path, (0,))
        theirs, their_peak = measured([*command, tree], tmp_path, (0, 1))
        rows.append(
            f"{teams:5} teams {tree.stat().st_size / 1e6:6.1f} MB: cloister {own:6.1f} s {own_peak:5.0f} MB,"
            f" {scanner} {theirs:6.1f} s {their_peak:5.0f} MB: {theirs / own:.0f} times the time"
        )
    with capsys.disabled():
        print("\n" + "\n".join(rows))


def measured(command: Sequence[str | Path], folder: Path, done: Sequence[int]) -> tuple[float, float]:
    """Seconds, and the peak resident megabytes, of a command that must end with one of the exit codes `done`."""
    watched = ["import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode;"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"]  # fmt: skip
    begun = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", *watched, *command], cwd=folder, capture_output=True, text=True
    )
    seconds = time.monotonic() - begun
    assert ended.returncode in done, ended.stderr
    return seconds, int(ended.stdout) / 1e3
