"""What all tests share: how long property tests look (`make fuzz` looks much longer), and the trees of the example."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from tests.stacks.trees import ROOT, shared, synthesized, with_services

settings.register_profile("default", deadline=None, max_examples=100)
settings.register_profile("fuzz", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def example_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example company's cdktf.out, synthesized once for all test processes; nobody writes to it."""
    return synthesized(ROOT, shared(tmp_path_factory) / "example" / "cdktf.out")


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's declarations, in which fakespot's models serve."""
    return with_services(tmp_path_factory.mktemp("serving") / "company", ROOT / "boundary.yaml")


@pytest.fixture(scope="session")
def serving_tree(serving: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What those declarations synthesize."""
    return synthesized(serving, shared(tmp_path_factory) / "serving" / "cdktf.out")


@pytest.fixture(scope="session")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's declarations, with an organisation above the project."""
    home = tmp_path_factory.mktemp("organization")
    shutil.copy(ROOT / "platform.yaml", home)
    shutil.copytree(ROOT / "teams", home / "teams")
    shutil.copy(ROOT / "examples" / "organization" / "boundary.yaml", home)
    return home


@pytest.fixture(scope="session")
def organization_tree(organization: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What those declarations synthesize."""
    return synthesized(organization, shared(tmp_path_factory) / "organization" / "cdktf.out")
