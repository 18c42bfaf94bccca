"""Everything the catalogue says opens a channel, made in the example's own tree, one at a time: its channel says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.channels.registry import all_channels
from policies.check import today, world_of
from policies.verdicts.catalogue import catalogue
from policies.verdicts.decide import decide
from tests.policies.test_cases import FAMILIES, lay_out

ROWS: dict[str, list[dict[str, Any]]] = {}
for family in FAMILIES:
    ROWS |= yaml.load((Path(__file__).parent / f"{family}.yaml").read_text(), yaml.CSafeLoader)
CHANGES = [
    pytest.param(row.get("by", channel), row["change"], row["status"], id=f"{channel}-{number}")
    for channel, rows in ROWS.items()
    for number, row in enumerate(rows)
    if "change" in row
]


@pytest.mark.parametrize("channel", catalogue())
def test_nothing_that_opens_is_left_out(channel: str) -> None:
    """Each item of the catalogue has its row, in its order: a change, or the reason why there is none."""
    items = [item.strip() for item in catalogue()[channel].opens.split(";") if item.strip()]
    rows = ROWS[channel]
    assert len(rows) == len(items)
    for item, row in zip(items, rows, strict=True):
        assert item.startswith(row["opens"])
        assert ("change" in row) != bool(row.get("not"))


@pytest.mark.parametrize(("channel", "change", "status"), CHANGES)
def test_its_channel_says_so(
    channel: str, change: dict[str, Any], status: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world = world_of(*lay_out({"base": "example", "change": change}, tmp_path, request))
    verdict = decide(catalogue()[channel], list(all_channels()[channel](world)), world.boundary, today())
    assert verdict.status == status, [finding.sentence for finding in verdict.findings]
