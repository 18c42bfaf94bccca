"""`cloister model --local` as a person types it: the example's run published, promoted and released."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from ..models.support import TRAIN, model_files

ROOT = Path(__file__).parents[3]
DECLARATIONS = ROOT / "tests" / "cases" / "declarations" / "base"
JOB = """name: evaluate
run: [python, main.py]
code: ./src
outputs: [{from: out/, to: artifacts}]
resources: {cpu: 1, memory: 1Gi}
metrics: [accuracy]
"""
RELEASE = """releases:
  - {bucket: results, to: "group:press@%s", why: open, owner: security, until: 2099-12-31}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(DECLARATIONS, home)
    (home / "src").mkdir()
    (home / "src/main.py").write_text(TRAIN)
    (home / "job.yaml").write_text(JOB)
    return home


def team(home: Path) -> str:
    return sorted((home / "teams").glob("*.yaml"))[0].stem


def cloister(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloister", *words, "--team", team(home)]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=60)


def train(home: Path, slope: float, accuracy: float) -> str:
    files = {name: data.hex() for name, data in model_files(slope).items()}
    (home / "src/files.json").write_text(json.dumps(files))
    (home / "src/scores.json").write_text(json.dumps({"accuracy": accuracy}))
    done = cloister(home, "job", "run", "job.yaml", "--format", "json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["run_id"])


def ask(home: Path, *words: str) -> dict[str, Any]:
    done = cloister(home, "model", *words, "--local", "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_models_life_on_this_machine(home: Path) -> None:
    for number, accuracy in ((1, 0.9), (2, 0.7)):
        run = train(home, number, accuracy)
        said = cloister(home, "model", "publish", run[-8:], "reviews", "--local")
        assert said.stdout.startswith(f"run {run} is version {number} of reviews\n"), said.stderr
    promote = ("promote", "reviews", "--to", "production")
    assert ask(home, *promote, "1", "--at-least", "accuracy=0.8")["result"]["sequence"] == 1
    refused = cloister(home, "model", *promote, "2", "--may-drop", "accuracy=0.1", "--local")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "accuracy: 0.7, at least 0.8 (version 1 has 0.9)" in refused.stderr
    assert ask(home, *promote, "2")["result"]["number"] == 2
    assert ask(home, "rollback", "reviews", "--stage", "production")["result"]["number"] == 1
    rows = ask(home, "list")["rows"]
    assert [(row["number"], row["stages"]) for row in rows] == [(2, []), (1, ["production"])]
    said = cloister(home, "model", "diff", "reviews", "1", "2", "--local")
    assert "metrics.accuracy" in said.stdout and "files.weights.json" in said.stdout
    said = cloister(home, "model", "show", "reviews", "1", "--local")
    assert "version 1 of reviews, in production" in said.stdout and "x: double" in said.stdout


def test_a_release_needs_its_declaration(home: Path) -> None:
    ask(home, "publish", train(home, 2, 0.9), "reviews")
    ask(home, "promote", "reviews", "1", "--to", "staging")
    refused = cloister(home, "model", "release", "reviews", "1", "--local")
    assert refused.returncode == 2 and "releases: found none of results that holds today" in refused.stderr
    file = home / "teams" / f"{team(home)}.yaml"
    domain = next(
        line for line in (home / "boundary.yaml").read_text().splitlines() if line.startswith("domain:")
    )
    file.write_text(file.read_text() + RELEASE % domain.split()[1])
    found = ask(home, "release", "reviews", "1", "--reason", "asked for")["result"]
    assert (found["owner"], found["until"], found["reason"]) == ("security", "2099-12-31", "asked for")
    released = home / ".cloister/models" / team(home) / "results" / found["prefix"]
    assert sorted(path.name for path in released.iterdir()) == ["model.json", "predict.py", "weights.json"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("publish", "0123abcd", "reviews"), 2, "found no run 0123abcd"),
        (("show", "reviews", "1"), 1, "reviews has no version 1; it has no versions"),
        (("show", "Reviews", "1"), 2, "name of show is not valid"),
        (("promote", "reviews", "1", "--to", "production", "--at-least", "a"), 2, "expected METRIC=NUMBER"),
        (("promote", "reviews", "1", "--to", "production", "--largest", "big"), 2, "expected a size, as 1Gi"),
        (("promote", "reviews", "1", "--to", "prod"), 2, "'prod' is not one of"),
        (("rollback", "reviews", "--stage", "production"), 1, "has nothing to go back to"),
    ],
)
def test_a_wrong_question_is_one_line(home: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = cloister(home, "model", *words, "--local")
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_promoted_model_is_served_until_somebody_ends_it(home: Path) -> None:
    ask(home, "publish", train(home, 2, 0.9), "reviews")
    ask(home, "promote", "reviews", "1", "--to", "production")
    refused = cloister(home, "model", "serve", "reviews", "--stage", "staging")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "nothing was promoted to staging of reviews. Promote a version first\n"
    told = cloister(home, "model", "serve", "reviews", "--stage", "staging", "--format", "json")
    assert told.returncode == 1 and json.loads(told.stdout)["cause"].startswith("nothing was promoted")
    command = [sys.executable, "-m", "cloister", "model", "serve", "reviews", "--team", team(home)]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background has it ignored
    ) as serving:  # fmt: skip
        assert serving.stdout is not None
        where = re.fullmatch(r"at (http://127[.]0[.]0[.]1:\d+/invocations)\n", serving.stdout.readline())
        assert where
        assert serving.stdout.readline() == "ready: 3 golden requests answered as before\n"
        assert serving.stdout.readline() == "version 1 of reviews\n"
        asked = urllib.request.Request(
            where[1], b'{"instances": [{"x": 4}]}', {"Content-Type": "application/json"}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(asked, timeout=10) as answer:
            assert json.load(answer) == {"predictions": [{"y": 8}]}
            assert answer.headers["X-Model-Version"] == "1"
        assert serving.stdout.readline().startswith("  200 to loopback, ")
        serving.send_signal(signal.SIGINT)
        assert serving.wait(15) == 0
    assert not list((home / ".cloister/work").iterdir())
