"""What the evaluation knows beside the snapshot: whose project it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """The boundary's project: its id, and its number where it is declared."""

    project: str
    project_number: str = ""

    def number_of(self, project: str) -> str | None:
        """The number of a project given by id or number; None where it is not known."""
        if project.isdigit():
            return project
        return self.project_number or None if project == self.project else None

    def id_of(self, project: str) -> str | None:
        """The id of a project given by id or number; None where it is not known."""
        if not project.isdigit():
            return project
        return self.project if project == self.project_number else None
