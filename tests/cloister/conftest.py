"""What the tests of the front door share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A copy of the shipped example's declarations."""
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "teams", tmp_path / "teams")
    return tmp_path
