"""`cloister job check`, and what `job submit` says before the queue does."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cloister.main import cli

CASES = Path(__file__).parents[2] / "cases"
HASH = " --hash=sha256:" + "0" * 64


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good job file with its code and lock beside it, and the declarations around it."""
    shutil.copytree(CASES / "declarations" / "base", tmp_path / "tree")
    shutil.copytree(CASES / "jobs" / "base", tmp_path / "tree", dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path / "tree")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780315200")  # when nothing of the base has expired
    monkeypatch.setenv("KUBECONFIG", os.fspath(tmp_path / "none"))
    return tmp_path / "tree"


def asked(command: str, *more: str) -> Result:
    return CliRunner().invoke(cli, ["job", command, "job.yaml", "--team", "fakespot", *more])


def code(tree: Path, text: str, name: str = "late.py") -> None:
    (tree / "src" / name).write_text(text)


WANTED = {
    "import requests": "imports requests, a network client",
    "from torch.distributed import init_process_group\ninit_process_group('nccl')": "torch.distributed",
    "import subprocess\nsubprocess.run(['torchrun', 'train.py'])": "torchrun (starts torchrun)",
    "import ray": "Ray (imports ray)",
    "from dask.distributed import Client": "Dask",
    "import subprocess\nsubprocess.run(['jupyter', 'nbconvert', 'x.ipynb'])": "Jupyter",
    "import socket\nsocket.create_connection(('10.0.0.1', 80))": "opens a connection",
    "import nltk\nnltk.download('punkt')": "downloads with nltk.download()",
    "import os\nos.system('pip install x')": 'starts "pip install"',
}


@pytest.mark.parametrize("text", WANTED)
def test_code_that_wants_the_network_is_named(tree: Path, text: str) -> None:
    code(tree, text)
    result = asked("check")
    assert result.exit_code == 1, result.output
    first, *_, last = result.stdout.splitlines()
    assert first.startswith(f"src/late.py:{text.count(chr(10)) + 1}: ") and WANTED[text] in first
    assert "the job runs sealed: " in first
    assert last.startswith("evaluate for team fakespot, sealed: 1 found")


@pytest.mark.parametrize(
    "text",
    [
        "import multiprocessing, asyncio, sklearn, matplotlib, joblib, numpy, pandas, torch",
        "import socket\nsocket.socketpair()\nsocket.socket(socket.AF_UNIX)",
        "print 'of another Python'",
        "import late, helpers.more",
        "ADDRESS = 'https://example.com/license'",
    ],
)
def test_what_runs_sealed_is_left_alone(tree: Path, text: str) -> None:
    code(tree, text)
    result = asked("check")
    assert (result.exit_code, "nothing found" in result.stdout) == (0, True), result.output


def test_a_lock_is_read_too(tree: Path) -> None:
    (tree / "requirements.lock").write_text(
        f"six==1.0{HASH}\nRay[default]==2.9 \\\n   {HASH}\njupyter_client==8{HASH}\n"
    )
    result = asked("check", "--format", "json")
    assert result.exit_code == 1, result.output
    report = json.loads(result.stdout)
    assert (report["version"], report["network"]) == (1, "sealed")
    assert [(found["line"], found["rule"]) for found in report["findings"]] == [
        (2, "needs-tcp"),
        (4, "needs-tcp"),
    ]
    assert report["findings"][0]["what"] == "Ray (installs ray)"


def test_a_job_on_the_network_may_use_it(tree: Path) -> None:
    team = tree / "teams" / "fakespot.yaml"
    team.write_text(team.read_text() + "network: project\n")
    code(tree, "import requests, ray")
    assert asked("check").exit_code == 0
    (tree / "job.yaml").write_text((tree / "job.yaml").read_text() + "network: sealed\n")
    assert asked("check").exit_code == 1


def test_a_broken_job_is_a_wrong_question(tree: Path) -> None:
    (tree / "job.yaml").write_text("name: Evaluate\n")
    result = asked("check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("job.yaml:1: ")


def test_names_in_the_package_reach_no_terminal_as_they_are(tree: Path) -> None:
    code(tree, "import requests", "\x1b[2Ja'\"$(x)\n.py")
    result = asked("check")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout and len(result.stdout.splitlines()) == 2


def test_submit_warns_before_it_asks_the_cluster(tree: Path) -> None:
    code(tree, "import requests")
    result = asked("submit")
    assert result.exit_code == 2, "there is no cluster here"
    first, *rest = result.stderr.splitlines()
    assert first.startswith("warning: src/late.py:1: imports requests") and rest
