"""The commands without a cluster: their help, their mistakes, and how fast they answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kubernetes import client

from cloister.declarations import DeclarationErrors
from cloister.main import cli
from runner.client.cluster.connection import Refused, _said
from runner.client.cluster.submit import prepared
from runner.client.command import ON_THE_PLATFORM
from runner.container.image import ROOT

HEAVY = ("kubernetes", "google", "jinja2", "pydantic", "yaml", "requests", "cloister.declarations")


def loaded_by(*words: str) -> set[str]:
    program = (
        "import sys\nfrom cloister.main import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=ROOT)
    return set(done.stderr.split())


def test_help_loads_nothing_heavy() -> None:
    assert not loaded_by("job", "--help") & set(HEAVY)
    assert "kubernetes" in loaded_by("job", "list", "--help")


@pytest.mark.parametrize("name", ON_THE_PLATFORM)
def test_every_command_has_help_with_an_example(name: str) -> None:
    said = CliRunner().invoke(cli, ["job", name, "--help"])
    assert said.exit_code == 0
    assert "Example" in said.output or name == "schedule"


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["status", "x"],
        ["logs", "x"],
        ["errors"],
        ["cancel", "x"],
        ["compare", "x", "y"],
        ["schedule", "list"],
    ],
)
def test_a_machine_that_knows_no_cluster_is_told_how(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", "/nonexistent")
    said = CliRunner().invoke(cli, ["job", *words, "--team", "fakespot", "--directory", str(ROOT)])
    assert said.exit_code == 2
    [line] = said.stderr.splitlines()
    assert "gcloud container clusters get-credentials ml --region europe-west1 --project acme-ml-prod" in line


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    where = {"server": "http://127.0.0.1:9"}
    content = {
        "clusters": [{"name": "c", "cluster": where}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "c",
    }
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(json.dumps(content))
    done = subprocess.run(
        [sys.executable, "-m", "cloister", "job", "list", "--team", "fakespot"],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("the cluster does not answer") and len(done.stderr.splitlines()) == 1


def job(folder: Path, **changes: Any) -> Path:
    (folder / "src").mkdir()
    content = {
        "name": "x",
        "run": ["true"],
        "code": "src",
        "resources": {"cpu": 1, "memory": "1Gi"},
        **changes,
    }
    file = folder / "job.yaml"
    file.write_text(json.dumps(content))
    return file


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"run": ["torchrun", "--nproc-per-node=2", "train.py"]}, "torchrun talks to itself over TCP"),
        ({"run": ["python", "-m", "torch.distributed.run", "x.py"]}, "torchrun talks to itself over TCP"),
        ({"run": ["/usr/bin/jupyter", "nbconvert"]}, "Jupyter talks to itself over TCP"),
        ({"run": ["python", "x" * 130_000]}, "at most 128,000; pass a file of the code"),
        ({"environment": "no.lock"}, "a lock file beside this file"),
        ({"resources": {"cpu": 33, "memory": "1Gi"}}, "at most 32, the quota of fakespot"),
    ],
)
def test_what_cannot_run_is_said_before_the_queue_does(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    file = job(tmp_path, **changes)
    with pytest.raises(DeclarationErrors) as errors:
        prepared(file, "fakespot", ROOT)
    [mistake] = errors.value.mistakes
    assert says in str(mistake) and str(mistake).startswith(f"{file}:1: ")


def test_inputs_are_not_looked_for_on_this_machine(tmp_path: Path) -> None:
    assert prepared(job(tmp_path, inputs=[{"from": "data/there/", "to": "in/"}]), "fakespot", ROOT).sealed


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (
            403,
            "jobs.batch \"x\" is forbidden: ValidatingAdmissionPolicy 'cloister-sealed' with binding "
            "'cloister-sealed' denied request: args must be left out",
            "the platform refuses it: args must be left out (cloister-sealed)",
        ),
        (
            403,
            'jobs.batch is forbidden: User "bob" cannot list',
            "you may not do this in the team's namespace: jobs.batch",
        ),
        (
            403,
            "exceeded quota: team, requested: count/jobs.batch=1",
            "exceeded quota: team, requested: count/jobs",
        ),
        (401, "Unauthorized", "the cluster does not know you; run: CONNECT"),
        (422, "spec.x: Invalid\nvalue", "spec.x: Invalid value"),
    ],
)
def test_refusals_in_the_clusters_own_words(status: int, message: str, said: str) -> None:
    error = client.ApiException(status=status, reason="r")
    error.body = json.dumps({"message": message})
    assert _said(error, "CONNECT").startswith(said)
    assert Refused("x", status).status == status
