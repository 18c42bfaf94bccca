"""job.yaml: what a team submits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cloister.declarations.fields import (
    Declared,
    Duration,
    Gpus,
    JobName,
    Listed,
    Memory,
    RelativePath,
    Shape,
    Whole,
    duration_seconds,
    wrong,
)
from cloister.declarations.team import Seal

_PART = r"(?!\.{1,2}(?:/|$))[^/\x00-\x1f]+"
# Where an object lies in the team's buckets: the first part is the bucket's kind.
Location = Annotated[
    str,
    Shape(
        rf"(?:data|artifacts|results)/(?:{_PART}/)*(?:{_PART})?",
        "a place in one of the team's buckets, as data/reviews/",
    ),
]
Argument = Annotated[str, Shape(r"[^\x00]*", "a string without zero bytes")]


def _command(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or not value[0].strip():
        raise wrong(value, 'a command and its arguments, as ["python", "train.py"]')
    return value


def _cores(value: float) -> float:
    if not 0.1 <= value <= 1024:
        raise wrong(value, "cores from 0.1 to 1024")
    return value


class Input(Declared):
    """Objects of the team's buckets staged to a directory before the command starts."""

    from_: Location = Field(alias="from")  # `from` is a word of Python
    to: RelativePath


class Output(Declared):
    """A directory published after the command: `to` is the kind of bucket."""

    from_: RelativePath = Field(alias="from")
    to: Literal["artifacts", "results"]


class Resources(Declared):
    """What one attempt of the job asks for. `cpu` in cores, fractions allowed."""

    cpu: Annotated[float, AfterValidator(_cores)]
    memory: Memory
    gpus: Gpus = Field(default_factory=dict)


class Job(Declared):
    """The whole file."""

    name: JobName
    run: Annotated[Listed[Argument], AfterValidator(_command)]
    code: RelativePath
    environment: RelativePath | None = None
    inputs: Listed[Input] = ()
    outputs: Listed[Output] = ()
    resources: Resources
    timeout: Duration = "1h"
    retries: Annotated[int, Whole(0, 10, "retries")] = 0
    shards: Annotated[int, Whole(1, 10_000, "shards")] = 1
    metrics: Listed[
        Annotated[str, Shape(r"[A-Za-z_][A-Za-z0-9_.]{0,62}", "a metric's name, as accuracy")]
    ] = ()
    network: Seal | None = None  # less than the team's; left out, the team's own

    @property
    def timeout_seconds(self) -> int:
        """`timeout` in seconds."""
        return duration_seconds(self.timeout)
