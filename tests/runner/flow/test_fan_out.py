"""`cloister flow run --fan-out`: only where the team's file allows it, with the stack's own configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cloister.declarations import load
from runner.client.flow import fan_out
from tests.runner.flow.conftest import EXAMPLE, ROOT, synthesized


def run(company: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloister", "flow", "run", "flow/flow.py", "--team", "translations"]
    return subprocess.run(
        [*command, "--fan-out", *words],
        cwd=company, env={**os.environ, "PYTHONPATH": str(ROOT), **variables}, capture_output=True, text=True,
    )  # fmt: skip


def test_a_sealed_team_and_a_lock_without_its_parts_are_refused(company: Path) -> None:
    shutil.copytree(ROOT / "teams", company / "teams", dirs_exist_ok=True)
    shutil.copy(EXAMPLE / "requirements.lock", company / "flow")
    refused = run(company)
    assert refused.returncode == 2
    assert "teams/translations.yaml:1: network: found sealed, expected project" in refused.stderr
    for name in fan_out.NEEDED:
        assert f"flow/requirements.lock:1: found no {name}==" in refused.stderr
    assert len(refused.stderr.splitlines()) == 3


def test_a_stack_that_was_not_synthesized_is_said(company: Path) -> None:
    refused = run(company)
    assert refused.returncode == 2
    assert "found no Metaflow configuration, expected the synthesized stack; make synth" in refused.stderr


def test_metaflow_gets_the_stacks_configuration_and_nothing_of_ours(company: Path) -> None:
    config = synthesized(company)
    declarations = load(company)
    assert fan_out.configuration(declarations, declarations.teams["translations"]) == config
    # An environment that is built already, with a program in Metaflow's place that says what it is given.
    cache = company / "cache"
    stand_in = _built(cache, company / "flow/requirements.lock") / "metaflow"
    stand_in.mkdir()
    (stand_in / "__init__.py").write_text(
        "import json, os, sys\n"
        "home = os.environ['METAFLOW_HOME']\n"
        "print(json.dumps([open(home + '/config.json').read(), sys.argv[1:],"
        " {k: v for k, v in os.environ.items() if k.startswith('METAFLOW_')}]))\n"
        "sys.exit(3)\n"
    )
    ran = run(
        company, "--longest", "2", XDG_CACHE_HOME=str(cache), METAFLOW_SERVICE_URL="http://mine.example"
    )
    assert ran.returncode == 1, ran.stderr
    given, words, variables = json.loads(ran.stdout)
    assert given == config
    assert words == ["--no-pylint", "run", "--longest=2"]
    assert set(variables) == {"METAFLOW_HOME", "METAFLOW_USER"}


def _built(cache: Path, lock: Path) -> Path:
    """An empty environment where `cloister env build` would put that of a lock."""
    script = (
        "import sys; from pathlib import Path; from runner.client import libraries, packages\n"
        "lock = packages.digest(Path(sys.argv[1]).read_bytes()).removeprefix('sha256:')\n"
        "made = libraries.cache() / lock; made.mkdir(parents=True); print(made)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(lock)],
        cwd=ROOT, env={**os.environ, "XDG_CACHE_HOME": str(cache)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(done.stdout.strip())
