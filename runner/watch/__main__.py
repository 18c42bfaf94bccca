"""`python -I -m runner.watch`: a record of every team's schedules, and one of the watch itself.

0: every schedule was read; 1: some were not, which the records say.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from runner.image.log import Log
from runner.watch.api import ACCOUNT, Api, Unread
from runner.watch.judge import schedules
from runner.watch.teams import watched

# stacks and tests know these by cloister/declarations/names.py; the image has no declarations.
SCHEDULE, WATCH = "schedule", "watch"


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
