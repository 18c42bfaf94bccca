"""The three example changes: what a pull request says of each, and that docs/pull-requests.md shows just that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from examples.changes import __main__ as changes

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=changes.CHANGES)
def head(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return changes.example(tmp_path_factory.mktemp("change") / request.param, request.param)


def test_each_change_has_its_colour_and_the_page_shows_its_answer(example_tree: Path, head: Path) -> None:
    code, text = changes.answer(example_tree, head, "json")
    answer: dict[str, Any] = json.loads(text)
    _EXPECTED[head.name](code, answer)
    assert changes.answer(example_tree, head, "text")[1].startswith(f"{answer['verdict'].capitalize()}: ")
    page = changes.PAGE.read_text(encoding="utf-8")
    shown = changes.shown(page, {head.name: changes.answer(example_tree, head)[1]})
    assert page == shown, "python -m examples.changes --write"


def new_team(code: int, answer: dict[str, Any]) -> None:
    assert (code, answer["verdict"], answer["reasons"], answer["opened"]) == (0, "green", [], [])
    assert list(answer["blast_radius"]) == ["search"]
    assert all("search" in line for line in answer["reach"]["gained"])


def release(code: int, answer: dict[str, Any]) -> None:
    assert (code, answer["verdict"], answer["opened"]) == (0, "yellow", [])
    assert list(answer["blast_radius"]) == ["translations"]
    assert any("is released to group:translations-release@acme.example" in line for line in answer["reasons"])


def leak(code: int, answer: dict[str, Any]) -> None:
    assert (code, answer["verdict"], list(answer["blast_radius"])) == (1, "red", ["fakespot", "translations"])
    sentences = [finding["sentence"] for finding in answer["opened"]]
    assert any("user:consultant@partner.example, a user that nobody declared" in line for line in sentences)


_EXPECTED = {"new-team": new_team, "release": release, "leak": leak}
