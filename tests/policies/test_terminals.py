"""``cloister check`` and ``cloister diff`` over hostile names, on poor terminals, and where nothing can be written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from policies.report.markdown import prose
from tests.policies.report.made import HOSTILE
from tests.policies.test_command import BOUNDARY, LEAK, REFERENCE, SECURE

CLOISTER = (sys.executable, "-m", "cloister")
# A terminal that knows ASCII only, and a person without a home directory.
POOR = {
    "PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "COLUMNS": "40",
    "HOME": "/nonexistent",
}  # fmt: skip
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """The secure tree with a grant to a member of a hostile name, and its own name hostile too."""
    tree = json.loads((REFERENCE / "cdk.tf.json").read_text())
    tree["resource"]["google_storage_bucket_iam_member"]["leak"] = LEAK | {
        "member": f"group:{HOSTILE}\u200f@other.example"
    }
    (tmp_path / "cdk.tf.json").write_text(json.dumps(tree))
    return str(tmp_path / "cdk.tf.json")


def asked(*words: str, where: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*CLOISTER, *words, *BOUNDARY], cwd=where, env=POOR, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("format_", ["text", "markdown", "json", "html", "sarif", "junit"])
def test_a_check_over_hostile_names(hostile: str, tmp_path: Path, format_: str) -> None:
    done = asked("check", hostile, "--format", format_, where=tmp_path)
    assert done.returncode == 1
    assert not _CONTROL.search(done.stdout), _CONTROL.search(done.stdout)
    assert format_ in ("json", "sarif") or "<script>document" not in done.stdout or format_ == "text"
    if format_ in ("text", "markdown"):
        assert max(map(len, done.stdout.splitlines())) < 5_000, "ten thousand letters are cut"


@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_a_change_of_hostile_names(hostile: str, tmp_path: Path, format_: str) -> None:
    done = asked("diff", SECURE, hostile, "--format", format_, where=tmp_path)
    assert done.returncode == 1
    assert not _CONTROL.search(done.stdout), _CONTROL.search(done.stdout)
    if format_ == "markdown":
        assert "<script>" not in MarkdownIt("commonmark", {"html": True}).enable("table").render(done.stdout)


@pytest.mark.parametrize("words", [("check", SECURE), ("diff", SECURE, SECURE)], ids=lambda words: words[0])
def test_what_cannot_be_written_is_one_line_and_exit_2(words: tuple[str, ...], tmp_path: Path) -> None:
    done = asked(
        *words, "--output", str(tmp_path), where=tmp_path
    )  # a directory, which root cannot write to either
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().splitlines()[-1].startswith(f"{tmp_path}: cannot be written: ")


def test_a_directory_that_is_read_only_is_enough_to_ask(hostile: str, tmp_path: Path) -> None:
    """/proc takes no file from anybody."""
    assert asked("check", SECURE, where=Path("/proc")).returncode == 0
    assert asked("diff", SECURE, hostile, where=Path("/proc")).returncode == 1


@pytest.mark.parametrize("words", [("check", SECURE), ("diff", SECURE, SECURE)], ids=lambda words: words[0])
def test_a_closed_pipe_ends_quietly(words: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [*CLOISTER, *words, *BOUNDARY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    assert process.wait(timeout=60) == 141


@settings(max_examples=200)
@given(st.text(st.sampled_from("`<b>\\ a*_|&[]()!\n"), max_size=24))
def test_a_sentence_in_markdown_makes_code_of_pairs_and_nothing_else(text: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).render(f"x {prose(text)} x")
    assert set(re.findall(r"<\w+", html)) <= {"<p", "<code"}


def test_code_in_a_sentence_is_code() -> None:
    assert prose("set `a_b.c` to *true*") == "set `a_b.c` to \\*true\\*"
