"""docs/resources.md is what the stacks and the proof say today, and says something of every resource."""

from __future__ import annotations

from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from stacks import table
from tests.stacks.trees import ROOT, resources, stacks

pytestmark = pytest.mark.engine


def test_the_page_is_fresh_and_names_every_resource(example_tree: Path, organization_tree: Path) -> None:
    page = table.page(ROOT)
    assert page == table.PAGE.read_text(), "stale: .venv/bin/python -m stacks.table"
    for stack, tree in (stacks(organization_tree) | stacks(example_tree)).items():
        section = page.partition(f"\n## {stack}\n")[2].partition("\n## ")[0]
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
        for type_, name, _ in resources(tree):
            (row,) = [row for row in rows if row[0].startswith(f"| `{type_}` ") and f"`{name}`" in row[0]]
            assert len(row) == 3 and len(row[1]) > 20, row


def made(_: Any) -> FrameType:
    """The frame of a call from here."""
    import sys

    return sys._getframe(1)


def test_the_comment_above_the_call_comes_before_the_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which comes before those of the callers."""

    def with_docstring() -> FrameType:
        """Holds the door shut.

        More of it.
        """
        return made("stacks")

    def with_comment() -> FrameType:
        """Not this."""
        # Keeps the key,
        # and the lock.
        return made("stacks")

    def without() -> FrameType:
        return with_docstring()

    monkeypatch.setitem(globals(), "__name__", "stacks.example")
    assert table.reason(with_docstring()) == "Holds the door shut."
    assert table.reason(with_comment()) == "Keeps the key, and the lock."
    assert table.reason(without()) == "Holds the door shut."


def test_a_resource_that_nobody_explains_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no function of the stacks"):
        table.reason(made("tests"))
