"""platform.yaml: capacity and shape. The platform team owns it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cloister.declarations.fields import (
    BucketName,
    Currency,
    Declared,
    Gpus,
    GpuType,
    ImageByDigest,
    Listed,
    Range,
    Region,
    Shape,
    Whole,
    unbuilt,
    wrong,
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"([A-Z][a-z]{2}(?:,[A-Z][a-z]{2})*) ([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")


@dataclass(frozen=True)
class Window:
    """A weekly maintenance window in UTC, in the terms GKE's recurring window takes."""

    days: tuple[str, ...]
    start: int  # minutes after midnight UTC
    minutes: int

    @property
    def recurrence(self) -> str:
        """RFC 5545, as `maintenance_policy.recurring_window.recurrence` wants it."""
        return "FREQ=WEEKLY;BYDAY=" + ",".join(day[:2].upper() for day in self.days)

    @property
    def start_time(self) -> str:
        """RFC 3339; a fixed Monday, so that two syntheses never differ. Only the time of day recurs."""
        return f"2026-01-05T{self.start // 60:02d}:{self.start % 60:02d}:00Z"

    @property
    def end_time(self) -> str:
        end = self.start + self.minutes
        day = 5 + end // 1440
        return f"2026-01-{day:02d}T{end % 1440 // 60:02d}:{end % 60:02d}:00Z"


def maintenance_window(text: str) -> Window:
    """Parse `Sat,Sun 01:00-07:00` (UTC); an end before the start is on the next day. ValueError if it does not parse."""
    match = _WINDOW.fullmatch(text)
    if not match:
        raise ValueError(text)
    days = tuple(match[1].split(","))
    start, end = int(match[2]) * 60 + int(match[3]), int(match[4]) * 60 + int(match[5])
    if not set(days) <= set(_DAYS) or len(set(days)) != len(days) or start >= 1440 or end >= 1440:
        raise ValueError(text)
    return Window(days, start, (end - start) % 1440)


def _maintenance(value: str) -> str:
    expected = "days and hours in UTC, as Sat,Sun 01:00-07:00"
    try:
        window = maintenance_window(value)
    except ValueError:
        raise wrong(value, expected) from None
    # GKE refuses windows under 4 hours, and fewer than 48 hours in 32 days (4 whole weeks of them are certain).
    if window.minutes < 240 or window.minutes * len(window.days) * 4 < 48 * 60:
        raise wrong(value, "windows of at least 4 hours, 12 hours a week together")
    return value


class Images(Declared):
    """Images the platform runs, by digest."""

    runner: ImageByDigest
    metaflow: ImageByDigest | None = None  # of Metaflow's own pods, where a team on the network fans out


class Argo(Declared):
    """Argo Workflows, for the flows that teams on the network deploy: its two images, by digest."""

    controller: ImageByDigest
    executor: ImageByDigest


class Network(Declared):
    """The four ranges of the cluster's network; they must not overlap."""

    nodes: Range
    pods: Range
    services: Range
    control_plane: Range


class Cluster(Declared):
    """The cluster's upgrades. `maintenance` is weekly, in UTC."""

    release_channel: Literal["RAPID", "REGULAR", "STABLE", "EXTENDED"] = "REGULAR"
    maintenance: Annotated[str, AfterValidator(_maintenance)]

    @property
    def window(self) -> Window:
        """`maintenance` in the terms GKE's recurring window takes."""
        return maintenance_window(self.maintenance)


def _sandbox(value: bool) -> bool:
    if value:  # google 6.50.0 has no `sandbox_config` of a pool; 7.45 has
        raise unbuilt()
    return value


class Pool(Declared):
    """A node pool: `min` and `max` are nodes in the whole region, `gpus` and `local_ssd` the accelerators and the local
    disks of one node; `gvisor` is not built yet.
    """

    name: Annotated[
        str,
        Shape(
            r"[a-z](?:[a-z0-9-]{0,23}[a-z0-9])?",
            "a pool name of a-z, 0-9 and -, from a letter, at most 25 long",
        ),
    ]
    machine: Annotated[
        str, Shape(r"[a-z][a-z0-9]{1,3}-[a-z]+(?:-[a-z0-9]+)*", "a machine type, as n2-standard-8")
    ]
    min: Annotated[int, Whole(0, 1000, "nodes")]
    max: Annotated[int, Whole(1, 1000, "nodes")]
    spot: bool = False
    gpus: Gpus = Field(default_factory=dict)
    local_ssd: Annotated[int, Whole(1, 32, "local SSDs of 375 GB")] | None = None
    gvisor: Annotated[bool, AfterValidator(_sandbox)] = False


def _price(value: float) -> float:
    if not 0 <= value <= 10_000:
        raise wrong(value, "what an hour costs, from 0 to 10000")
    return value


Price = Annotated[float, AfterValidator(_price)]


class Prices(Declared):
    """What an hour of a CPU, of a GiB of memory and of each GPU costs: what the dashboards' estimates stand on."""

    currency: Currency
    cpu: Price
    memory: Price
    gpus: dict[GpuType, Price] = Field(default_factory=dict)


class LogRetention(Declared):
    """How long log buckets keep entries. `locked` cannot be undone."""

    days: Annotated[int, Whole(1, 3650, "days")]
    locked: bool = False


class Platform(Declared):
    """The whole file."""

    name: Annotated[
        str,
        Shape(
            r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?", "a name of a-z, 0-9 and -, from a letter, at most 20 long"
        ),
    ]
    region: Region
    state_bucket: BucketName
    billing_account: (
        Annotated[
            str, Shape(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", "a billing account, as 0X0X0X-0X0X0X-0X0X0X")
        ]
        | None
    ) = None
    images: Images
    argo: Argo | None = None
    network: Network
    cluster: Cluster
    pools: Listed[Pool]
    log_retention: LogRetention
    prices: Prices | None = None
