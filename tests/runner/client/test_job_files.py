"""Every broken job file of tests/cases/jobs is answered with exactly the lines it expects, and nothing is written.

A case is a directory laid over `base`: job.yaml, what it changes beside it, and expected.txt.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cloister.main import cli

CASES = Path(__file__).parents[2] / "cases" / "jobs"
DECLARATIONS = CASES.parent / "declarations" / "base"
BROKEN = sorted(path for path in CASES.iterdir() if path.name != "base")


def invoke(case: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> tuple[int, str, str]:
    shutil.copytree(CASES / "base", tree)
    shutil.copytree(case, tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt"))
    monkeypatch.chdir(tree)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780315200")  # 2026-06-01, when nothing of the base has expired
    before = sorted(os.walk(tree))
    arguments = [
        "job",
        "run",
        "job.yaml",
        "--team",
        "fakespot",
        "--directory",
        os.fspath(DECLARATIONS),
        *more,
    ]
    result = CliRunner().invoke(cli, arguments)
    assert sorted(os.walk(tree)) == before
    assert not (DECLARATIONS / ".cloister").exists()
    return result.exit_code, result.stdout, result.stderr


def test_the_table_is_long_enough() -> None:
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("case", BROKEN, ids=lambda path: path.name)
def test_each_mistake_gets_its_line(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = invoke(case, tmp_path / "tree", monkeypatch)
    assert (code, out) == (2, "")
    assert err == (case / "expected.txt").read_text()


@pytest.mark.parametrize("case", BROKEN, ids=lambda path: path.name)
def test_each_line_names_a_place_and_a_cure(case: Path) -> None:
    lines = (case / "expected.txt").read_text().splitlines()
    assert lines
    for line in lines:
        assert re.match(r"job\.yaml:[1-9][0-9]*: ", line), line
        assert re.search(r"expected |; ", line) and line.isprintable(), line


def test_mistakes_of_file_and_team_come_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = invoke(CASES / "two-beside-it", tmp_path / "tree", monkeypatch, "--team", "fakspot")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        *(CASES / "two-beside-it" / "expected.txt").read_text().splitlines(),
        "teams/fakspot.yaml:1: found no such team, expected one of fakespot; did you mean fakespot",
    ]


def test_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["job", "run", "jobs/none.yaml", "--team", "fakespot", "--directory", os.fspath(DECLARATIONS)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "jobs/none.yaml:1: found no such file" in result.stderr
