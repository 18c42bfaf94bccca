"""Whatever bytes a declaration holds, reading it ends in a value or in mistakes, and soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloister.declarations import DeclarationErrors, load
from cloister.declarations.source import parse

from .conftest import CASES, lay_out

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=200)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.dates())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)
BASE = {path.name: path.read_text() for path in CASES.glob("base/*.yaml")}
TEAM = (CASES / "base/teams/fakespot.yaml").read_text()


def outcome(tree: Path) -> None:
    """Load a tree; anything but declarations or mistakes is a failure of the test."""
    try:
        load(tree)
    except DeclarationErrors as error:
        for mistake in error.mistakes:
            assert mistake.line >= 1
            assert str(mistake).isprintable() and len(str(mistake)) < 2000


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    tree = lay_out(CASES / "base", tmp_path_factory.mktemp("any"))
    (tree / "teams" / "fakespot.yaml").write_bytes(content)
    outcome(tree)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_under_any_key(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    import yaml

    tree = lay_out(CASES / "base", tmp_path_factory.mktemp("any"))
    file = tree / data.draw(st.sampled_from(["boundary.yaml", "platform.yaml", "teams/fakespot.yaml"]))
    content = yaml.safe_load(file.read_text())
    place, key = content, data.draw(st.sampled_from(sorted(content)))
    while isinstance(place[key], dict) and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(VALUES)
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    outcome(tree)


@given(st.integers(0, len(TEAM)), st.integers(0, len(TEAM)), TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_edit(tmp_path_factory: pytest.TempPathFactory, start: int, length: int, text: str) -> None:
    tree = lay_out(CASES / "base", tmp_path_factory.mktemp("any"))
    edited = TEAM[:start] + text + TEAM[start + length :]
    (tree / "teams" / "fakespot.yaml").write_text(edited, encoding="utf-8")
    outcome(tree)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 50_000,
        "- " * 100_000,
        "a: &x " + "[*x" * 10_000,
        "\n".join(f"k{n}: v" for n in range(20_000)),
        "members: user:" + "a" * 200_000,
        "members: group:a@" + "a." * 100_000,
        "quota: {memory: " + "1" * 200_000 + "}",
        "code: " + "a/../" * 40_000,
        "n: " + "9" * 200_000,
        "? " * 50_000,
        '"' + "\\x41" * 50_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_file_costs_no_more_than_its_size(tree: Path, text: str) -> None:
    (tree / "teams" / "fakespot.yaml").write_text(text)
    begun = time.process_time()
    with pytest.raises(DeclarationErrors) as raised:
        load(tree)
    assert time.process_time() - begun < 5
    assert all(len(str(mistake)) < 2000 for mistake in raised.value.mistakes)


def test_lines_of_a_file_with_comments_and_blocks() -> None:
    source = parse("x.yaml", "# one\na:\n  b: 1\n  c:\n    - 2\n\n    # six\n    - {d: 3,\n       e: 4}\n")
    assert source.value == {"a": {"b": 1, "c": (2, {"d": 3, "e": 4})}}
    lines = {("a", "b"): 3, ("a", "c", 0): 5, ("a", "c", 1): 8, ("a", "c", 1, "e"): 9}
    assert {location: source.line(location) for location in lines} == lines
    assert source.line(("a", "c", 1, "gone")) == 8
