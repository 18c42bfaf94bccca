"""docs/sealed-libraries.md says what a run under the seal says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from runner.client import libraries, packages

from ..support import StoreClient
from .tried import LOCK, PAGE, PLACE, Tried, environments, tried, version


@pytest.fixture(scope="session")
def built() -> Path:
    """The environments, made where they are asked for: about a minute and 600 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(PLACE))
        place = libraries.cache() / packages.digest(LOCK.read_bytes()).removeprefix("sha256:")
        if not place.is_dir() and not os.environ.get("CLOISTER_E2E"):
            pytest.skip("no environment of these libraries: make sealed-libraries")
        try:
            return environments(print, patch.setenv)
        except libraries.NotBuilt as error:
            pytest.skip(f"no environment of these libraries: {error}")


@pytest.mark.slow
@pytest.mark.parametrize("each", tried(), ids=lambda each: each.library)
def test_it_ends_as_the_table_says(each: Tried, built: Path, store: StoreClient, work: Path) -> None:
    result = each.run(store, work, built)
    assert (result.code == 0) == each.runs, result.why()


@pytest.mark.slow
def test_what_mlflow_logged_is_in_the_run_record(built: Path, store: StoreClient, work: Path) -> None:
    """The declared names alone: nothing of `val/loss`, of the parameter or of the tag."""
    (mlflow,) = (each for each in tried() if each.library == "mlflow-skinny")
    result = mlflow.job(store, work, built, metrics=["accuracy", "loss"]).finish()
    assert result.code == 0, result.why()
    assert result.record["metrics"] == {"accuracy": 0.99, "loss": 0.25}


def test_the_table_has_a_line_for_each() -> None:
    """With the verdict that is expected of it, and the version of the lock."""
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)`(.*?) \| .* \| (runs|does not run) \|", page, re.M)
    assert rows == [
        (each.library, version(each.library), "runs" if each.runs else "does not run") for each in tried()
    ]


def test_what_does_not_run_is_said_beforehand() -> None:
    """Each library of the lower half is in the lint's tables."""
    from runner.client.flow.lint.tables import CALLS, MODULES, TCP_MODULES

    known = {*MODULES, *TCP_MODULES, *(call.partition(".")[0] for call in CALLS)}
    assert {each.library for each in tried() if not each.runs} <= known
    assert not {each.library for each in tried() if each.runs} & {*MODULES, *TCP_MODULES}
