"""The page of the report: its structure, hostile names, its size at 200 teams, its bytes, and that it loads nothing."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from policies.channels.evidence import Assumed, Control, Evidence, Leak, Step
from policies.report.as_html import render
from policies.report.drawing import FAMILIES, family, lanes, named_teams, plane
from policies.report.model import Detail
from policies.verdicts.catalogue import catalogue
from tests.policies.report.company import company, report
from tests.policies.report.made import DAY, HOSTILE, failing_over, report_over, sheet_of

VOID = {"meta", "br", "input", "link", "img", "hr"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def all(self, tag: str = "", **wanted: str) -> list[Node]:
        """Every node below of this tag with these attributes (``class_`` is one of the classes)."""
        found = []
        for child in self.children:
            classes = child.attributes.get("class", "").split()
            if (not tag or child.tag == tag) and all(
                value in classes if key == "class_" else child.attributes.get(key) == value
                for key, value in wanted.items()
            ):
                found.append(child)
            found += child.all(tag, **wanted)
        return found

    @property
    def text(self) -> str:
        return " ".join(" ".join([*self.words, *(child.text for child in self.children)]).split())


class Tree(HTMLParser):
    """A strict reading: every element is closed, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(page)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice: {tag} {names}"
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].words.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return render(failing_over("leaky"), DAY)


def test_findings_come_first_with_path_evidence_cure_and_standards(page: str) -> None:
    (main,) = Tree(page).root.all("main")
    sections = [node.attributes["id"] for node in main.children if node.tag == "section"]
    assert sections == ["findings", "drawing", "grounds", "teams", "channels", "standards"]
    leak, expired = main.all("article")
    assert "A pod reaches the internet through leaky." in leak.text
    first, last = leak.all("ol")[0].all("li")
    assert (
        "a pod → leaky" in first.text
        and "platform/google_compute_router_nat.leaky attribute name" in first.text
    )
    assert first.all("code")[0].text == "translates"
    assert "leaky → the internet" in last.text
    assert "Cure remove leaky" in leak.text and "NIST SC-7" in leak.text and "T1048" in leak.text
    assert "expired on 2026-11-22" in expired.text


def test_what_holds_has_no_findings_and_says_its_claim() -> None:
    root = Tree(render(report_over({}), DAY)).root
    assert root.all("h1")[0].text == "The boundary holds"
    assert "Do not call it proven." in root.all("header")[0].text
    assert not root.all("article") and not root.all(id="findings")


def test_every_channel_is_listed_once_under_its_family(page: str) -> None:
    root = Tree(page).root
    channels = root.all("details", class_="channel")
    assert [node.attributes["id"] for node in channels] == list(catalogue())
    for section in root.all("section", class_="family"):
        assert {family(node.attributes["id"]) for node in section.all("details")} == {
            section.attributes["id"]
        }
    by_id = {node.attributes["id"]: node for node in channels}
    assert by_id["NET-06"].attributes["data-status"] == "open"
    assert "platform/google_compute_network.vpc attribute leaky" in by_id["NET-07"].text
    assert "nothing in the inputs opens this channel" in by_id["BQ-01"].text


def test_grounds_tell_the_days_left_and_what_would_close(page: str) -> None:
    (grounds,) = Tree(page).root.all(id="grounds")
    assert (
        "10 days left" in grounds.text
        and "expired 3 days ago" in grounds.text
        and "no expiry" in grounds.text
    )
    assert "a perimeter" in grounds.text and "0" * 64 in grounds.text
    assert "group:p@acme.example" in grounds.text


def test_standards_name_each_channel_with_its_status(page: str) -> None:
    (standards,) = Tree(page).root.all(id="standards")
    assert [node.text.rpartition(" ")[0].rpartition(" ")[0] for node in standards.all("h3")] == [
        "CIS Google Cloud Platform Foundation Benchmark",
        "CIS Google Kubernetes Engine Benchmark",
        "NIST SP 800-53",
        "MITRE ATT&CK",
    ]
    rows = {row.all("th")[0].text: row.all("td")[0].text for row in standards.all("tr") if row.all("td")}
    assert set(rows) == {name for entry in catalogue().values() for name in entry.standards}
    assert rows["T1048"].startswith("open NET-06 ")
    assert list(rows).index("CIS-GCP 3.9" if "CIS-GCP 3.9" in rows else "CIS-GCP 3.7") < list(rows).index(
        "CIS-GCP 3.10"
    )


def test_the_drawing_says_what_the_report_says(page: str) -> None:
    report = failing_over("leaky")
    drawn = {lane.family: lane for lane in lanes(report)}
    assert set(drawn) == set(FAMILIES) == {family(identifier) for identifier in catalogue()}
    assert sum(count for lane in drawn.values() for _, count in lane.counts) == len(catalogue())
    assert drawn["NET"].status == "open" and drawn["NET"].failing == ("NET-06",) and drawn["NET"].passes
    assert [cut and (cut.name, cut.attribute) for cut in drawn["NET"].cuts] == [
        None, ("vpc", "leaky"), None, None,
    ]  # fmt: skip
    assert drawn["IAM"].cuts[0] and drawn["IAM"].last == 0 and drawn["DNS"].last is None
    assert not drawn["DNS"].passes
    assert drawn["API"].status == "residual" and drawn["API"].passes
    assert drawn["LOG"].status == "assumed" and drawn["LOG"].passes
    (svg,) = Tree(page).root.all("svg")
    states = [text.text for lane in svg.all("a", class_="lane") for text in lane.all("text", class_="state")]
    assert states[0] == "1 open, 1 residual, 22 closed"
    heads = [lane.attributes["class"] for lane in svg.all("a") if lane.all("path", class_="head")]
    passing = sum(lane.passes for lane in drawn.values())
    assert heads.count("open-path") == 1 and len(heads) == passing + 1 and heads[0] == "lane open"


def test_an_open_path_is_drawn_with_every_node(page: str) -> None:
    (svg,) = Tree(page).root.all("svg")
    (path,) = svg.all("a", class_="open-path")
    assert [text.text for text in path.all("text", class_="node")] == ["a pod", "leaky", "the internet"]
    assert len(path.all("path", class_="edge")) == 2
    assert Tree(page).root.all(id=path.attributes["href"][1:])[0].tag == "article"


def test_teams_with_findings_come_first_in_a_drawing_that_has_no_room_for_all() -> None:
    teams = [replace(sheet_of(f"t{number:03}"), findings=()) for number in range(200)]
    teams[150] = replace(teams[150], findings=("NET-06-00000000",))
    named = named_teams(tuple(teams))
    assert len(named) < 20 and named[0] == (151, teams[150])
    assert [number for number, _ in named[1:]] == list(range(1, len(named)))
    root = Tree(render(replace(report_over({}), gather=lambda: Detail(teams=tuple(teams))), DAY)).root
    (svg,) = root.all("svg")
    assert "and 185 more" in svg.text and "200 teams' data" in svg.text
    assert len(root.all("details", class_="team")) == 200


def test_a_sheet_says_who_can_reach_what(page: str) -> None:
    (sheet,) = Tree(page).root.all("details", class_="team")
    rows = [[cell.text for cell in row.all("td")] for row in sheet.all("tr")][1:]
    name = "leaky"
    assert rows == [[name, f"read, write by a grant on {name}", "google_x.y members"]]
    assert "release of" in sheet.text and "results" in sheet.text and "10 days left" in sheet.text
    assert (
        "Data of others" in sheet.text and "through" in sheet.text and "run pods in namespace" in sheet.text
    )
    assert "Teams whose own code holds the network" in Tree(page).root.all("main")[0].text


@pytest.mark.parametrize(
    ("address", "index"),
    [
        ("a/google_storage_bucket_iam_binding.x", 0),
        ("a/kubernetes_role_v1.x", 0),
        ("a/google_compute_network_firewall_policy_rule.x", 1),
        ("a/kubernetes_network_policy_v1.x", 1),
        ("cluster/google_container_cluster.iam_", 2),
        ("a/kubernetes_manifest.policy", 2),
        ("a/google_storage_bucket.iam_", 3),
        ("boundary.yaml", 3),
        ("a/data.google_dns_managed_zone.x", 1),
    ],
)
def test_a_control_is_drawn_on_the_plane_of_its_type(address: str, index: int) -> None:
    assert plane(address) == index


def test_hostile_names_stay_names(page: str) -> None:
    hostile = render(failing_over(HOSTILE), DAY)
    root = Tree(hostile).root
    assert len(root.all("script")) == 1 and len(root.all()) >= len(Tree(page).root.all())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", hostile)
    assert "y" * 500 not in hostile and "characters)" in hostile
    assert "\\u202e" in root.all("article")[0].text
    assert tags(root) == tags(Tree(page).root)


def tags(root: Node) -> list[str]:
    """The elements of a page but those that follow from a name's length or its backticks."""
    return [node.tag for node in root.all("main")[0].all() if node.tag not in {"code", "text"}]


def test_nothing_is_loaded_and_only_the_pages_own_script_may_run(page: str) -> None:
    root = Tree(page).root
    own = "".join(word for tag in ("style", "script") for word in root.all(tag)[0].words)
    assert not re.search(r"(?i)//|url\(|@import|fetch\(|XMLHttpRequest|import\(", own)
    for node in root.all():
        assert node.tag not in {"img", "link", "iframe", "object", "embed", "base"}
        assert not any(name.startswith("on") or name in {"src", "style"} for name in node.attributes)
        assert node.attributes.get("href", "#").startswith("#")
    policy = next(m.attributes["content"] for m in root.all("meta") if "http-equiv" in m.attributes)
    assert policy.startswith("default-src 'none'")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (element,) = root.all(tag)
        digest = b64encode(hashlib.sha256("".join(element.words).encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_it_can_be_read_by_ear_and_by_keyboard(page: str) -> None:
    root = Tree(page).root
    assert root.all("html")[0].attributes["lang"] == "en"
    ids = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for node in root.all():
        for name in ("aria-labelledby", "for"):
            assert set(node.attributes.get(name, "").split()) <= set(ids)
        if node.tag == "a":
            assert node.attributes["href"][1:] in ids and node.text
        if node.tag in {"select", "input"}:
            assert any(node in label.all() for label in root.all("label"))
    levels = [int(node.tag[1]) for node in root.all() if re.fullmatch("h[1-6]", node.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(len(root.all(tag)) == 1 for tag in ("main", "nav", "footer"))


def test_two_hundred_teams_stay_under_two_megabytes() -> None:
    teams = [f"team-of-a-rather-long-name-{number:03}" for number in range(200)]
    evidence: dict[str, list[Evidence]] = {
        identifier: [
            Control(f"{team}/google_storage_bucket_iam_binding.raw_{team}", "members") for team in teams
        ]
        for identifier in catalogue()
    }
    for identifier in ("GCS-02", "IAM-01", "TEN-02"):
        evidence[identifier] = [
            Leak(
                "open",
                team,
                f"{team} leaks.",
                (Step(team, "evil", "grant", f"{team}/x.y", "member"),),
                "cut",
                "a",
                "b",
            )
            for team in teams
        ]
    evidence["LOG-04"] = [Assumed("receives alerts", "s@acme.example", None, team) for team in teams]
    page = render(report_over(evidence), DAY)
    assert len(page.encode()) < 2_000_000
    root = Tree(page).root
    assert "and 188 more controls" in root.all(id="NET-01")[0].text
    assert "and 190 more findings of this channel" in root.all(id="findings")[0].text
    assert "and 197 more" in root.all(id="grounds")[0].text


@pytest.mark.engine
def test_the_example_with_two_hundred_teams_stays_under_two_megabytes(
    example_tree: Path, tmp_path: Path
) -> None:
    """The longest names a team may have, and something shared by each."""
    home = company(example_tree, tmp_path, 200)
    passing = (
        '\nreleases: [{bucket: results, to: "group:r@acme.example", why: w, owner: o, until: 2027-03-31}]\n'
    )
    for file in (home / "teams").glob("*.yaml"):
        file.write_text(file.read_text() + passing)
    whole = report(home)
    assert len(whole.teams) == 200 and all(sheet.nodes and sheet.passings for sheet in whole.teams)
    page = render(whole, DAY)
    assert len(page.encode()) < 2_000_000
    assert len(Tree(page).root.all("details", class_="team")) == 200


def test_the_same_report_and_day_give_the_same_bytes(page: str) -> None:
    assert render(failing_over("leaky"), DAY) == page
    assert render(failing_over("leaky"), date(2026, 11, 26)) != page
