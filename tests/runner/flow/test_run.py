"""`cloister flow run` as a person types it: the real Metaflow under the real seal, on a real object store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.client.flow import in_pod
from tests.runner.flow.conftest import EXAMPLE, PYTHON, ROOT

CLOISTER = [sys.executable, "-m", "cloister"]
# Every shape of a flow at once: parameters, foreach with processes, a join, a card, a step that can be broken.
FLOW = """
import os, socket, time
from metaflow import FlowSpec, Parameter, card, current, retry, step
from helper import square

class ShapesFlow(FlowSpec):
    count = Parameter("count", default=3)
    word = Parameter("word", default="")

    @step
    def start(self):
        try:
            getattr(socket, "sock" + "et")(socket.AF_INET, socket.SOCK_STREAM)  # unseen by the lint
            self.network = "open"
        except OSError:
            self.network = "sealed"
        self.numbers = list(range(self.count))
        self.next(self.work, foreach="numbers")

    @retry(times=1)
    @step
    def work(self):
        self.squared = square(self.input)
        print("ran work", self.input, self.word)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.squared for each in inputs)
        self.merge_artifacts(inputs, include=["network"])
        self.next(self.fragile)

    @card
    @step
    def fragile(self):
        FRAGILE
        self.next(self.end)

    @step
    def end(self):
        print("total", self.total, self.network, current.tags)

if __name__ == "__main__":
    ShapesFlow()
"""


class Tree:
    """A company and a flow beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("boundary.yaml", "platform.yaml"):
            shutil.copy(ROOT / name, root)
        shutil.copytree(ROOT / "teams", root / "teams")
        self.folder = root / "flow"
        self.folder.mkdir()
        shutil.copy(EXAMPLE / "requirements.lock", self.folder)
        (self.folder / "helper.py").write_text("def square(n):\n    return n * n\n")
        (self.folder / "job.yaml").write_text(
            yaml.safe_dump(
                {
                    "name": "shapes",
                    "run": ["python", "flow.py", "run"],
                    "code": ".",
                    "resources": {"cpu": 2, "memory": "1Gi"},
                    "metrics": ["total"],
                }
            )
        )
        self.write()

    def write(self, fragile: str = "pass") -> None:
        (self.folder / "flow.py").write_text(FLOW.replace("FRAGILE", fragile))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*CLOISTER, "flow", "run", "flow/flow.py", "--team", "translations", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=120
        )

    def report(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--format", "json")
        assert done.stdout, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report | {"said": done.stderr}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_a_flow_runs_sealed_with_all_its_steps(tree: Tree, environment: Path) -> None:
    report = tree.report("--count", "4", '--word=it\'s a $(word); "quoted"')
    assert report["exit"] == 0, report["said"]
    assert report["record"]["sealed"] is True
    assert report["record"]["metrics"] == {"total": 14}
    assert all(f'ran work {n} it\'s a $(word); "quoted"' in report["said"] for n in range(4))
    assert "total 14 sealed" in report["said"] and f"run:{report['run_id']}" in report["said"]
    kept = Path(tree.root, report["directory"], "artifacts", in_pod.PUBLISHED, in_pod.DATASTORE)
    assert (kept / "ShapesFlow" / "latest_run").is_file()
    assert any((kept / "mf.cards").rglob("*.html")), "the card is published with the datastore"


def test_a_failed_flow_is_resumed_from_the_step_that_failed(tree: Tree, environment: Path) -> None:
    tree.write('raise ValueError("broken on purpose")')
    failed = tree.run()
    assert failed.returncode == 1
    assert "broken on purpose" in failed.stdout
    last = failed.stdout.splitlines()[-1]
    assert last.startswith(
        "go on from the failed step: cloister flow run flow/flow.py --team translations --resume "
    )
    run = last.rpartition(" ")[2]
    assert not Path(tree.root, ".cloister/runs", run, "manifest.json").exists(), (
        "a failed run publishes nothing"
    )

    still = tree.run("--resume", run)
    assert still.returncode == 1 and "ran work" not in still.stdout
    second = still.stdout.splitlines()[-1].rpartition(" ")[2]

    tree.write("pass")
    done = tree.report("--resume", second[-8:], "--step", "join")
    assert done["exit"] == 0, done["said"]
    assert "ran work" not in done["said"] and "/join/" in done["said"] and "total 5" in done["said"]
    assert done["record"]["metrics"] == {"total": 5}


def test_a_flow_laid_out_is_a_job_like_any_other(tree: Tree, environment: Path) -> None:
    for _ in range(2):  # and once more over what is there
        laid = tree.run("--count", "2", "--lay-out", "jobs/shapes")
        assert (laid.returncode, laid.stdout) == (0, "wrote jobs/shapes/job.yaml\n"), laid.stderr
    ran = subprocess.run(
        [*CLOISTER, "job", "run", "jobs/shapes/job.yaml", "--team", "translations"],
        cwd=tree.root, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0 and "total 1 sealed" in ran.stdout, ran.stdout + ran.stderr


def test_what_the_lint_finds_is_refused_before_anything_runs(tree: Tree) -> None:
    (tree.folder / "helper.py").write_text("import requests\n\ndef square(n):\n    return requests\n")
    refused = tree.run()
    assert refused.returncode == 1
    assert "flow/helper.py:1: imports requests, a network client [network-client]" in refused.stderr
    assert refused.stderr.splitlines()[-1] == "not run: 1 found, each with what to do instead"
    assert not (tree.root / ".cloister").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cuont", "4"], 'found the option "--cuont", expected one of --count, --word, --max-workers'),
        (["--cuont", "4"], "did you mean count"),
        (["--count"], "found --count without a value"),
        (["--with", "kubernetes"], 'found the option "--with"'),
        (["4"], 'found "4", expected --NAME VALUE'),
        (["--resume", "20260101-000000-00000000"], "found no run"),
        (["--resume", "00000000", "--count", "4"], "a resumed run has those it began with"),
        (["--step", "join"], "--step goes with --resume"),
        (["--resume", "00000000", "--step", "jion"], 'found no step "jion"'),
        (["--dry-run"], "go with --submit"),
    ],
)
def test_a_wrong_question_is_one_line_and_exit_2(tree: Tree, words: list[str], message: str) -> None:
    asked = tree.run(*words)
    assert asked.returncode == 2, asked.stdout
    assert message in asked.stderr and "Traceback" not in asked.stderr
    assert not (tree.root / ".cloister").exists()


def test_every_mistake_is_said_at_once(tree: Tree) -> None:
    job = yaml.safe_load((tree.folder / "job.yaml").read_text())
    job["inputs"] = [{"from": "data/nothing/", "to": "in/"}]
    (tree.folder / "job.yaml").write_text(yaml.safe_dump(job))
    (tree.folder / "requirements.lock").write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    asked = tree.run("--cuont", "4")
    assert asked.returncode == 2
    assert len(asked.stderr.splitlines()) == 3, asked.stderr
    assert "flow/job.yaml:" in asked.stderr and "inputs[0].from" in asked.stderr
    assert "flow/requirements.lock:1: found no metaflow==" in asked.stderr


def test_the_example_runs_plain_and_sealed_to_the_same_end(environment: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    shutil.copytree(EXAMPLE, plain, ignore=shutil.ignore_patterns(".metaflow"))
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(environment),
        "METAFLOW_USER": "somebody",
    }
    ran = subprocess.run(
        [PYTHON, "-s", "flow.py", "run", "--longest", "1"],
        cwd=plain, env=variables, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    command = [*CLOISTER, "flow", "run", str(EXAMPLE / "flow.py"), "--team", "translations", "--longest", "1"]
    sealed = subprocess.run(
        [*command, "--format", "json"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    report = json.loads(sealed.stdout)
    assert report["exit"] == 0, sealed.stderr
    metrics = report["record"]["metrics"]
    assert metrics["sentences"] == 144 and metrics["accuracy"] > 0.7
    [said] = [line for line in ran.stdout.splitlines() if " letters: accuracy" in line]
    assert f"accuracy {metrics['accuracy']:.3f} on" in said
