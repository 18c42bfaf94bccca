"""teams/<team>.yaml: all that a team writes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from cloister.declarations.fields import (
    Day,
    Declared,
    Email,
    Gpus,
    Listed,
    Member,
    Memory,
    RelativePath,
    Said,
    Shape,
    Whole,
    unbuilt,
    wrong,
)

Seal = Literal["sealed", "project"]
# The team's name stands in bucket names behind the project id, so both together have to fit 63 characters.
TeamName = Annotated[
    str,
    Shape(
        r"[a-z](?:[a-z0-9-]{0,20}[a-z0-9])?", "a team name of a-z, 0-9 and -, from a letter, at most 22 long"
    ),
]
# A run's Kubernetes objects carry <job>-<run_id>, 25 characters more, in a label of 63.
JobName = Annotated[
    str,
    Shape(
        r"[a-z](?:[a-z0-9-]{0,36}[a-z0-9])?", "a job name of a-z, 0-9 and -, from a letter, at most 38 long"
    ),
]


class Quota(Declared):
    """What all of the team's pods may ask for together, and the longest run in hours."""

    cpu: Annotated[int, Whole(1, 100_000, "CPUs")]
    memory: Memory
    gpus: Gpus = Field(default_factory=dict)
    max_run_hours: Annotated[int, Whole(1, 720, "hours")]


class Budget(Declared):
    """A monthly amount in whole units of `currency` (ISO 4217)."""

    monthly: Annotated[int, Whole(1, 100_000_000, "an amount")]
    currency: Annotated[str, Shape(r"[A-Z]{3}", "a currency code, as EUR")]


def _cron(value: str) -> str:
    # Imported here: only team files with schedules need it, and the proof should start fast.
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    if len(value.split()) != 5:
        raise wrong(value, 'five cron fields, as "0 3 * * *"')
    try:
        next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError:
        raise wrong(value, 'five cron fields, as "0 3 * * *"') from None
    except StopIteration:
        raise wrong(value, "a time that comes within the next 50 years") from None
    return value


def _time_zone(value: str) -> str:
    from zoneinfo import ZoneInfo

    from cloister.declarations.zones import suggestion

    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise wrong(value, "a time zone of the IANA database, as Europe/Berlin", suggestion(value)) from None
    return value


class Schedule(Declared):
    """A job that starts by itself; `job` is the path of its job.yaml in the team's repository."""

    name: JobName
    cron: Annotated[str, AfterValidator(_cron)]
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    job: RelativePath


class Source(Declared):
    """An identity of the project that may write the team's `data` bucket."""

    member: Member
    why: Said


class Share(Declared):
    """Another team may read one bucket until `until` has passed. `with_` is the key `with`."""

    bucket: Literal["data", "artifacts", "results"]
    with_: TeamName = Field(alias="with")
    why: Said
    owner: Email
    until: Day


class Release(Declared):
    """People may read one bucket until `until` has passed."""

    bucket: Literal["artifacts", "results"]
    to: Member
    why: Said
    owner: Email
    until: Day


def _no_services(value: object) -> object:
    if value not in ((), [], None):
        raise unbuilt("services")
    return ()


def _unbuilt(key: str) -> BeforeValidator:
    def check(value: object) -> object:
        raise unbuilt(key)

    return BeforeValidator(check)


class Team(Declared):
    """The whole file."""

    team: TeamName
    members: Member
    network: Seal = "sealed"
    quota: Quota
    isolation: Literal["shared", "dedicated"] = "shared"
    budget: Budget | None = None
    metaflow: bool = False
    schedules: Listed[Schedule] = ()
    sources: Listed[Source] = ()
    shares: Listed[Share] = ()
    releases: Listed[Release] = ()
    services: Annotated[Listed[Said], BeforeValidator(_no_services)] = ()
    retired: Annotated[Day | None, _unbuilt("retired")] = None
    adopt: Annotated[Listed[Said], _unbuilt("adopt")] = ()
