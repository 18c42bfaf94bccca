"""The tutorial's commands, run in order in a copy of the tree; the part on the platform is tests/runner/cluster's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..documents import ROOT, commands, copy_of_the_tree, run

TUTORIAL = ROOT / "docs" / "tutorial.md"
ON_THE_PLATFORM = "## On the platform"


@pytest.mark.slow
@pytest.mark.engine
def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    copy = copy_of_the_tree(tmp_path / "cloister")
    said = {command: run(command, copy, {"KUBECONFIG": "/nonexistent"}) for command in _local()}
    job, leave = (each for each in said if "cloister job run" in each)
    [flow] = (each for each in said if "cloister flow run" in each)
    assert "7 words" in said[flow]
    assert "words 7" in said[job] and "artifacts/out/words.json" in said[job]
    assert "PermissionError" in said[leave] and "the job failed, as it should" in said[leave]
    assert (copy / "cdktf.out/stacks/team-reviews/cdk.tf.json").exists()
    assert "nightly-count" in said[".venv/bin/cloister team show reviews"]


def test_the_tutorial_has_a_part_for_the_platform() -> None:
    there = commands(TUTORIAL, begin=ON_THE_PLATFORM)
    assert any("job submit" in command for command in there)
    assert not set(there) & set(_local())


def _local() -> list[str]:
    return commands(TUTORIAL, end=ON_THE_PLATFORM)
