"""CODEOWNERS routes each file to whoever answers for it: the last line that matches, as GitHub and GitLab read it."""

from __future__ import annotations

import subprocess
from functools import cache

import pytest

from cloister.declarations import load

from ..documents import ROOT

SECURITY, PLATFORM = "@acme/security", "@acme/ml-platform"


@cache
def lines() -> tuple[tuple[str, frozenset[str]], ...]:
    found = []
    for line in (ROOT / "CODEOWNERS").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, *owners = line.split()
            found.append((pattern, frozenset(owners)))
    return tuple(found)


def owners(path: str) -> frozenset[str]:
    matching = [who for pattern, who in lines() if _matches(pattern, path)]
    return matching[-1] if matching else frozenset()


def _matches(pattern: str, path: str) -> bool:
    """Of the patterns only the three kinds in use: everything, a directory, a file, the latter two from the root."""
    if pattern == "*":
        return True
    assert pattern.startswith("/") and "*" not in pattern, pattern
    return path.startswith(pattern[1:]) if pattern.endswith("/") else path == pattern[1:]


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("boundary.yaml", {SECURITY}),
        ("policies/channels/api.py", {SECURITY}),
        ("platform.yaml", {PLATFORM}),
        ("stacks/team/buckets.py", {PLATFORM}),
        ("CODEOWNERS", {SECURITY, PLATFORM}),
        (".github/workflows/boundary.yml", {SECURITY, PLATFORM}),
        (".ci/boundary", {SECURITY, PLATFORM}),
        ("ci/gitlab.yml", {SECURITY, PLATFORM}),
        ("runner/image/main.py", {SECURITY, PLATFORM}),
        ("docs/tutorial.md", {PLATFORM}),
        ("teams/one-without-a-line.yaml", {PLATFORM}),
    ],
)
def test_each_file_goes_to_whoever_answers_for_it(path: str, who: set[str]) -> None:
    assert owners(path) == who


def test_every_team_owns_its_file_alone() -> None:
    for team in load(ROOT).teams:
        assert owners(f"teams/{team}.yaml") == {f"@acme/{team}-ml"}


def test_no_line_is_dead_and_no_file_without_owner() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = listed.stdout.splitlines()
    assert all(owners(path) for path in files)
    for pattern, _ in lines():
        assert any(_matches(pattern, path) for path in files), f"{pattern} matches nothing"
