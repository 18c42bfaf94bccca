"""Trees that tests of the stacks share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.stacks.trees import ROOT, shared, synthesized


def company(home: Path) -> Path:
    """A copy of the example's declarations with the team `vision` added."""
    if not (home / "teams").exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("boundary.yaml", "platform.yaml"):
            shutil.copy(ROOT / name, home)
        shutil.copytree(ROOT / "teams", home / "teams")
        shutil.copy(Path(__file__).parent / "vision.yaml", home / "teams")
    return home


@pytest.fixture(scope="session")
def grown_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with one team more, that uses all a team file offers."""
    return synthesized(
        company(tmp_path_factory.mktemp("grown")), shared(tmp_path_factory) / "grown" / "cdktf.out"
    )


@pytest.fixture(scope="session")
def billed_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a billing account, log buckets that cannot be unlocked, and a pool with local SSDs."""
    home = company(tmp_path_factory.mktemp("billed"))
    platform = (home / "platform.yaml").read_text()
    platform = platform.replace("billing_account: null", 'billing_account: "0A0A0A-0B0B0B-0C0C0C"')
    scratch = "  - {name: scratch, machine: n2-standard-16, min: 0, max: 4, local_ssd: 2}\n"
    platform = platform.replace("pools:\n", f"pools:\n{scratch}")
    (home / "platform.yaml").write_text(platform.replace("locked: false", "locked: true"))
    return synthesized(home, shared(tmp_path_factory) / "billed" / "cdktf.out")
