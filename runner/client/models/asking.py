"""One question to the registry: what is sent, and what came back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cloister.declarations import DeclarationErrors, Declarations, Mistake, Team
from cloister.declarations.dates import today
from cloister.declarations.team import Release
from runner.image.models.words import RECORD, ROW

TEAM_FILES = Path("teams")


class NoAnswer(Exception):
    """Why the registry could not be asked, in one line."""


@dataclass
class Answer:
    """What the runner said: its record, and the rows before it. `messages` are its other complaints."""

    record: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def take(self, entries: Iterable[dict[str, Any]]) -> None:
        """Read log entries of the runner. A second attempt's rows replace the first's."""
        for entry in entries:
            if entry.get("event") == ROW:
                self.rows.append(entry["row"])
            elif entry.get("event") == RECORD:
                self.record = entry["record"]
                self.rows = self.rows[len(self.rows) - int(self.record["rows"]) :]
            elif entry.get("severity") in ("WARNING", "ERROR"):
                self.messages.append(str(entry.get("summary") or entry.get("message", "")))

    @property
    def exit(self) -> int:
        """The runner's exit code. Raises NoAnswer where it said nothing."""
        if not self.record:
            raise NoAnswer(
                f"the registry gave no answer: {' '.join(self.messages[-1:]) or 'its pod left no log'}"
            )
        return int(self.record["exit"])


def team_file(declarations: Declarations, team: Team) -> str:
    """The revision of the team's file: the SHA-256 of its bytes."""
    path = declarations.root / TEAM_FILES / f"{team.team}.yaml"
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def declared_release(team: Team) -> Release:
    """The release that opens `results` to people today, the one that lasts longest. Raises DeclarationErrors."""
    day: date = today()
    found = [item for item in team.releases if item.bucket == "results" and item.until >= day]
    if not found:
        message = "releases: found none of results that holds today, expected {bucket: results, to, why, owner, until}"
        raise DeclarationErrors([Mistake(str(TEAM_FILES / f"{team.team}.yaml"), 1, message)])
    return max(found, key=lambda item: item.until)
