"""The boundary as a drawing: one line per family of channels, from the teams' data towards the sinks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from policies.report.model import Report
from policies.verdicts.model import Status, Verdict

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

PLANES = ("Identities", "Network", "Resources")
_IDENTITY = re.compile(r"_iam_|service_account|_role|workload_identity|hmac_key|access_boundary")
_NETWORK = re.compile(
    r"google_compute_(global_)?(network|subnetwork|firewall|route|router|vpn|ha_vpn|address|forwarding|service_attach)"
    r"|google_dns_|google_service_networking|network_policy"
)
_WORST: tuple[Status, ...] = ("open", "undecided", "weakened", "residual", "assumed", "closed")


@dataclass(frozen=True, slots=True)
class Lane:
    """One family. ``status``: the worst of its channels; ``counts``: channels by status, the worst first; ``cuts``:
    controls by plane, in the order of ``PLANES``; ``failing``: identifiers of the channels that fail."""

    family: str
    name: str
    sink: str
    status: Status
    counts: tuple[tuple[Status, int], ...]
    cuts: tuple[int, ...]
    failing: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether the line reaches the sink: it does wherever the proof cannot say that it does not."""
        return self.status in ("open", "undecided", "residual", "assumed")


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
    controls = {control for verdict in verdicts for control in verdict.controls}
    planes = Counter(plane(control.address) for control in controls)
    title, sink = FAMILIES[name]
    return Lane(
        name, title, sink, counts[0][0], counts,
        tuple(planes[index] for index in range(len(PLANES))),
        tuple(verdict.id for verdict in verdicts if verdict.findings),
    )  # fmt: skip


def plane(address: str) -> int:
    """The index in ``PLANES`` a control acts on, by its resource type: grants and accounts; networks, routes,
    firewalls, zones and network policies; else the settings of a resource."""
    type_ = address.rpartition("/")[2].removeprefix("data.").partition(".")[0]
    if _IDENTITY.search(type_):
        return 0
    return 1 if _NETWORK.search(type_) else 2


def rank(status: Status) -> int:
    """The place of a status, the worst first."""
    return _WORST.index(status)
