"""The boundary as a drawing: the teams, one line per family of channels towards the sinks, what cuts it, open paths."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from policies.facts.evidence import Control
from policies.report.model import Report
from policies.report.plain import plain
from policies.report.teams import Sheet
from policies.verdicts.model import Finding, Status, Verdict

FAMILIES = {
    "NET": ("Network paths", "the internet, other networks"),
    "DNS": ("Name resolution", "outside name servers"),
    "API": ("Google API front ends", "foreign projects"),
    "IAM": ("Identities and grants", "outside principals"),
    "GCS": ("Buckets", "outside readers, foreign buckets"),
    "K8S": ("GKE and Kubernetes", "outside callers and endpoints"),
    "SRV": ("Serverless and ML services", "Google's own networks"),
    "BQ": ("BigQuery", "outside readers, foreign datasets"),
    "MSG": ("Messaging and schedulers", "foreign endpoints"),
    "LOG": ("Logs, metrics and feeds", "foreign log and alert sinks"),
    "CMP": ("Disks, images and metadata", "foreign projects"),
    "REG": ("Registries and supply chain", "foreign registries"),
    "SEC": ("Secrets and keys", "outside readers"),
    "DB": ("Databases", "outside clients and replicas"),
    "TF": ("Terraform and deployment", "state readers, foreign code"),
    "TEN": ("Between teams", "other teams"),
    "PRJ": ("Project and providers", "the project's surroundings"),
    "COV": ("Covert channels", "outside observers"),
}
"""The catalogue's families: name, and the sinks their channels end in."""

PLANES = ("Identities", "Network", "Doors", "Resources")
_IDENTITY = re.compile(r"_iam_|service_account|_role|workload_identity|hmac_key|access_boundary")
_NETWORK = re.compile(
    r"google_compute_(global_)?(network|subnetwork|firewall|route|router|vpn|ha_vpn|address|forwarding|service_attach)"
    r"|google_dns_|google_service_networking|network_policy"
)
_DOORS = re.compile(
    r"google_container_cluster|google_access_context|google_project_service|google_iap|google_binary_authorization"
    r"|kubernetes_(namespace|manifest|validating|mutating|resource_quota|limit_range)"
)
_WORST: tuple[Status, ...] = ("open", "undecided", "weakened", "residual", "assumed", "closed")
_TEAMS = 16  # named in the drawing
_PATHS = 4  # open paths drawn
_LETTERS = 21  # of a control's name that fit between two planes


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a lane is cut on one plane: the control that cuts most of its channels, and how many others do."""

    control: Control
    others: int

    @property
    def name(self) -> str:
        """The resource's own name, short enough for the drawing."""
        address = self.control.address.rpartition("/")[2]
        type_, _, name = address.partition(".")
        return clipped(name if "_" in type_ else address, _LETTERS)

    @property
    def attribute(self) -> str:
        """The last word of the attribute, and how many more controls there are."""
        last = self.control.attribute.rpartition(".")[2]
        more = f" +{self.others}" if self.others else ""
        return clipped(last, _LETTERS - len(more)) + more


@dataclass(frozen=True, slots=True)
class Lane:
    """One family. ``status``: the worst of its channels; ``counts``: channels by status, the worst first; ``cuts``:
    by plane, in the order of ``PLANES``, None where nothing cuts; ``failing``: identifiers of the channels that fail."""

    family: str
    name: str
    sink: str
    status: Status
    counts: tuple[tuple[Status, int], ...]
    cuts: tuple[Cut | None, ...]
    failing: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether the line reaches the sink: it does wherever the proof cannot say that it does not."""
        return self.status in ("open", "undecided", "residual", "assumed")

    @property
    def last(self) -> int | None:
        """The plane on which the line ends, None where nothing cuts it."""
        return max((index for index, cut in enumerate(self.cuts) if cut), default=None)


@dataclass(frozen=True, slots=True)
class OpenPath:
    """An open finding as boxes and arrows: ``boxes`` are the lines of each node's name, one box more than steps."""

    finding: Finding
    boxes: tuple[tuple[str, ...], ...]


def lanes(report: Report) -> tuple[Lane, ...]:
    """A lane per family that was judged, in the catalogue's order."""
    grouped: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        grouped.setdefault(family(verdict.id), []).append(verdict)
    return tuple(_lane(name, verdicts) for name, verdicts in grouped.items())


def family(channel: str) -> str:
    """``NET`` of ``NET-06``."""
    return channel.rpartition("-")[0]


def _lane(name: str, verdicts: list[Verdict]) -> Lane:
    found = Counter(verdict.status for verdict in verdicts)
    counts = tuple((status, found[status]) for status in _WORST if found[status])
    title, sink = FAMILIES[name]
    return Lane(
        name, title, sink, counts[0][0], counts,
        _cuts(control for verdict in verdicts for control in verdict.controls),
        tuple(verdict.id for verdict in verdicts if verdict.findings),
    )  # fmt: skip


def _cuts(controls: Iterable[Control]) -> tuple[Cut | None, ...]:
    """Per plane: the control that cuts most channels, the first of those that cut as many."""
    planes: list[Counter[Control]] = [Counter() for _ in PLANES]
    for control in controls:
        planes[plane(control.address)][control] += 1
    return tuple(Cut(found.most_common(1)[0][0], len(found) - 1) if found else None for found in planes)


def plane(address: str) -> int:
    """The index in ``PLANES`` a control acts on, by its resource type: grants and accounts; networks, routes,
    firewalls, zones and network policies; clusters, admission, services and perimeters; else settings of a resource."""
    type_ = address.rpartition("/")[2].removeprefix("data.").partition(".")[0]
    for index, pattern in enumerate((_IDENTITY, _NETWORK, _DOORS)):
        if pattern.search(type_):
            return index
    return len(PLANES) - 1


def named_teams(teams: tuple[Sheet, ...]) -> tuple[tuple[int, Sheet], ...]:
    """The teams the drawing names, with their numbers from 1: all where they fit, else those with findings first."""
    numbered = tuple(enumerate(teams, start=1))
    if len(numbered) <= _TEAMS:
        return numbered
    first = sorted(numbered, key=lambda pair: not pair[1].findings)[: _TEAMS - 1]
    return tuple(first)


def open_paths(findings: Iterable[Finding]) -> tuple[OpenPath, ...]:
    """The paths of open findings that are drawn: the first of each channel, as many as fit."""
    found: dict[str, OpenPath] = {}
    for finding in findings:
        if finding.status == "open" and finding.path and finding.channel not in found:
            names = [finding.path[0].source, *(step.target for step in finding.path)]
            found[finding.channel] = OpenPath(finding, tuple(_box(name, len(names)) for name in names))
    return tuple(found.values())[:_PATHS]


def _box(name: str, boxes: int) -> tuple[str, ...]:
    """A node's name in at most three lines of what fits when as many boxes stand side by side."""
    width = max(10, 130 // boxes - 4)
    lines = textwrap.wrap(plain(name), width, break_on_hyphens=True) or [""]
    return (*lines[:2], clipped(" ".join(lines[2:]), width)) if len(lines) > 3 else tuple(lines)


def clipped(text: str, letters: int) -> str:
    """The text, or its beginning and an ellipsis, in at most so many letters."""
    shown = plain(text)
    return shown if len(shown) <= letters else f"{shown[: max(1, letters - 1)]}…"


def rank(status: Status) -> int:
    """The place of a status, the worst first."""
    return _WORST.index(status)
