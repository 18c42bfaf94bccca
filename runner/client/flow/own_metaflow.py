"""The Metaflow of a flow's own lock, outside the seal, with the configuration of the team's stack."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloister.declarations import Team
from runner.client import libraries
from runner.client.flow.packaging import Flow


@dataclass(frozen=True)
class OwnMetaflow:
    """How to start it in the flow's directory: the command before its words, and the variables it needs."""

    command: tuple[str, ...]
    variables: dict[str, str]
    home: Path  # where its configuration lies; gone afterwards


@contextmanager
def started(flow: Flow, team: Team, config: str, say: Callable[[str], None]) -> Iterator[OwnMetaflow]:
    """Metaflow as it is to be started. Raises NotBuilt."""
    lock = libraries.build(flow.lock, say)
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    with tempfile.TemporaryDirectory(prefix="cloister-flow-") as home:
        (Path(home) / "config.json").write_text(config, encoding="utf-8")
        variables = {
            "PYTHONPATH": str(libraries.cache() / lock.removeprefix("sha256:")),
            "METAFLOW_HOME": home,
            "METAFLOW_USER": team.team,
        }
        command = (interpreter, "-s", flow.path.name, "--no-pylint")
        yield OwnMetaflow(command, variables, Path(home))
