"""The pages of the site: what is made from the code is complete, and what is written links to what is there."""

from __future__ import annotations

import re
import shutil
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from cloister.declarations import Team, load
from docs.generate import architecture, catalogue, commands, declarations, navigation
from docs.generate.text import code, escaped, table
from policies.check import check_paths
from policies.verdicts.catalogue import catalogue as channels

from ..documents import ROOT

DOCS = ROOT / "docs"
CASES = ROOT / "tests" / "cases"
WRITTEN = sorted(path for path in DOCS.rglob("*.md") if "generate" not in path.parts)


# --- commands ---------------------------------------------------------------------------------------------


def test_every_command_has_its_section_with_options_and_an_example() -> None:
    pages = commands.pages()
    for node in commands.tree():
        if not node.path or not node.built:
            continue
        page = pages[f"{node.path[0]}.md"]
        start = page.index(f"{{#{'-'.join(('cloister', *node.path))}}}")
        section = re.split(r"\n#{1,3} ", page[start:])[0]
        assert "Example" in section, node.name
        for option in (
            option
            for parameter in node.command.params
            for option in parameter.opts
            if option.startswith("--")
        ):
            assert option in section, f"{node.name} {option}"


# --- catalogue --------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_every_channel_has_a_section_with_status_and_cases(example_tree: Path) -> None:
    report = check_paths((example_tree,), ROOT / "boundary.yaml")
    pages = catalogue.pages(report, CASES)
    assert len(channels()) == 176
    statuses = {verdict.id: verdict.status for verdict in report.verdicts}
    for identifier in channels():
        page = pages[f"{identifier.partition('-')[0].lower()}.md"]
        assert page.count(f"{{#{identifier.lower()}}}") == 1
        section = page[page.index(f"{{#{identifier.lower()}}}") :].partition("\n## ")[0]
        assert f"**In the example company:** {statuses[identifier]}." in section
        assert "](cases/" in section, f"{identifier} links no case"
    linked = {link for page in pages.values() for link in re.findall(r"\((cases/[^)]+)\)", page)}
    assert linked == {name for name, _ in catalogue.case_files(CASES)}


# --- declarations -----------------------------------------------------------------------------------------


def test_every_key_of_the_declarations_is_listed() -> None:
    from cloister.declarations.schemas import MODELS, schema

    page = declarations.page()
    for name in MODELS:
        for model in (schema(name), *schema(name).get("$defs", {}).values()):
            for key in model.get("properties", {}):
                assert code(key) in page, f"{name}: {key}"


# --- architecture -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawn", [architecture.packages, architecture.layers])
def test_the_drawing_is_svg_within_its_frame(drawn: object) -> None:
    assert callable(drawn)
    text = drawn()
    root = ET.fromstring(text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    numbers = [float(x) for path in root.iter() for x in re.findall(r"C ([\d.]+)", path.get("d", ""))]
    assert numbers
    # A Bézier curve with both inner points at x reaches three quarters of the way to it.
    edge = architecture.WIDTH / 2 + architecture.BOX / 2
    assert all(edge + (x - edge) * 0.75 <= architecture.WIDTH for x in numbers if x > edge)


def test_the_drawing_shows_every_import_between_its_boxes_and_refuses_circles() -> None:
    found = architecture.arrows(architecture.PACKAGES, architecture.every_import())
    assert found["stacks", "policies"] and found["runner.client", "runner.image"]
    assert ("policies", "stacks") not in found
    with pytest.raises(ValueError, match="circle"):
        architecture.ranks(("a", "b"), [("a", "b"), ("b", "a")])


# --- what is written --------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    made = {f"reference/commands/{name}" for name in commands.pages()} | {"reference/declarations.md"}
    made |= {
        f"reference/catalogue/{name}.md"
        for name in ("index", *(family.lower() for family in catalogue.FAMILIES))
    }
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        assert not target.startswith(("http://", "https://", "/")), f"{page.name}: {target}"
        path = (page.parent / target).resolve()
        assert path.exists() or path.relative_to(DOCS).as_posix() in made, f"{page.name}: {target}"


@pytest.mark.parametrize("page", [*WRITTEN, ROOT / "README.md"], ids=lambda page: page.name)
def test_commands_that_a_page_names_exist(page: Path) -> None:
    """Whether in a code block or in a sentence."""
    known = {node.path for node in commands.tree()}
    for words in re.findall(r"(?:^|[`$ /])cloister ([a-z]+)(?: ([a-z]+))?", page.read_text(), re.M):
        first, second = words
        assert (first,) in known, f"cloister {first}"
        if any(path[:1] == (first,) and len(path) > 1 for path in known):
            assert not second or (first, second) in known, f"cloister {first} {second}"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_declarations_that_a_page_shows_are_taken(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of a team's file, added to the example's."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795564800")  # 25 November 2026: their dates lie ahead
    for name in ("boundary.yaml", "platform.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "teams").mkdir()
    example = (ROOT / "teams/fakespot.yaml").read_text()
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", page.read_text(), re.M | re.S):
        part = yaml.safe_load(textwrap.dedent(block))
        if set(part) <= set(Team.model_fields):
            (tmp_path / "teams/fakespot.yaml").write_text(f"{example}{textwrap.dedent(block)}")
            load(tmp_path)


def test_the_navigation_forgets_no_page(tmp_path: Path) -> None:
    for name in ("index.md", "new.md", "runbooks/index.md", "runbooks/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    nav = [{"Start": "index.md"}, {"How to": [{"Runbooks": "runbooks/"}]}]
    assert navigation.spelled_out(nav, tmp_path) == [
        {"Start": "index.md"},
        {"How to": [{"Runbooks": ["runbooks/index.md", "runbooks/a.md"]}, "new.md"]},
    ]
    whole = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    assert any(navigation.REST in entry for entry in whole)


def test_text_that_knows_no_markdown_stays_as_it_is() -> None:
    assert escaped("a_b*c [x](y) <i> | `d` {e}") == r"a\_b\*c \[x\](y) &lt;i&gt; &#124; \`d\` \{e\}"
    assert code("a|<b>") == "<code>a&#124;&lt;b&gt;</code>"
    assert table(["a"], [["x\ny"]]).splitlines()[-1] == "| x y |"
