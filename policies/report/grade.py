"""The grade of a report and the sentence that may be claimed with it. Source: section 4.2 of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grade:
    """``letter`` A, B, C, D or F; ``claim``: what may be said of the configuration, and on what it rests."""

    letter: str
    claim: str


_CLAIMS = {
    "A": (
        "No Google API and no network path leads out for any credential, a stolen credential is useless outside, and "
        "no principal of the project below the organisation's administrators can open one. "
        "Rests on: the organisation's administrators, Google, residual covert channels."
    ),
    "B": (
        "Own principals cannot reach foreign resources for the permissions their boundary covers, and sharing is "
        "blocked by the organisation's policies. A foreign credential, or a stolen one off the network, is not stopped: "
        "that takes a service perimeter."
    ),
    "C": (
        "The network is closed, and team code reaches Google APIs only through the sealed runner. True of this "
        "configuration, not guard-railed: it rests on the project's owners, on what is granted above the project, and "
        "on foreign grants to the runner's identity."
    ),
    "D": (
        "Everything but the Google APIs themselves is closed: workloads reach the restricted VIP directly, so a foreign "
        "token (API-01), or an own token where a foreign bucket trusts it (API-02), can carry data out. "
        "Do not call it proven."
    ),
    "F": "At least one channel is open, weakened or undecided: nothing may be claimed.",
}


def grade(failing: bool, assurance: str, organization_policies: bool) -> Grade:
    """The grade of a check at ``assurance``; ``organization_policies``: the snapshot enforces an organisation's
    policies (organisation policies, principal access boundary or deny) although no perimeter was asked for."""
    if failing:
        letter = "F"
    elif assurance == "perimeter":
        letter = "A"
    elif organization_policies:
        letter = "B"
    else:
        letter = "C" if assurance == "mediated" else "D"
    return Grade(letter, _CLAIMS[letter])
