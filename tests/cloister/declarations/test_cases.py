"""Every broken declaration of tests/cases/declarations is answered with exactly the lines it expects."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from cloister.declarations import DeclarationErrors, load, load_job
from cloister.main import cli

from .conftest import CASES, lay_out

TODAY = date(2026, 6, 1)
BROKEN = sorted(path for path in CASES.iterdir() if path.name != "base")


def fingerprint(root: Path) -> dict[str, str]:
    """Every path below a directory, with its content or what it links to."""
    return {
        str(path.relative_to(root)): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
        for path in sorted(root.rglob("*"))
    }


def test_the_table_is_long_enough() -> None:
    assert len(BROKEN) >= 40


def test_the_base_of_the_cases_is_sound(tree: Path) -> None:
    assert list(load(tree, today=TODAY).teams) == ["fakespot"]


@pytest.mark.parametrize("case", BROKEN, ids=lambda path: path.name)
def test_each_mistake_gets_its_line(case: Path, tmp_path: Path) -> None:
    tree = lay_out(case, tmp_path / "tree")
    before = fingerprint(tree)
    with pytest.raises(DeclarationErrors) as raised:
        load_job(tree / "job.yaml") if (case / "job.yaml").exists() else load(tree, today=TODAY)
    expected = (case / "expected.txt").read_text().splitlines()
    assert [str(mistake) for mistake in raised.value.mistakes] == expected
    assert fingerprint(tree) == before


@pytest.mark.parametrize("case", BROKEN, ids=lambda path: path.name)
def test_each_line_names_a_place_and_a_cure(case: Path) -> None:
    for line in (case / "expected.txt").read_text().splitlines():
        place = re.match(r"([\w./-]+\.(?:yaml|yml)):([1-9][0-9]*): ", line)
        assert place, line
        assert re.search(r"expected |; |not built yet", line), line
        assert line.isprintable(), line


@pytest.mark.parametrize(
    "case", [case for case in BROKEN if not (case / "job.yaml").exists()], ids=lambda path: path.name
)
def test_the_command_line_answers_with_exit_2(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = lay_out(case, tmp_path / "tree")
    before = fingerprint(tree)
    noon = 12 * 3600
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str((TODAY - date(1970, 1, 1)).days * 86400 + noon))
    expected = (case / "expected.txt").read_text().splitlines()
    for arguments in (["team", "list"], ["team", "new", "newcomer", "--members", "group:new@acme.example"]):
        result = CliRunner().invoke(
            cli, [arguments[0], arguments[1], "--directory", os.fspath(tree), *arguments[2:]]
        )
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        # A newcomer may be offered as one more valid name; the places stay the same.
        places = [line.split(": ", 1)[0] for line in result.stderr.splitlines()]
        assert places == [line.split(": ", 1)[0] for line in expected]
        assert arguments[1] == "new" or result.stderr.splitlines() == expected
    assert fingerprint(tree) == before
