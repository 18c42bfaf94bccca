"""What the proof answers."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from policies.channels.evidence import Advice, Assumed, Control, Residual, Step

Status = Literal["closed", "weakened", "open", "undecided", "residual", "assumed"]
STATUSES: tuple[Status, ...] = ("closed", "weakened", "open", "undecided", "residual", "assumed")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that fails the check. ``status`` is open, weakened, undecided, or assumed when it has expired."""

    channel: str
    status: Status
    severity: str
    subject: str
    sentence: str
    path: tuple[Step, ...]
    fix: str
    standards: tuple[str, ...]
    address: str = ""
    attribute: str = ""

    @property
    def id(self) -> str:
        """``<channel>-`` and the first 8 hex digits of SHA-256 of the subject."""
        return f"{self.channel}-{sha256(self.subject.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of one channel with what it stands on."""

    id: str
    title: str
    status: Status
    controls: tuple[Control, ...] = ()
    advice: tuple[Advice, ...] = ()
    residuals: tuple[Residual, ...] = ()
    assumptions: tuple[Assumed, ...] = ()
    findings: tuple[Finding, ...] = ()
