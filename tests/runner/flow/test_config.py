"""The team's rendered configuration, as the real Metaflow reads it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import load
from cloister.declarations.platform import Images
from stacks.team.metaflow import metaflow_config
from tests.runner.flow.conftest import PYTHON, ROOT

IMAGES = Images(
    runner="europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner@sha256:" + "1" * 64,
    metaflow="europe-west1-docker.pkg.dev/acme-ml-prod/metaflow/metaflow@sha256:" + "2" * 64,
)
READ = """
import json
from metaflow import metaflow_config as read
from metaflow import metaflow_config_funcs as known
print(json.dumps([{name: str(value.value) for name, value in known._all_configs.items()}, read.KUBERNETES_NAMESPACE]))
"""


def understood(config: str, home: Path, environment: Path) -> dict[str, str]:
    """Every setting Metaflow knows, with the value it has under a configuration; nothing may be complained of."""
    home.mkdir()
    (home / "config.json").write_text(config)
    variables = {"METAFLOW_HOME": str(home), "PYTHONPATH": str(environment), "HOME": str(home)}
    read = subprocess.run(
        [PYTHON, "-s", "-c", READ],
        cwd=home, env=variables, capture_output=True, text=True,
    )  # fmt: skip
    assert read.returncode == 0 and read.stderr == "", read.stderr
    values: dict[str, str] = json.loads(read.stdout)[0]
    return values


def rendered(**changes: Any) -> str:
    declarations = load(ROOT)
    team = declarations.teams["translations"].model_copy(update=changes)
    return metaflow_config(declarations.boundary.project, team, IMAGES)


@pytest.mark.parametrize(
    "changes",
    [{}, {"network": "project"}, {"network": "project", "isolation": "dedicated"}],
    ids=["sealed", "project", "dedicated"],
)
def test_metaflow_knows_every_setting_and_takes_its_value(
    changes: dict[str, Any], tmp_path: Path, environment: Path
) -> None:
    config = rendered(**changes)
    values = understood(config, tmp_path / "home", environment)
    for name, value in json.loads(config).items():
        assert values[name] == str(value), name


def test_a_team_on_the_network_gets_its_own_places_and_nothing_public(
    tmp_path: Path, environment: Path
) -> None:
    values = understood(rendered(network="project"), tmp_path / "home", environment)
    assert values["METAFLOW_DATASTORE_SYSROOT_GS"] == "gs://acme-ml-prod-translations-artifacts/metaflow"
    assert values["METAFLOW_KUBERNETES_NAMESPACE"] == "team-translations"
    assert values["METAFLOW_KUBERNETES_CONTAINER_IMAGE"] == IMAGES.metaflow
    assert values["METAFLOW_KUBERNETES_QOS"] == "Guaranteed"
    assert values["METAFLOW_DEFAULT_RUNTIME_LIMIT"] == str(24 * 3600)
    assert values["METAFLOW_SERVICE_URL"] == "None"


def test_without_an_image_of_its_own_no_public_one_is_used() -> None:
    declarations = load(ROOT)
    team = declarations.teams["translations"].model_copy(update={"network": "project"})
    config = metaflow_config(declarations.boundary.project, team, Images(runner=IMAGES.runner))
    assert json.loads(config)["METAFLOW_KUBERNETES_CONTAINER_IMAGE"] == IMAGES.runner
