"""Runs of flows on the platform, as people name them."""

from __future__ import annotations

import re

from cloister.declarations import Declarations, Team
from runner.client.cluster.connection import Cluster
from runner.client.cluster.history import History
from runner.client.cluster.options import answers
from runner.client.cluster.place import Place

_WHOLE = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@answers
def run_id(declarations: Declarations, team: Team, context: str | None, run: str) -> str:
    """The whole id of a run. One that Kubernetes no longer keeps is taken at its word: its objects remain."""
    if _WHOLE.fullmatch(run):
        return run
    place = Place(declarations, team)
    runs = History(place, Cluster(place, context))
    found = runs.find(run)
    if found is None:
        raise runs.missing(run, "name it by its whole id")
    return found.run_id
