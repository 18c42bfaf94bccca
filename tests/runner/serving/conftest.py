from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ..models.support import Team, model_files
from ..support import StoreClient
from .support import Server, served

Serve = Callable[..., Server]


@pytest.fixture
def team(store: StoreClient, work: Path) -> Team:
    return Team(store, work)


@pytest.fixture
def serve(team: Team) -> Iterator[Serve]:
    """Train, publish, promote and serve a model; `program` goes before the command that answers."""
    with ExitStack() as stack:

        def started(program: str = "", ready: bool = True, **settings: Any) -> Server:
            files = model_files()
            files["model/predict.py"] = program.encode() + files["model/predict.py"]
            team.publish(team.train(files))
            assert team.promote(1).result["number"] == 1
            return stack.enter_context(served(team, ready=ready, **settings))

        yield started
