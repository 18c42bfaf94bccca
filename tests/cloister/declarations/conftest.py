"""Trees of declarations for the tests: the base of the cases, overlaid with what a case changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "cases" / "declarations"


def lay_out(case: Path, target: Path) -> Path:
    """The base tree with a case's files over it, and without those its absent.txt names."""
    for source in (CASES / "base", case):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    absent = target / "absent.txt"
    for name in absent.read_text().split() if absent.exists() else ():
        (target / name).unlink()
    return target


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the base tree, valid as it stands."""
    return lay_out(CASES / "base", tmp_path / "tree")


@pytest.fixture
def edit(tree: Path) -> Callable[[str, str, str], Path]:
    """Replace one text in one file of the base tree."""

    def replace(name: str, old: str, new: str) -> Path:
        file = tree / name
        before = file.read_text()
        assert old in before, f"{name} does not hold {old}"
        file.write_text(before.replace(old, new))
        return tree

    return replace
