"""Completion in real shells: the script is sourced, a line is typed, a key is pressed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from cloister.main import cli

ROOT = Path(__file__).parents[2]
SHELLS = ("bash", "zsh", "fish")


def complete(*words: str, incomplete: str = "") -> list[str]:
    """What would be offered, without a shell."""
    found = ShellComplete(cli, {}, "cloister", "_CLOISTER_COMPLETE").get_completions(list(words), incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ((), "che", ["check"]),
        (("team",), "", ["new", "list", "show", "schema"]),
        (("job",), "s", ["submit", "schedule", "status"]),
        (("job", "schedule"), "sus", ["suspend"]),
        (("team", "show"), "", ["fakespot", "translations"]),
        (("status", "--team"), "t", ["translations"]),
        (("job", "list", "--team"), "f", ["fakespot"]),
        (("check", "--format"), "s", ["sarif"]),
        (("completion",), "", ["bash", "zsh", "fish"]),
    ],
)
def test_what_is_offered(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], incomplete: str, offered: list[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert sorted(complete(*words, incomplete=incomplete)) == sorted(offered)


def test_flags_are_offered() -> None:
    assert {"--team", "--weeks", "--format"} <= set(complete("status", incomplete="--"))


def test_the_first_key_imports_no_command() -> None:
    program = (
        "import sys; from cloister.main import main\ntry:\n    main([])\nexcept SystemExit:\n    pass\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    environment = {
        **os.environ,
        "_CLOISTER_COMPLETE": "bash_complete",
        "COMP_WORDS": "cloister ",
        "COMP_CWORD": "1",
    }
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert "plain,check" in done.stdout and "plain,status" in done.stdout
    assert not {"pydantic", "kubernetes", "policies", "runner"} & set(done.stderr.split())
    assert time.monotonic() - begun < 5


# Each prints what the shell would offer for `cloister team sh`.
PRESS = {
    "bash": 'eval "$(cloister completion bash)"; COMP_WORDS=(cloister team sh); COMP_CWORD=2;'
    " _cloister_completion cloister; printf '%s\\n' \"${COMPREPLY[@]}\"",
    "zsh": 'autoload -Uz compinit; compinit -D; eval "$(cloister completion zsh)"; echo $_comps[cloister];'
    " COMP_WORDS='cloister team sh' COMP_CWORD=2 _CLOISTER_COMPLETE=zsh_complete cloister",
    "fish": "cloister completion fish | source; complete -C 'cloister team sh'",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes(tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here: apt-get install {shell}")
    called = tmp_path / "cloister"
    called.write_text(f'#!/bin/sh\nexec {sys.executable} -m cloister "$@"\n')
    called.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        [program, "-c", PRESS[shell]], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert "show" in done.stdout, done.stderr
    assert "submit" not in done.stdout


def test_another_shell_is_a_wrong_question() -> None:
    said = CliRunner().invoke(cli, ["completion", "tcsh"])
    assert said.exit_code == 2
    assert "bash" in said.stderr and "fish" in said.stderr
