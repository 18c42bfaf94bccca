"""The app over declarations that are wrong: a line for each mistake, exit 2, and nothing synthesized."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks import app
from tests.cloister.declarations.conftest import CASES, lay_out

WRONG = (
    "overlapping-ranges",
    "every-range-the-same",
    "pool-without-bounds",
    "gpu-without-a-pool",
    "gpu-not-offered-here",
    "maintenance-does-not-parse",
    "maintenance-too-short",
    "organization-incomplete",
    "perimeter-without-organization",
    "node-pools-collide",
    "prices-leave-a-gpu-out",
    "many-at-once",
)


@pytest.mark.parametrize("name", WRONG)
def test_nothing_is_synthesized(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = lay_out(CASES / name, tmp_path / "tree")
    monkeypatch.setattr(app, "synthesize", lambda *_: pytest.fail("synthesized all the same"))
    monkeypatch.delenv("CDKTF_OUTDIR", raising=False)
    assert app.main(tree) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == (CASES / name / "expected.txt").read_text().splitlines()
    assert said.out == "" and not (tree / "cdktf.out").exists()
