"""The teams there are: ConfigMaps of the platform's namespace, which only the platform writes (stacks/team/watch.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from runner.watch.api import Api
from runner.watch.judge import Declared, changed

# stacks and tests know these by cloister/declarations/names.py; the image has no declarations.
TEAM_LABEL = "cloister.dev/team"
KEY = "schedules.json"


@dataclass(frozen=True)
class Watched:
    """A team, its namespace, and what it declares."""

    team: str
    namespace: str
    declared: list[Declared]


def watched(api: Api, namespace: str) -> Iterator[Watched]:
    """Every team. Raises Unread."""
    for found in api.list(f"/api/v1/namespaces/{namespace}/configmaps", labelSelector=TEAM_LABEL):
        content = json.loads(found["data"][KEY])
        since = changed(found)
        yield Watched(
            team=content["team"],
            namespace=content["namespace"],
            declared=[Declared(**schedule, since=since) for schedule in content["schedules"]],
        )
