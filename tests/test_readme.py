"""Every command of the README, run in order in a copy of the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from .documents import ROOT, commands, copy_of_the_tree, run

COMMANDS = commands(ROOT / "README.md")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_tree(tmp_path_factory.mktemp("readme") / "cloister")


@pytest.mark.slow
@pytest.mark.engine
def test_every_command_of_the_readme_does_what_it_says(copy: Path) -> None:
    assert {"make demo", "make test", ".venv/bin/cloister check"} <= set(COMMANDS)
    for command in COMMANDS:
        # This very run is `make test`; make is asked what it would do.
        run("make --dry-run test" if command == "make test" else command, copy)
    assert (copy / "teams" / "search.yaml").exists()
    assert (copy / "cdktf.out" / "stacks" / "team-search" / "cdk.tf.json").exists()
