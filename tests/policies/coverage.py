"""Which channels of the catalogue have which cases under tests/cases."""

from __future__ import annotations

from pathlib import Path

from policies.verdicts.catalogue import catalogue

CASES = Path(__file__).parents[1] / "cases"
HOLDS, FAILS, UNSURE = {"closed", "residual", "assumed"}, {"open", "weakened"}, {"undecided"}


def without(statuses: set[str]) -> set[str]:
    """Channels that have no case of any of the statuses."""
    return {name for name in catalogue() if not _statuses(name) & statuses}


def _statuses(channel: str) -> set[str]:
    folder = CASES / channel.split("-")[0] / channel
    return {path.name.split("-")[0] for path in folder.iterdir()} if folder.exists() else set()
