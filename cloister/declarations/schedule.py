"""A schedule: a cron expression in a time zone, as Kubernetes' CronJob takes both."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from cloister.declarations.fields import Declared, JobName, RelativePath, wrong
from cloister.declarations.mistakes import nearest

_FIVE_FIELDS = 'five cron fields, as "0 3 * * *"'
# What Kubernetes' parser knows: no @daily, no L, W or #, and no 7 for Sunday.
_FIELD = re.compile(r"[0-9*,/\-]+|[A-Za-z]{3}(?:[,\-][A-Za-z]{3})*")


def _cron(value: str) -> str:
    # Imported where it is used: only team files with schedules need it, and the proof should start fast.
    from cronsim import CronSim, CronSimError

    fields = value.split()
    if len(fields) != 5 or not all(_FIELD.fullmatch(field) for field in fields):
        raise wrong(value, _FIVE_FIELDS)
    if "7" in re.split(r"[,\-/]", fields[4]):
        raise wrong(value, "days of the week from 0 to 6", "write 0 for Sunday")
    try:
        next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise wrong(value, "five cron fields that name times and days that exist") from None
    return value


def _time_zone(value: str) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    names_a_zone = re.fullmatch(r"[A-Z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*", value) and value != "Factory"
    try:
        if names_a_zone:
            ZoneInfo(value)
            return value
    except (ValueError, OSError, KeyError):
        pass
    zones = {zone for zone in available_timezones() if zone[:1].isupper() and zone != "Factory"}
    cure = nearest(value, zones).removeprefix("; ")
    raise wrong(value, "a time zone of the IANA database, as Europe/Berlin", cure)


class Schedule(Declared):
    """A job that starts by itself; `job` is the path of its job.yaml in the team's repository."""

    name: JobName
    cron: Annotated[
        str, AfterValidator(_cron), WithJsonSchema({"type": "string", "description": _FIVE_FIELDS})
    ]
    time_zone: Annotated[
        str,
        AfterValidator(_time_zone),
        WithJsonSchema({"type": "string", "description": "a time zone, as Europe/Berlin"}),
    ] = "UTC"
    job: RelativePath
