"""Pods and what carries them, from the tables that the proof reads too (policies/data/admission)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from policies.facts.kubernetes.admission.attempts import Attempt, Filling, attempts


class Case(Attempt):
    """One object a team may try to create. `says`: words of the refusal, where it is to be refused."""

    def object(self, runner: str) -> dict[str, Any]:
        """The Kubernetes object, with `runner` as the runner's image."""
        return self.manifest(Filling(runner, team=self.team, other="translations"))


def cases(name: str) -> list[Case]:
    """The cases of `honest` or `hostile`."""
    return [Case(**{f.name: getattr(item, f.name) for f in fields(item)}) for item in attempts(name)]
