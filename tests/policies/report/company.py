"""The example company with as many teams as a test wants: its synthesized tree and files, a team's written again per team."""

from __future__ import annotations

import shutil
from pathlib import Path

from policies.check import check_world, today, world_of
from policies.facts.world import World
from policies.report.model import Report

ROOT = Path(__file__).parents[3]
LONGEST = "a-team-with-a-long-na-{:03}"  # 25 letters, which is all a team's name may have


def company(example_tree: Path, home: Path, teams: int = 2, name: str = LONGEST) -> Path:
    """`home`, with cdktf.out/ and the declarations of the example and, beyond its two, teams like `translations`."""
    for file in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / file, home)
    shutil.copytree(ROOT / "teams", home / "teams")
    shutil.copytree(example_tree, home / "cdktf.out")
    stacks = home / "cdktf.out" / "stacks"
    stack = (stacks / "team-translations" / "cdk.tf.json").read_text()
    file = (home / "teams" / "translations.yaml").read_text()
    for number in range(teams - 2):
        called = name.format(number)
        (stacks / f"team-{called}").mkdir()
        (stacks / f"team-{called}" / "cdk.tf.json").write_text(stack.replace("translations", called))
        (home / "teams" / f"{called}.yaml").write_text(file.replace("translations", called))
    return home


def world(home: Path) -> World:
    return world_of((home / "cdktf.out",), home / "boundary.yaml")


def report(home: Path) -> Report:
    return check_world(world(home), today())
