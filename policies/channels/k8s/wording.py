"""How the channels about the cluster say things: findings that name where they were read, and whose a right is."""

from __future__ import annotations

from policies.channels.evidence import Failing, Leak, Step
from policies.facts.kubernetes.rbac import Holding

FIREWALL = "only the VPC firewall still keeps it from the internet"
CLUSTERWIDE = "only a clusterwide policy still keeps it in"


def leak(
    status: Failing, subject: str, sentence: str, path: tuple[Step, ...] = (), fix: str = "", address: str = "",
    attribute: str = "",
) -> Leak:  # fmt: skip
    """A finding whose sentence ends in the place it was read from."""
    where = f" (`{address}.{attribute}`)" if attribute else f" (`{address}`)" if address else ""
    return Leak(status, subject, f"{sentence.rstrip('.')}{where}.", path, fix, address, attribute)


def cut_or_open(
    way: tuple[Step, ...] | None, subject: str, sentence: str, step: Step, fix: str, address: str, attribute: str,
    cut: str = FIREWALL,
) -> Leak:  # fmt: skip
    """Open where a node's packets get out (``way``: the steps), weakened where ``cut`` still keeps them in."""
    if way is None:
        return leak("weakened", subject, f"{sentence}; {cut}", (), fix, address, attribute)
    return leak(
        "open", subject, f"{sentence}, and the VPC lets nodes out", (step, *way[1:]), fix, address, attribute
    )


def begin(thing: object) -> str:
    """A thing at the beginning of a sentence."""
    text = str(thing)
    return text[:1].upper() + text[1:]


def tenant(holding: Holding) -> bool:
    """Whether the holder is a team's, or outside: whom the platform's controls must hold against."""
    return bool(holding.subject.teams) or holding.subject.outside


def subject_of(holding: Holding) -> str:
    """The binding's name for RBAC; the project for IAM."""
    if not holding.by_iam:
        return holding.res.subject
    return holding.res.project if isinstance(holding.res.project, str) else holding.res.address


def fix_of(holding: Holding) -> str:
    """The cheapest cure of a right."""
    if holding.by_iam:
        return f"remove the grant at {holding.res.address}"
    return f"bind a role without this right at {holding.res.address}"


def listed(phrases: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]
