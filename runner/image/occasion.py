"""What a run's id says: when it was asked for, and, for a run that a schedule starts, what Kubernetes made of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# The CronJob controller names a Job <CronJob>-<minutes from 1970 to the scheduled time> (getJobName in Kubernetes'
# pkg/controller/cronjob/utils.go).
_SCHEDULED = re.compile(r".+-([0-9]{8,9})")


def run_id(job: str, uid: str) -> str | None:
    """The run id of a Kubernetes Job: its scheduled time, and the first digits of its uid. Every attempt has the same.

    None where no schedule has named the Job, or its uid is not known.
    """
    match = _SCHEDULED.fullmatch(job)
    if match is None or not uid:
        return None
    scheduled = datetime.fromtimestamp(int(match[1]) * 60, UTC)
    return f"{scheduled:%Y%m%d-%H%M%S}-{uid.replace('-', '')[:8]}"


def asked_at(run: str) -> datetime:
    """When a run was asked for, by its client's or the schedule's clock. Raises ValueError where the id begins with no time."""
    return datetime.strptime(run[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def seconds_waited(run: str, until: datetime) -> float | None:
    """Seconds from when a run was asked for until a moment; never below 0.

    None where the id begins with no time.
    """
    try:
        asked = asked_at(run)
    except ValueError:
        return None
    return max(0.0, round((until - asked).total_seconds(), 3))
