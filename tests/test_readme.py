"""Every command of the README, run in order in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    for line in block.splitlines()
    if line
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of the tree, with this tree's own environment."""
    target = tmp_path_factory.mktemp("readme") / "cloister"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / ".venv").symlink_to(ROOT / ".venv")
    return target


@pytest.mark.slow
@pytest.mark.engine
def test_every_command_of_the_readme_does_what_it_says(copy: Path) -> None:
    assert {"make demo", "make test", ".venv/bin/cloister check"} <= set(COMMANDS)
    for command in COMMANDS:
        # This very run is `make test`; make is asked what it would do.
        asked = "make --dry-run test" if command == "make test" else command
        done = subprocess.run(
            asked,
            shell=True,
            cwd=copy,
            # The copy's own packages, not those of the tree the environment was made for.
            env=os.environ | {"PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert (copy / "teams" / "search.yaml").exists()
    assert (copy / "cdktf.out" / "stacks" / "team-search" / "cdk.tf.json").exists()
