"""The declared metrics of a run: from metrics.json, and from the files that MLflow logs to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runner.image import metrics
from runner.image.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    made.job.mkdir(parents=True)
    return made


def logged(workspace: Workspace, run: str, name: str, text: str) -> Path:
    path = workspace.job / "mlruns" / "0" / run / "metrics" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(workspace: Workspace, *declared: str) -> tuple[dict[str, float], str]:
    return metrics.read(workspace, declared, os.geteuid())


def test_the_newest_point_of_any_run_counts(workspace: Workspace) -> None:
    logged(workspace, "a", "loss", "1000 0.9 0\n1001 0.5 1\n1001 0.4 2\n")
    logged(workspace, "b", "loss", "999 0.1 7\n")
    logged(workspace, "b", "accuracy", "999 0.75 0 dataset digest\n")
    assert read(workspace, "loss", "accuracy") == ({"loss": 0.4, "accuracy": 0.75}, "")


def test_metrics_json_has_the_last_word_and_what_is_not_declared_stays_out(workspace: Workspace) -> None:
    logged(workspace, "a", "loss", "1000 0.9 0\n")
    logged(workspace, "a", "secret", "1000 3 0\n")
    (workspace.job / "metrics.json").write_text(json.dumps({"loss": 0.3}))
    assert read(workspace, "loss", "f1") == ({"loss": 0.3}, "metrics.json has no finite number for: f1")


def test_what_is_no_number_is_said(workspace: Workspace) -> None:
    logged(workspace, "a", "loss", "1000 nan 0\n")
    says = "metrics.json and mlruns/ have no finite number for: loss"
    assert read(workspace, "loss") == ({}, says)


@pytest.mark.parametrize(
    "text", ["", "x", "1000", "1000 0.5", "a b c\n", "\0", "1000 0.5 0.5\n", "9" * 5000 + " 1 1\n", "é 1 1"]
)
def test_lines_that_are_no_points_are_nothing(workspace: Workspace, text: str) -> None:
    logged(workspace, "a", "loss", text)
    assert read(workspace, "loss")[0] == {}
    logged(workspace, "a", "loss", f"{text}\n1000 0.5 0\n")
    assert read(workspace, "loss")[0] == {"loss": 0.5}


def test_ten_thousand_points_are_read_to_the_last(workspace: Workspace) -> None:
    logged(
        workspace, "a", "loss", "".join(f"{1000 + step} {1 / (step + 1)} {step}\n" for step in range(10_000))
    )
    assert read(workspace, "loss") == ({"loss": 1 / 10_000}, "")


def test_no_link_pipe_or_file_of_another_is_followed(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "outside"
    secret.write_text("1000 42 0\n")
    path = logged(workspace, "a", "loss", "")
    path.unlink()
    path.symlink_to(secret)
    os.mkfifo(path.with_name("f1"))
    (workspace.job / "mlruns" / "linked").symlink_to(tmp_path)
    assert read(workspace, "loss", "f1")[0] == {}
    assert metrics.read(workspace, ["loss"], os.geteuid() + 1)[0] == {}
    logged(workspace, "b", "recall", "1000 1 0\n")
    assert metrics.read(workspace, ["recall"], os.geteuid() + 1)[0] == {}


def test_a_folder_of_a_million_runs_is_not_walked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.image.mlruns.RUNS", 3)
    for number in range(5):
        logged(workspace, f"run{number}", "loss", f"{number} {number} 0\n")
    assert read(workspace, "loss")[0] == {"loss": 2.0}
