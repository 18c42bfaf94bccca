"""The command line itself: help, unknown commands, closed pipes, colours, and what is not built."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cloister.main import COMMANDS, Lazy, LazyGroup, cli

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "cloister"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(flag: str) -> None:
    result = CliRunner().invoke(cli, [flag])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert all(f"  {name}" in result.output for name in COMMANDS)


def test_help_imports_no_sub_command() -> None:
    script = (
        "import sys; from cloister.main import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "slow = ('pydantic', 'yaml', 'policies', 'runner', 'google', 'kubernetes', 'cdktf')\n"
        "assert not [name for name in slow if name in sys.modules], sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "arguments",
    [["team", "new", "-h"], ["team", "list", "-h"], ["team", "show", "-h"], ["team", "schema", "-h"]],
)
def test_every_help_has_an_example(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0
    assert "Example" in result.output and "  cloister team" in result.output


def test_version() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.output) == (0, "cloister 0.1.0\n")


def test_an_unknown_command_is_a_wrong_question() -> None:
    result = CliRunner().invoke(cli, ["chekc"])
    assert result.exit_code == 2
    assert "did you mean check" in result.stderr


def test_a_command_that_is_not_built_yet_says_so() -> None:
    group = LazyGroup("g", lazy={"later": Lazy("cloister.not_there:later", "Later.")})
    for arguments in (["later"], ["later", "--flag", "x"], ["later", "--help"]):
        result = CliRunner().invoke(group, arguments)
        assert (result.exit_code, result.stderr) == (2, "cloister later: not built yet\n")


def test_a_broken_import_of_a_command_is_no_missing_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_built.py").write_text("import absent_dependency\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    group = LazyGroup("g", lazy={"half": Lazy("half_built:half", "Half.")})
    with pytest.raises(ModuleNotFoundError, match="absent_dependency"):
        CliRunner().invoke(group, ["half"], catch_exceptions=False)


def _group_of(monkeypatch: pytest.MonkeyPatch, command: click.Command) -> LazyGroup:
    module = types.ModuleType("a_command_for_the_test")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return LazyGroup("g", lazy={"do": Lazy(f"{module.__name__}:command", "Do.")})


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (PermissionError(13, "Permission denied", "/x/y"), 2, "/x/y: Permission denied\n"),
        (click.FileError("/x", "gone"), 2, "Could not open file '/x': gone\n"),
    ],
    ids=["interrupted", "no permission", "no file"],
)
def test_what_a_person_can_cause_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    @click.command()
    def command() -> None:
        raise error

    result = CliRunner().invoke(_group_of(monkeypatch, command), ["do"])
    assert (result.exit_code, result.stderr) == (code, said)


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        click.secho("red", fg="red")

    group = _group_of(monkeypatch, command)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert CliRunner().invoke(group, ["do"], color=True).output == "\x1b[31mred\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert CliRunner().invoke(group, ["do"], color=True).output == "red\n"


def test_a_closed_pipe_ends_quietly() -> None:
    process = subprocess.Popen(
        [*COMMAND, "team", "schema"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 141


def test_mistakes_of_a_declaration_are_no_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "boundary.yaml").write_text("project: X\n")
    result = run("team", "list", "--directory", str(tmp_path))
    assert (result.returncode, result.stdout) == (2, "")
    assert "boundary.yaml:1: project: found" in result.stderr
    assert "Traceback" not in result.stderr
