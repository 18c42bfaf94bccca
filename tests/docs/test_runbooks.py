"""Every alert of the synthesized example with services links a runbook that is there, and no runbook is of no alert."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..documents import ROOT
from ..stacks.trees import resources, stacks

RUNBOOKS = ROOT / "docs" / "runbooks"
WITHOUT_POLICY = {"index", "budget"}  # a budget notifies by itself, and has no text of its own


@pytest.fixture(scope="module")
def linked(serving_tree: Path) -> dict[str, str]:
    """The runbook of each alert policy, by stack and name."""
    found = {}
    for stack, content in stacks(serving_tree).items():
        for type_, name, arguments in resources(content):
            if type_ == "google_monitoring_alert_policy":
                text = arguments.get("documentation", {}).get("content", "")
                [runbook] = re.findall(r"Runbook: docs/runbooks/([a-z-]+)\.md$", text) or [""]
                found[f"{stack}/{name}"] = runbook
    return found


@pytest.mark.engine
def test_every_alert_links_a_runbook(linked: dict[str, str]) -> None:
    assert linked
    missing = [alert for alert, runbook in linked.items() if not (RUNBOOKS / f"{runbook}.md").is_file()]
    assert not missing


@pytest.mark.engine
def test_every_runbook_is_of_an_alert_and_in_the_index(linked: dict[str, str]) -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")}
    assert pages - WITHOUT_POLICY == set(linked.values())
    index = (RUNBOOKS / "index.md").read_text()
    assert all(f"({page}.md)" in index for page in pages - {"index"})


@pytest.mark.parametrize("page", sorted(path.name for path in RUNBOOKS.glob("*.md") if path.stem != "index"))
def test_a_runbook_says_what_it_means_where_to_look_and_what_to_do(page: str) -> None:
    text = (RUNBOOKS / page).read_text()
    places = [text.index(word) for word in ("**It means:**", "**Look", "**Do")]
    assert places == sorted(places)
