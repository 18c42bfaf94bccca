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
    """A team, its namespaces (of its jobs, and of its services where it has some), and what it declares."""

    team: str
    namespace: str
    serving: str | None
    declared: list[Declared]

    @property
    def namespaces(self) -> list[str]:
        return [self.namespace, *([self.serving] if self.serving else [])]


def watched(api: Api, namespace: str) -> Iterator[Watched]:
    """Every team. Raises Unread."""
    for found in api.list(f"/api/v1/namespaces/{namespace}/configmaps", labelSelector=TEAM_LABEL):
        content = json.loads(found["data"][KEY])
        since = changed(found)
        yield Watched(
            team=content["team"],
            namespace=content["namespace"],
            serving=content.get("serving"),
            declared=[Declared(**schedule, since=since) for schedule in content["schedules"]],
        )
