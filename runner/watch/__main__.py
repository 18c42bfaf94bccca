"""`python -I -m runner.watch`: a record of every team's schedules, and one of the watch itself.

The teams, their namespaces and the schedules they declare are in ConfigMaps of this pod's own namespace, which only the
platform writes (stacks/team/watch.py). 0: every schedule was read; 1: some were not, which the records say.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from runner.image.log import Log
from runner.watch.api import ACCOUNT, Api, Unread
from runner.watch.judge import Declared, changed, schedules

# stacks and tests know these by cloister/declarations/names.py; the image has no declarations.
TEAM_LABEL = "cloister.dev/team"
SCHEDULE, WATCH = "schedule", "watch"
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


def watch(api: Api, namespace: str, log: Log, now: datetime) -> bool:
    """Write all records; whether every team could be read."""
    try:
        teams = list(watched(api, namespace))
    except Unread as error:
        log.event("ERROR", WATCH, f"the teams cannot be read: {error}", complete=False)
        return False
    seen = missed = 0
    unread = []
    for team in teams:
        try:
            cron_jobs = list(api.list(f"/apis/batch/v1/namespaces/{team.namespace}/cronjobs"))
        except Unread as error:
            unread.append(team.team)
            log.event("ERROR", "unread", f"CronJobs of {team.namespace}: {error}", team=team.team)
            continue
        for schedule in schedules(team.declared, cron_jobs):
            record = {"team": team.team, **schedule.record(now)}
            seen, missed = seen + 1, missed + record["missed"]
            says = f"schedule {schedule.name} of {team.team}: {record['state']}"
            log.event("WARNING" if record["missed"] else "INFO", SCHEDULE, says, **record)
    complete = not unread
    log.event(
        "NOTICE" if complete else "ERROR",
        WATCH,
        f"{seen} schedules of {len(teams)} teams, {missed} missed"
        + (f"; not read: {', '.join(unread)}" if unread else ""),
        complete=complete,
        teams=len(teams),
        schedules=seen,
        missed=missed,
        unread=unread,
    )
    return complete


def main() -> int:
    """The exit code."""
    log = Log()
    try:
        api = Api.of_the_pod(os.environ)
        namespace = (ACCOUNT / "namespace").read_text().strip()
    except (Unread, OSError) as error:
        log.event("ERROR", WATCH, str(error), complete=False)
        return 1
    return 0 if watch(api, namespace, log, datetime.now(UTC)) else 1


if __name__ == "__main__":
    sys.exit(main())
