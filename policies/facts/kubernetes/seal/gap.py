"""Where a seal does not hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """``subject``: the namespace or workload that is not sealed; ``sentence``: why its code can open a socket to a Google
    API, in plain English. ``admission``: an admission policy is there and does not refuse what it is there to refuse."""

    subject: str
    sentence: str
    address: str = ""
    attribute: str = ""
    fix: str = ""
    admission: bool = False
