"""Every command of the tree: help with examples, narrow terminals, no colour where none is wanted, JSON where it is of use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cloister.declarations.terminal import Progress, table
from cloister.main import cli
from docs.generate.commands import Node, tree

from .terminal import Terminal

ROOT = Path(__file__).parents[2]
NODES = [node for node in tree() if node.built]
COMMANDS = [node for node in NODES if not isinstance(node.command, click.Group)]
# Commands without --format json, and why.
WITHOUT_JSON = {
    "cloister team schema": "it prints JSON and nothing else",
    "cloister completion": "it prints a program for a shell",
    "cloister job cancel": "its exit code is the answer; `job status --format json` tells more",
    "cloister job schedule suspend": "its exit code is the answer",
    "cloister job schedule resume": "its exit code is the answer",
}


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_help_says_what_it_does_and_shows_an_example(node: Node) -> None:
    said = CliRunner().invoke(cli, [*node.path, "--help"])
    assert said.exit_code == 0, said.output
    assert "Example" in said.output
    examples = said.output.partition("Example")[2]
    assert node.name in examples, "the example is of another command"
    assert node.command.get_short_help_str(200).strip()


@pytest.mark.parametrize("node", COMMANDS, ids=lambda node: node.name)
def test_every_option_is_explained(node: Node) -> None:
    silent = [
        option.opts[0]
        for option in node.command.params
        if isinstance(option, click.Option) and not option.help and option.opts[0] != "--format"
    ]
    assert not silent


def test_json_everywhere_or_a_reason() -> None:
    def has_json(node: Node) -> bool:
        return any("json" in getattr(parameter.type, "choices", ()) for parameter in node.command.params)

    assert {node.name for node in COMMANDS if not has_json(node)} == set(WITHOUT_JSON)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)
def test_help_of_a_narrow_terminal_fits_but_for_what_cannot_be_broken(node: Node) -> None:
    said = CliRunner(env={"COLUMNS": "40"}).invoke(cli, [*node.path, "--help"])
    prose = said.output.partition("Example")[0]
    wide = [
        line
        for line in prose.splitlines()
        if len(line) > 40 and len(line.split()) > 2 and not line.startswith(("Usage", "  -"))
    ]
    assert not wide


# --- tables -----------------------------------------------------------------------------------------------

ROWS = [["TEAM", "MEMBERS", "QUOTA"], ["fakespot", "group:fakespot-ml@acme.example", "32"], ["b", "x y", ""]]


def test_a_table_that_fits_is_columns_and_never_moves_a_cursor() -> None:
    heading, first, _ = table(ROWS, 80)
    assert heading.index("MEMBERS") == first.index("group:")
    assert "\x1b" not in "".join(table([["A"], ["long\x1b[2J\u202e"]], 80))


@pytest.mark.parametrize("columns", [20, 40])
def test_a_table_that_does_not_fit_is_one_block_per_row(columns: int) -> None:
    lines = table(ROWS, columns)
    assert all(len(line) <= columns for line in lines)
    assert lines[0] == "fakespot" and "  quota: 32" in lines


def test_a_pipe_gets_a_line_per_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert len(table([["A", "B"], ["x" * 300, "y" * 300]])) == 2


@pytest.mark.parametrize("words", [["team", "list"], ["team", "show", "translations"]])
def test_lists_fit_forty_columns(words: list[str]) -> None:
    environment = {**os.environ, "COLUMNS": "40"}
    done = subprocess.run(
        [sys.executable, "-m", "cloister", *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0
    if words[1] == "list":
        assert max(map(len, done.stdout.splitlines())) <= 40


# --- colours, other terminals, progress -------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize("coloured", [True, False])
def test_colours_are_for_terminals_and_can_be_off(tmp_path: Path, example_tree: Path, coloured: bool) -> None:
    environment = {} if coloured else {"NO_COLOR": "1"}
    command = [
        sys.executable,
        "-m",
        "cloister",
        "check",
        str(example_tree),
        "--boundary",
        str(ROOT / "boundary.yaml"),
    ]
    terminal = Terminal(command, tmp_path, environment=environment)
    assert terminal.end() == 0
    assert (b"\x1b[" in terminal.raw) == coloured


def test_a_terminal_without_utf8_and_a_person_without_a_home(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    for words in (["--help"], ["team", "list"], ["team", "show", "fakespot"], ["explain", "NET-06"]):
        done = subprocess.run(
            [sys.executable, "-m", "cloister", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == 0, done.stderr


def test_letters_that_a_terminal_cannot_show_are_numbers(tmp_path: Path) -> None:
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "teams").mkdir()
    release = (
        '{bucket: results, to: "group:a@acme.example", why: Prüfung, owner: "Jürgen 中", until: 2099-01-01}'
    )
    text = (ROOT / "teams/fakespot.yaml").read_text()
    (tmp_path / "teams/fakespot.yaml").write_text(f"{text}releases: [{release}]\n", encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"], "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1",
        "KUBECONFIG": "/nonexistent", "NO_GCE_CHECK": "true",
    }  # fmt: skip
    for words in (["team", "show", "fakespot", "--format", "json"], ["status"]):
        command = [sys.executable, "-m", "cloister", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        assert b"Traceback" not in done.stderr, done.stderr
        text = done.stdout.decode("latin-1")
        assert "Jürgen \\u4e2d" in text
        if "json" in words:
            [found] = json.loads(text)["team"]["declared"]["releases"]
            assert found["owner"] == "Jürgen 中"


def test_a_directory_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    if os.geteuid() == 0 and not os.path.exists("/proc/self"):
        pytest.skip("needs /proc: run on Linux")
    # Nobody may write below /proc, root included.
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "cloister",
            "status",
            "--format",
            "html",
            "--output",
            "/proc/self/nothing.html",
        ],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": "/nonexistent", "NO_GCE_CHECK": "true"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("/proc/self/nothing.html: ") and len(done.stderr.splitlines()) == 1


def test_progress_is_shown_on_a_terminal_after_a_second_and_is_gone_at_the_end(tmp_path: Path) -> None:
    program = (
        "import time; from cloister.declarations.terminal import Progress\n"
        "with Progress('teams asked') as progress:\n"
        "    progress.tell(1, 3); time.sleep(1.1); progress.tell(2, 3)\n"
        "print('done')"
    )
    terminal = Terminal([sys.executable, "-c", program], tmp_path, environment={"PYTHONPATH": str(ROOT)})
    assert terminal.end() == 0
    assert b"2 of 3 teams asked" in terminal.raw and b"1 of 3" not in terminal.raw
    assert terminal.raw.rstrip().endswith(b"\rdone")


def test_progress_says_nothing_to_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloister.declarations.terminal.PATIENCE", -1)
    with Progress("things") as progress:
        progress.tell(1, 2)
    assert capsys.readouterr().err == ""
