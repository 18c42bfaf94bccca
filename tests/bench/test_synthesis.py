"""Synthesis as a whole process: start-up with two teams, then 10, 100 and 1,000, the time a resource takes, and memory.

For both engines. CLOISTER_BENCH_TEAMS (10,100,1000) says how many teams. Times are printed beside
their goals and not asserted, they are the machine's as much as ours; that they grow linearly, and memory, are.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bench.grow import company
from tests.stacks.cdktn import fetched

ROOT = Path(__file__).parents[2]
TEAMS = [int(number) for number in os.environ.get("CLOISTER_BENCH_TEAMS", "10,100,1000").split(",")]
GOAL_START = 6.0  # seconds for two teams, on cdktf
GOAL_SLOPE = 2.5  # milliseconds a resource, on cdktf
GOAL_BYTES = 2 << 30
_PROGRAM = """
import pathlib, sys
from cloister.declarations import load
from stacks.app import synthesize
synthesize(load(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), lambda line: None)
"""


@dataclass(frozen=True)
class Measured:
    """One synthesis: seconds of the whole process, the resources it wrote, and bytes of its largest process."""

    seconds: float
    resources: int
    peak: int


@pytest.fixture(params=["cdktf", "cdktn"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "cdktn":
        fetched()
    return str(request.param)


def synthesized(home: Path, engine: str) -> Measured:
    """Synthesize once in a process of its own."""
    out = home / "cdktf.out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    packages = [ROOT, fetched()] if engine == "cdktn" else [ROOT]
    begun = time.monotonic()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", _PROGRAM, str(home), str(out)],
        {**os.environ, "CLOISTER_ENGINE": engine, "PYTHONPATH": os.pathsep.join(map(str, packages))},
    )
    _, status, usage = os.wait4(pid, 0)  # of its own children too, jsii's Node among them
    seconds = time.monotonic() - begun
    assert status == 0
    trees = (json.loads(file.read_text()) for file in out.glob("stacks/*/cdk.tf.json"))
    resources = sum(len(named) for tree in trees for named in tree["resource"].values())
    return Measured(seconds, resources, usage.ru_maxrss * 1024)


def test_start_up(engine: str, tmp_path: Path) -> None:
    """Two teams, the best of three."""
    home = company(tmp_path, 2)
    best = min((synthesized(home, engine) for _ in range(3)), key=lambda each: each.seconds)
    print(
        f"\n{engine}: 2 teams, {best.resources} resources: {best.seconds:.1f} s (goal {GOAL_START:.0f} on cdktf)"
    )


def test_a_thousand_teams(engine: str, tmp_path: Path) -> None:
    found = []
    print()
    for teams in TEAMS:
        each = synthesized(company(tmp_path / str(teams), teams), engine)
        shutil.rmtree(tmp_path / str(teams))
        found.append(each)
        print(
            f"{engine}: {teams:>5} teams, {each.resources:>6} resources: {each.seconds:6.1f} s, {each.peak >> 20:>5} MB",
            flush=True,
        )
    slopes = [
        1000 * (after.seconds - before.seconds) / (after.resources - before.resources)
        for before, after in pairwise(found)
    ]
    if slopes:
        print(
            f"{engine}: {', '.join(f'{slope:.2f}' for slope in slopes)} ms a resource (goal {GOAL_SLOPE} on cdktf)"
        )
        assert slopes[-1] < 2 * slopes[0], "grows faster than the number of resources"
    assert found[-1].peak < GOAL_BYTES
