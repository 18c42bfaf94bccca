"""What a channel function says: pieces of evidence. The verdict is formed from them in ``policies.verdicts``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from policies.facts.evidence import Control, Step

__all__ = ["Advice", "Assumed", "Control", "Evidence", "Failing", "Leak", "Residual", "Step"]

Failing = Literal["open", "weakened", "undecided"]


@dataclass(frozen=True, slots=True)
class Leak:
    """A finding: open (a path exists), weakened (an opening fact, cut only elsewhere) or undecided.

    ``subject`` is the cloud name of the resource at fault where it is literal, else its address. ``sentence`` says
    how data would leave, ``fix`` the cheapest cure as an edit to a named resource and attribute.
    """

    status: Failing
    subject: str
    sentence: str
    path: tuple[Step, ...] = ()
    fix: str = ""
    address: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """Hardening that is merely absent. Never fails."""

    text: str
    address: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Residual:
    """Not closable at this assurance level; ``closes`` says what would close it."""

    text: str
    closes: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """Rests on a declaration: trust, a share, a release, an attestation. ``expires`` None: no expiry."""

    text: str
    owner: str
    expires: date | None = None
    subject: str = ""


Evidence = Control | Leak | Advice | Residual | Assumed
