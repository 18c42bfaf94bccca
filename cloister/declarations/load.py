"""Reading the three declarations of a tree, or raising every mistake of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cloister.declarations.boundary import Boundary
from cloister.declarations.fields import Declared
from cloister.declarations.job import Job
from cloister.declarations.messages import mistakes_of
from cloister.declarations.mistakes import DeclarationErrors, Mistake
from cloister.declarations.platform import Platform
from cloister.declarations.source import Source, read
from cloister.declarations.team import Team

Model = TypeVar("Model", bound=Declared)


@dataclass(frozen=True)
class Declarations:
    """The declarations of one tree. `teams` is ordered by name."""

    root: Path
    boundary: Boundary
    platform: Platform
    teams: dict[str, Team]


def _model(source: Source, model: type[Model]) -> Model | None:
    """The typed value of a file, or None with the reasons added to the source's mistakes."""
    if source.mistakes:
        return None
    try:
        return model.model_validate(source.value)
    except ValidationError as error:
        source.mistakes.extend(mistakes_of(error, source, model))
        return None


def team_files(root: Path) -> list[Path]:
    """The team files of a tree, by name."""
    return sorted((root / "teams").glob("*.yaml"))


def load(root: Path) -> Declarations:
    """Read boundary.yaml, platform.yaml and teams/*.yaml under `root`. Raises DeclarationErrors."""
    boundary_source = read(root, root / "boundary.yaml")
    platform_source = read(root, root / "platform.yaml")
    team_sources = [read(root, path) for path in team_files(root)]
    boundary = _model(boundary_source, Boundary)
    platform = _model(platform_source, Platform)
    teams = {source.file: _model(source, Team) for source in team_sources}
    mistakes: list[Mistake] = []
    for source in (boundary_source, platform_source, *team_sources):
        mistakes.extend(source.mistakes)
    if mistakes or boundary is None or platform is None:
        raise DeclarationErrors(mistakes)
    named = {team.team: team for team in teams.values() if team is not None}
    return Declarations(root, boundary, platform, dict(sorted(named.items())))


def load_boundary(path: Path, *, expired_ok: bool = False) -> Boundary:
    """Read one boundary file, wherever it lies. Raises DeclarationErrors."""
    source = read(path.parent, path)
    boundary = _model(source, Boundary)
    if boundary is None:
        raise DeclarationErrors(source.mistakes)
    return boundary


def load_beside(boundary_path: Path) -> Declarations | None:
    """What platform.yaml and teams/ beside a boundary file declare, or None where there is no platform.yaml."""
    root = boundary_path.parent
    return load(root) if (root / "platform.yaml").exists() else None


def load_job(path: Path) -> Job:
    """Read one job.yaml. Raises DeclarationErrors."""
    source = read(path.parent, path)
    job = _model(source, Job)
    if job is None:
        raise DeclarationErrors(source.mistakes)
    return job
