"""`cloister team new` on a terminal: it asks, explains, corrects, and writes what was answered."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cloister.declarations import load

from .terminal import Terminal

ROOT = Path(__file__).parents[2]


def asked(company: Path, *flags: str, columns: int = 80) -> Terminal:
    return Terminal([sys.executable, "-m", "cloister", "team", "new", *flags], company, columns)


def test_it_asks_explains_corrects_and_writes(company: Path) -> None:
    terminal = asked(company)
    for question, answers in {
        "team:": [("Search", "expected a team name"), ("fakespot", "exists already"), ("search", "")],
        "members:": [
            ("everyone", "expected a member:"),
            ("group:s@other.example", "expected a member of acme.example"),
            ("", ""),
        ],
        "network:": [("open", "expected sealed or project"), ("", "")],
        "quota.cpu:": [("many", "expected a whole number"), ("0", "a whole number of CPUs"), ("500", "")],
        "quota.memory:": [("lots", "expected a memory quantity"), ("128Gi", "")],
        "quota.gpus:": [
            ("nvidia-l4", "expected TYPE=COUNT"),
            ("nvidia-t4=1", "expected a GPU of a pool"),
            ("nvidia-l4=2", ""),
        ],
        "quota.max_run_hours:": [("721", "from 1 to 720"), ("", "")],
        "isolation:": [("", "")],
        "budget:": [("2500", "")],
        "budget.currency:": [("euro", "expected a currency code"), ("USD", "")],
        "metaflow:": [("y", "")],
    }.items():
        terminal.expect(f"\n{question}")
        for answer, wrong in answers:
            terminal.expect("]: " if question != "team:" else "  team: ")
            terminal.type(answer)
            if wrong:
                terminal.expect(wrong)
    terminal.expect("teams/search.yaml:")
    terminal.expect("Write it?")
    assert not (company / "teams/search.yaml").exists()
    terminal.type("")
    assert terminal.end() == 0, terminal.text
    team = load(company).teams["search"]
    assert team.members == "group:search-ml@acme.example"
    assert (team.quota.cpu, team.quota.memory, team.quota.gpus) == (500, "128Gi", {"nvidia-l4": 2})
    assert team.budget is not None and (team.budget.monthly, team.budget.currency) == (2500, "USD")
    assert team.metaflow
    said = " ".join(terminal.text.split())
    assert "All pools together can have 224." in said
    assert "nvidia-l4 (the pools can have 8)" in said
    assert "note quota.cpu is 500, and all pools of platform.yaml together have at most 224" in said
    assert "alerts on its runs and schedules, to ml-oncall@acme.example" in said
    assert "2500 USD a month declared, not watched: platform.yaml names no billing_account" in said
    assert "Next: run `make synth check`" in said


def test_what_a_flag_says_is_not_asked(company: Path) -> None:
    terminal = asked(company, "search", "--cpu", "8", "--memory", "32Gi", "--isolation", "dedicated")
    for question in ("members:", "network:", "quota.gpus:", "quota.max_run_hours:", "budget:", "metaflow:"):
        terminal.expect(f"\n{question}")
        terminal.type("")
    terminal.expect("Write it?")
    terminal.type("y")
    assert terminal.end() == 0, terminal.text
    assert "quota.cpu:" not in terminal.text
    team = load(company).teams["search"]
    assert (team.quota.cpu, team.isolation, team.budget, team.metaflow) == (8, "dedicated", None, False)


@pytest.mark.parametrize("leave", ["end of file", "no"])
def test_who_leaves_has_written_nothing(company: Path, leave: str) -> None:
    terminal = asked(company, "search")
    terminal.expect("members:")
    if leave == "no":
        for _ in range(9):
            terminal.type("")
        terminal.expect("Write it?")
        terminal.type("n")
    else:
        terminal.end_of_file()
    assert terminal.end() == 1
    assert not (company / "teams/search.yaml").exists()
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["fakespot"], "team: teams/fakespot.yaml exists already"),
        (["search", "--cpu", "0"], "quota.cpu: found 0, expected a whole number of CPUs"),
        (["search", "--isolation", "none"], 'isolation: found "none", expected shared or dedicated'),
    ],
)
def test_a_wrong_flag_is_said_before_the_first_question(company: Path, flags: list[str], said: str) -> None:
    terminal = asked(company, *flags)
    assert terminal.end() == 2
    assert said in terminal.text and "Enter takes" not in terminal.text


def test_with_both_flags_nothing_is_asked_on_a_terminal_either(company: Path) -> None:
    terminal = asked(company, "search", "--members", "group:search-ml@acme.example")
    assert terminal.end() == 0
    assert "Enter takes" not in terminal.text and (company / "teams/search.yaml").exists()


def test_declarations_that_are_wrong_already_are_said_before_the_first_question(company: Path) -> None:
    (company / "teams/fakespot.yaml").write_text("team: fakespot\n")
    terminal = asked(company)
    assert terminal.end() == 2
    assert "teams/fakespot.yaml:1:" in terminal.text and "Enter takes" not in terminal.text
