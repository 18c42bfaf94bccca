"""The example's environment, with the real Metaflow in it, built once per machine."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

import pytest

from runner.client import libraries

# Without this project's own libraries: those of an environment must do.
PYTHON = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "translations"


@pytest.fixture(scope="session")
def environment() -> Path:
    """The directory of the example's libraries."""
    cache = libraries.cache()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".building").open("w") as lock:  # both test processes want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            identity = libraries.build(EXAMPLE / "requirements.lock", print)
        except libraries.NotBuilt as error:
            pytest.skip(f"no Metaflow here: {error}")
    return cache / identity.removeprefix("sha256:")
