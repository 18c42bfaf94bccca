"""Both APIs as recorded, and the example's declarations to ask about."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.container.image import ROOT

from .apis import NOW, Apis, start


@pytest.fixture
def apis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Apis()
    with ExitStack() as stack:
        start(stack, made, tmp_path, monkeypatch)
        yield made


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The example's declarations, committed forty days ago, with things that end."""
    home = tmp_path / "company"
    home.mkdir()
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, home)
    shutil.copytree(ROOT / "teams", home / "teams")
    boundary = (home / "boundary.yaml").read_text()
    soon, later = (NOW + timedelta(days=days) for days in (12, 200))
    exception = '{finding: IAM-01, subject: x, why: w, owner: "a@acme.example", expires: %s}'
    attestation = '{channel: TF-01, claim: c, evidence: e, owner: "b@acme.example", expires: %s}'
    (home / "boundary.yaml").write_text(
        boundary.replace("exceptions: []", f"exceptions: [{exception % soon.date()}]").replace(
            "attestations: []", f"attestations: [{attestation % later.date()}]"
        )
    )
    then = (NOW - timedelta(days=40)).isoformat()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@acme.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "m", "--date", then]):
        subprocess.run(
            [*git, *words], cwd=home, check=True, env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": then}
        )
    return home
