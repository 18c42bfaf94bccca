"""A Metaflow flow on the platform, sealed in one pod: submitted, failed, resumed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from runner.client.flow import in_pod
from runner.container.image import ROOT

from ..support import BUCKETS
from .conftest import TEAM, Platform, Said

EXAMPLE = ROOT / "examples" / "translations"


def run(platform: Platform, flow: Path, *words: str) -> Said:
    """`cloister flow run FLOW --submit WORDS` as a member."""
    command = [*platform.command()[:-3], "flow", "run", str(flow), "--team", TEAM, "--submit", *words]
    done = subprocess.run(
        [*command, "--directory", str(platform.home)],
        env=platform.environment(), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def test_the_example_fails_is_resumed_and_ends_well(platform: Platform, tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    for name in ("job.yaml", "requirements.lock"):
        shutil.copy(EXAMPLE / name, tmp_path)
    job = (tmp_path / "job.yaml").read_text()
    (tmp_path / "job.yaml").write_text(
        job.replace("cpu: 2, memory: 2Gi", "cpu: 0.5, memory: 1Gi").replace("retries: 1", "retries: 0")
    )
    for path in (EXAMPLE / "data/sentences").iterdir():
        platform.store.put(BUCKETS["data"], f"sentences/{path.name}", path.read_bytes())

    text = (EXAMPLE / "flow.py").read_text()
    broken = text.replace("said = self.model.predict(texts)", 'raise ValueError("not yet")')
    assert broken != text
    flow.write_text(broken)
    failed = run(platform, flow, "--follow", "--longest", "1")
    assert failed.code == 1, failed.err
    assert "ValueError: not yet" in failed.out and "groups of up to 1 letters" in failed.out
    first = next(line for line in failed.out.splitlines() if line.startswith("run ")).split()[1]

    flow.write_text(text)
    done = run(platform, flow, "--follow", "--resume", first[-8:])
    assert done.code == 0, done.out + done.err
    assert "/judge/" in done.out and "groups of up to 1 letters: 0." not in done.out
    second = next(line for line in done.out.splitlines() if line.startswith("run ")).split()[1]
    assert platform.status(second)["record"]["metrics"]["sentences"] == 144
    manifest = platform.manifest("languages", second)
    assert manifest is not None
    kept = f"/{in_pod.PUBLISHED}/{in_pod.DATASTORE}/LanguagesFlow/"
    assert any(kept in item["name"] for item in manifest["objects"])
