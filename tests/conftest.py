"""What all tests share: how long property tests look (`make fuzz` looks much longer), and one example tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=100)
settings.register_profile("fuzz", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def example_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example company's cdktf.out, synthesized once for all test processes; nobody writes to it."""
    from tests.stacks.trees import ROOT, synthesized

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return synthesized(ROOT, shared / "example" / "cdktf.out")


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's declarations, in which fakespot's models serve."""
    from tests.stacks.trees import ROOT, with_services

    return with_services(tmp_path_factory.mktemp("serving") / "company", ROOT / "boundary.yaml")


@pytest.fixture(scope="session")
def serving_tree(serving: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What those declarations synthesize."""
    from tests.stacks.trees import synthesized

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return synthesized(serving, shared / "serving" / "cdktf.out")
