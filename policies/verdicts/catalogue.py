"""The catalogue of channels as data. Source: ``policies/data/boundary-catalogue.json``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_SEVERITY = {"C": "critical", "H": "high", "M": "medium", "L": "low"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One channel. ``bare`` and ``org``: what can be proven without and with an organisation
    (P provable, G provable and guard-railed, M with a mediator, A attested only, X no control, R residual)."""

    id: str
    title: str
    opens: str
    closes: str
    semantics: str
    standards: tuple[str, ...]
    severity: str
    bare: str
    org: str


@cache
def catalogue() -> dict[str, Entry]:
    """All channels by identifier, in the catalogue's order."""
    rows = json.loads(files("policies.data").joinpath("boundary-catalogue.json").read_bytes())
    return {row["id"]: _entry(row) for row in rows}


def _entry(row: dict[str, str]) -> Entry:
    return Entry(
        row["id"], row["title"], row["opens"], row["closes"], row["semantics"],
        _standards(row["std"]), _SEVERITY[row["sev"]], row["bare"], row["org"],
    )  # fmt: skip


def _standards(text: str) -> tuple[str, ...]:
    """``"CIS-GCP 4.9; NIST SC-7,SC-7(5); T1048"`` to one name per control: ``("CIS-GCP 4.9", "NIST SC-7", ...)``."""
    names: list[str] = []
    for group in text.split(";"):
        group = group.strip()
        scheme = re.match(r"(CIS-GCP(?: v5)?|CIS-GKE|NIST)\s+", group)
        prefix = scheme[0].strip() + " " if scheme else ""
        names += [prefix + item.strip() for item in group.removeprefix(prefix).split(",") if item.strip()]
    return tuple(names)
