"""teams/<team>.yaml: all that a team writes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from cloister.declarations.fields import (
    BucketName,
    Currency,
    Day,
    Declared,
    Gpus,
    Listed,
    Member,
    Memory,
    Said,
    Shape,
    Since,
    Whole,
)
from cloister.declarations.schedule import Schedule
from cloister.declarations.service import Service

Seal = Literal["sealed", "project"]
# `team-` in front of it makes a service account id, and those end at 30. The project's buckets are checked by name.
TeamName = Annotated[
    str,
    Shape(
        r"[a-z](?:[a-z0-9-]{0,23}[a-z0-9])?", "a team name of a-z, 0-9 and -, from a letter, at most 25 long"
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

    monthly: Annotated[int, Whole(1, 100_000_000, "units of the currency")]
    currency: Currency


class Source(Declared):
    """An identity of the project that may write the team's `data` bucket."""

    member: Member
    why: Said


class Share(Declared):
    """Another team may read one bucket until `until` has passed."""

    bucket: Literal["data", "artifacts", "results"]
    with_: TeamName = Field(alias="with")  # `with` is a word of Python
    why: Said
    owner: Said
    until: Day


class Release(Declared):
    """People may read one bucket until `until` has passed."""

    bucket: Literal["artifacts", "results"]
    to: Member
    why: Said
    owner: Said
    until: Day


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
    services: Listed[Service] = ()
    retired: Since | None = None
    adopt: Listed[BucketName] = ()

    @property
    def fans_out(self) -> bool:
        """Whether Metaflow may make pods of the team's: it is there, and their code has the network."""
        return self.metaflow and self.network == "project"

    def data_may_go(self, today: date) -> bool:
        """Whether removing the team may delete its buckets with what they hold: from the day `retired` on."""
        return self.retired is not None and self.retired <= today
