"""Environments: built from a hashed lock, packed to the same bytes every time, uploaded once."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cloister.main import cli
from runner.client.cluster import environments
from runner.client.libraries import NotBuilt, cache
from runner.container.image import ROOT

from ..support import BUCKETS, StoreClient
from .test_upload import people

__all__ = ["people"]


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of one small wheel, which pip finds in a folder and nowhere else."""
    wheel = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/__init__.py", "WORD = 'tiny'\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "requirements.lock"
    file.write_text(f"tiny==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return file


def env(*words: str) -> Any:
    return CliRunner().invoke(cli, ["env", *words])


def test_it_is_built_uploaded_and_listed(lock: Path, people: StoreClient) -> None:
    first = env("build", str(lock), "--team", "fakespot", "--directory", str(ROOT), "--format", "json")
    assert first.exit_code == 0, first.output
    answer = json.loads(first.stdout)
    assert answer["lock"] == "sha256:" + hashlib.sha256(lock.read_bytes()).hexdigest()
    stored = people.get(BUCKETS["code"], f"environments/{answer['environment'][7:]}.tar.gz")
    assert stored is not None
    with tarfile.open(fileobj=io.BytesIO(stored)) as archive:
        assert {"tiny/__init__.py", "tiny-1.0.dist-info/METADATA"} <= set(archive.getnames())
    second = env("build", str(lock), "--team", "fakespot", "--directory", str(ROOT))
    assert "is there already" in second.stderr and answer["environment"] in second.stdout
    [listed] = json.loads(env("list", "--format", "json").stdout)["environments"]
    assert (listed["lock"], listed["packages"]) == (answer["lock"], ["tiny-1.0"])


def test_the_same_files_make_the_same_archive(lock: Path) -> None:
    _, first = environments.archive(lock, lambda _: None)
    for kept in cache().glob("*.tar.gz"):
        kept.unlink()
    assert environments.archive(lock, lambda _: None)[1] == first


def test_a_wheel_that_is_not_the_locks_is_refused(lock: Path) -> None:
    lock.write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    said = env("build", str(lock))
    assert (said.exit_code, len(said.stderr.splitlines())) == (2, 2)  # that it builds, and why it does not
    assert "cannot be installed" in said.stderr


def test_another_machines_wheels_are_of_no_use_there(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    with pytest.raises(NotBuilt, match=r"built on linux x86_64 with Python 3\.11"):
        environments.archive(lock, lambda _: None)


def test_one_that_is_too_large_is_refused(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "LARGEST", 10)
    said = env("build", str(lock), "--team", "fakespot", "--directory", str(ROOT))
    assert said.exit_code == 2 and "expected at most 10" in said.stderr
