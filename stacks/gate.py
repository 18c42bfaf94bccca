"""The gate: the proof over what was just synthesized. Nothing switches it off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def gate(out: Path, boundary: Path, say: Callable[[str], None]) -> bool:
    """Whether the proof holds for the tree at `out`; `say` gets a sentence for each finding, and the outcome."""
    # Imported once there is something to prove: the stacks know nothing of the policies until here.
    from policies.check import check_paths
    from policies.snapshot import InputError

    try:
        report = check_paths([out], boundary)
    except InputError as error:
        for message in error.messages:
            say(message)
        return False
    for finding in report.findings:
        say(f"{finding.channel} {finding.status}: {finding.subject}: {finding.sentence}")
    if report.failing:
        say(
            f"gate: {len(report.findings)} findings; nothing is deployed. `cloister explain <channel>` says more."
        )
        return False
    held = len(report.verdicts)
    say(f"gate: {held} channels judged, nothing open, weakened or undecided")
    return True
