"""Runs that a schedule starts: no client is there to name them, so they are named after what Kubernetes made."""

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
