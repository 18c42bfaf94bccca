"""`make validate`: the real Terraform and the real providers over the example's stacks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def validate(tree: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "stacks.validate", str(tree)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode == 3:
        pytest.skip(done.stderr.splitlines()[0])
    return done


def test_a_folder_without_stacks_is_a_wrong_question(tmp_path: Path) -> None:
    done = validate(tmp_path)
    assert done.returncode == 2
    assert "no stacks here" in done.stderr


@pytest.mark.slow
def test_every_stack_of_the_example_is_valid_and_plans(example_tree: Path) -> None:
    done = validate(example_tree)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(list(example_tree.glob("stacks/*/cdk.tf.json")))
    assert all(
        ": valid; plans " in line or line.startswith("guardrails: valid; not planned") for line in lines
    )


@pytest.mark.slow
def test_a_wrong_argument_is_found(example_tree: Path, tmp_path: Path) -> None:
    stack = tmp_path / "stacks" / "foundation"
    stack.mkdir(parents=True)
    shutil.copy(example_tree / "stacks" / "foundation" / "cdk.tf.json", stack)
    tree = json.loads((stack / "cdk.tf.json").read_text())
    next(iter(tree["resource"]["google_compute_route"].values()))["dest_rnge"] = "199.36.153.4/30"
    (stack / "cdk.tf.json").write_text(json.dumps(tree))
    done = validate(tmp_path)
    assert done.returncode == 1
    assert "dest_rnge" in done.stderr
