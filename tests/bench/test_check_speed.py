"""``cloister check`` as a whole process, over the reference and our own stacks grown to as many as 1,000 teams, with
the time that ``json.load`` alone takes as the floor."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import load
from stacks.app import synthesize
from tests.bench.grow import company, write

CLOISTER = Path(sys.executable).with_name("cloister")
ROOT = Path(__file__).parents[2]


def checked(tree: Path, boundary: Path) -> None:
    done = subprocess.run(
        [CLOISTER, "check", tree, "--boundary", boundary, "--format", "json", "--output", os.devnull],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("teams", [2, 10, 100, 1000])
def test_check(benchmark: Any, tmp_path: Path, teams: int) -> None:
    tree, boundary = write(tmp_path, teams)
    benchmark.extra_info["resources"] = sum(
        len(named) for named in json.loads(tree.read_text())["resource"].values()
    )
    benchmark.extra_info["megabytes"] = tree.stat().st_size / 1e6
    benchmark.pedantic(checked, (tree, boundary), rounds=3)
    benchmark.extra_info["peak_megabytes_of_any_child"] = (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    )


@pytest.mark.parametrize("teams", [10, 100, 1000])
def test_check_of_our_own_stacks(benchmark: Any, tmp_path: Path, teams: int) -> None:
    home, out = company(tmp_path, teams), tmp_path / "cdktf.out"
    synthesize(load(home), out, lambda line: None)
    trees = sorted(out.glob("stacks/*/cdk.tf.json"))
    benchmark.extra_info["resources"] = sum(
        len(named) for tree in trees for named in json.loads(tree.read_bytes())["resource"].values()
    )
    benchmark.extra_info["megabytes"] = sum(tree.stat().st_size for tree in trees) / 1e6
    benchmark.pedantic(checked, (out, home / "boundary.yaml"), rounds=3)


@pytest.mark.parametrize("teams", [1000])
def test_json_load_alone(benchmark: Any, tmp_path: Path, teams: int) -> None:
    tree, _ = write(tmp_path, teams)
    benchmark.pedantic(lambda: json.loads(tree.read_bytes()), rounds=3)


def test_check_of_the_example(benchmark: Any) -> None:
    if not (ROOT / "cdktf.out").exists():
        pytest.skip("no cdktf.out: make synth")
    benchmark.pedantic(checked, (ROOT / "cdktf.out", ROOT / "boundary.yaml"), rounds=5)


def test_help(benchmark: Any) -> None:
    benchmark.pedantic(
        lambda: subprocess.run([CLOISTER, "--help"], check=True, capture_output=True), rounds=5
    )
