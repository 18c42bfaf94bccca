"""The workflows for pull requests: what they may do, and their shell steps run for real on a scratch repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..documents import ROOT, copy_of_the_tree

WORKFLOW = ROOT / ".github" / "workflows" / "boundary.yml"
GITLAB = ROOT / "ci" / "gitlab.yml"
_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@acme.example", "-c", "commit.gpgsign=false")


def workflow() -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
    return {str(key): value for key, value in loaded.items()} | {
        "on": loaded[True]
    }  # YAML 1.1 reads `on` as true


def steps() -> Iterator[dict[str, Any]]:
    for job in workflow()["jobs"].values():
        yield from job["steps"]


def test_actionlint_finds_nothing() -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not here: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7")
    done = subprocess.run([program, str(WORKFLOW)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_named_by_digest_with_their_version_beside() -> None:
    for line in re.findall(r"uses: (.*)", WORKFLOW.read_text()):
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_the_change_s_own_code_gets_no_right_to_write_and_no_secret() -> None:
    found = workflow()
    assert found["permissions"] == {}
    assert "pull_request_target" not in found["on"] and "workflow_run" not in found["on"]
    assert found["jobs"]["boundary"]["permissions"] == {"contents": "read"}
    assert "secrets." not in WORKFLOW.read_text()
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)
    publish = found["jobs"]["publish"]
    assert checkouts[0] not in publish["steps"], "the job that may write runs nothing of the change"
    assert "head.repo.full_name == github.repository" in publish["if"]


def test_no_shell_step_is_written_by_the_change() -> None:
    """What the change chooses, a branch's or a title's words, reaches a shell through the environment only."""
    assert not [step["run"] for step in steps() if "${{" in step.get("run", "")]


def test_every_step_that_judges_fails_closed() -> None:
    assert "continue-on-error" not in WORKFLOW.read_text()
    assert "allow_failure" not in GITLAB.read_text()
    triggers = workflow()["on"]
    assert "paths" not in (triggers["pull_request"] or {}), "a required check that does not run never answers"


# --- run for real -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of its own that holds this tree in one commit."""
    home = copy_of_the_tree(tmp_path_factory.mktemp("ci") / "cloister")
    (home / ".git" / "info").mkdir(parents=True)
    subprocess.run([*_GIT, "init", "-q", "."], cwd=home, check=True)
    (home / ".git" / "info" / "exclude").write_text(".venv\n/boundary/\n")
    commit(home)
    return home


def commit(home: Path) -> str:
    subprocess.run([*_GIT, "add", "--all"], cwd=home, check=True)
    subprocess.run([*_GIT, "commit", "-q", "-m", "change"], cwd=home, check=True)
    return head(home)


def head(home: Path) -> str:
    return subprocess.run(
        [*_GIT, "rev-parse", "HEAD"], cwd=home, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def change(repository: Path) -> Iterator[Path]:
    """The repository; what the test commits is taken back."""
    before = head(repository)
    yield repository
    subprocess.run([*_GIT, "reset", "-q", "--hard", before], cwd=repository, check=True)
    subprocess.run([*_GIT, "clean", "-q", "-f", "-d"], cwd=repository, check=True)


def applied(home: Path, name: str) -> None:
    subprocess.run([*_GIT, "apply", f"examples/changes/{name}.patch"], cwd=home, check=True)
    commit(home)


def github(home: Path, base: str) -> tuple[int, str]:
    """The shell steps of the job that judges, as a runner executes them; exit code and the job's summary."""
    summary = home.parent / "summary"
    summary.write_text("")
    environment = {**os.environ, "BASE": base, "GITHUB_STEP_SUMMARY": str(summary)}
    for step in workflow()["jobs"]["boundary"]["steps"]:
        if "run" in step:
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=home, env=environment, capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode:
                return done.returncode, summary.read_text()
    return 0, summary.read_text()


def gitlab(home: Path, base: str) -> int:
    """The script of GitLab's job, as its runner executes it."""
    script = "\n".join(yaml.safe_load(GITLAB.read_text())["boundary"]["script"])
    environment = {**os.environ, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    command = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.engine
def test_a_new_team_passes_green(change: Path) -> None:
    base = head(change)
    applied(change, "new-team")
    code, summary = github(change, base)
    assert code == 0 and summary.startswith("## Green: ")
    answer = json.loads((change / "boundary" / "change.json").read_text())
    assert (answer["verdict"], list(answer["blast_radius"])) == ("green", ["search"])
    assert json.loads((change / "boundary" / "cloister.sarif").read_text())["runs"][0]["results"] == []
    worktrees = subprocess.run([*_GIT, "worktree", "list"], cwd=change, capture_output=True, text=True)
    assert len(worktrees.stdout.splitlines()) == 1, "nothing is left behind"


@pytest.mark.slow
@pytest.mark.engine
def test_a_leak_fails_red_with_its_sentence(change: Path) -> None:
    base = head(change)
    applied(change, "leak")
    code, summary = github(change, base)
    assert code == 1 and summary.startswith("## Red: this change opens ")
    assert "user:consultant@partner.example, a user that nobody declared" in summary
    results = json.loads((change / "boundary" / "cloister.sarif").read_text())["runs"][0]["results"]
    assert {result["ruleId"] for result in results} >= {"IAM-01", "GCS-02"}
    assert "<failure" in (change / "boundary" / "cloister.xml").read_text()


@pytest.mark.engine
def test_what_cannot_be_judged_is_red_and_says_so(change: Path) -> None:
    base = head(change)
    (change / "teams" / "fakespot.yaml").write_text("team: [\n")
    commit(change)
    code, summary = github(change, base)
    assert code == 2 and summary.startswith("## Red: this change could not be judged")
    code, summary = github(change, "0" * 40)
    assert code == 2 and "is not in this clone" in summary
    assert gitlab(change, base) == 2
    assert "could not be synthesized" in (change / "boundary" / "change.md").read_text()
