"""Reading declarations, or raising every mistake of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cloister.declarations import checks
from cloister.declarations.boundary import Boundary
from cloister.declarations.checks.job import within_team
from cloister.declarations.dates import today as current_day
from cloister.declarations.fields import Declared
from cloister.declarations.job import Job
from cloister.declarations.messages import mistakes_of
from cloister.declarations.mistakes import DeclarationErrors, Mistake
from cloister.declarations.platform import Platform
from cloister.declarations.source import Source, parse, read
from cloister.declarations.team import Team
from cloister.declarations.tree import File, Rule, Tree, salvage

Model = TypeVar("Model", bound=Declared)


@dataclass(frozen=True)
class Declarations:
    """The declarations of one tree. `teams` is ordered by name."""

    root: Path
    boundary: Boundary
    platform: Platform
    teams: dict[str, Team]


def load(root: Path, *, today: date | None = None) -> Declarations:
    """Read boundary.yaml, platform.yaml and teams/*.yaml under `root`, checked for what is to be deployed.

    Raises DeclarationErrors with every mistake of every file; what has expired on `today` is one.
    """
    return _load(root, root / "boundary.yaml", checks.ALL, today or current_day(), expired_ok=False)


def load_with(root: Path, team: str, text: str) -> Declarations:
    """The declarations as they would be with teams/<team>.yaml holding `text`. Raises DeclarationErrors."""
    draft = _typed(parse(f"teams/{team}.yaml", text), Team)
    return _load(root, root / "boundary.yaml", checks.ALL, current_day(), expired_ok=False, drafts=(draft,))


def load_boundary(path: Path, *, expired_ok: bool = False) -> Boundary:
    """Read one boundary file, wherever it lies. Raises DeclarationErrors."""
    file = _file(path.parent, path, Boundary)
    mistakes = list(file.source.mistakes)
    if not expired_ok:
        tree = Tree(file, _nothing(Platform), (), current_day())
        mistakes.extend(checks.run(tree, (), expired_ok=False))
    if mistakes:
        raise DeclarationErrors(mistakes)
    return file.value


def load_beside(boundary_path: Path) -> Declarations | None:
    """What platform.yaml and teams/ beside a boundary file declare, or None where neither is there.

    For the proof: it judges dates, regions and images itself, so that only what it takes as declared
    (members, sources, shares, releases, names) is checked here. Raises DeclarationErrors.
    """
    root = boundary_path.parent
    if not (root / "platform.yaml").exists():
        return None
    return _load(root, boundary_path, checks.DECLARED, current_day(), expired_ok=True)


def files_beside(boundary_path: Path) -> dict[str, Path]:
    """The files that ``load_beside`` reads beside a boundary file, by their names below its directory."""
    root = boundary_path.parent
    platform = root / "platform.yaml"
    files = (platform, *_team_files(root)) if platform.exists() else ()
    return {path.relative_to(root).as_posix(): path for path in files}


def load_job(path: Path, *, team: Team | None = None) -> Job:
    """Read one job.yaml; with a team, what it asks for must fit the team's. Raises DeclarationErrors."""
    file = _file(path.parent, path, Job)
    mistakes = list(file.source.mistakes)
    if team is not None and not mistakes:
        mistakes.extend(within_team(file, team))
    if mistakes:
        raise DeclarationErrors(mistakes)
    return file.value


def _load(
    root: Path,
    boundary_path: Path,
    rules: tuple[Rule, ...],
    today: date,
    *,
    expired_ok: bool,
    drafts: tuple[File[Team], ...] = (),
) -> Declarations:
    boundary = _file(root, boundary_path, Boundary)
    platform = _file(root, root / "platform.yaml", Platform)
    written = (_file(root, path, Team) for path in _team_files(root))
    teams = (*written, *drafts)
    mistakes = list(_strays(root))
    for source in (boundary.source, platform.source, *(file.source for file in teams)):
        mistakes.extend(source.mistakes)
    mistakes.extend(checks.run(Tree(boundary, platform, teams, today), rules, expired_ok=expired_ok))
    if mistakes:
        raise DeclarationErrors(mistakes)
    named = {file.value.team: file.value for file in teams}
    return Declarations(root, boundary.value, platform.value, dict(sorted(named.items())))


def _team_files(root: Path) -> list[Path]:
    return sorted((root / "teams").glob("*.yaml"))


def _file(root: Path, path: Path, model: type[Model]) -> File[Model]:
    """One file as far as it can be read, its own mistakes in its source."""
    return _typed(read(root, path), model)


def _typed(source: Source, model: type[Model]) -> File[Model]:
    if not source.parsed:
        return File(source, salvage(model, None, set()))
    try:
        return File(source, model.model_validate(source.value))
    except ValidationError as error:
        source.mistakes.extend(mistakes_of(error, source, model))
        broken = {item["loc"][0] for item in error.errors(include_url=False) if item["loc"]}
        return File(source, salvage(model, source.value, broken))


def _nothing(model: type[Model]) -> File[Model]:
    return File(Source(""), salvage(model, None, set()))


def _strays(root: Path) -> list[Mistake]:
    """A teams/ that lies elsewhere, and files in it that would be passed over in silence."""
    real = (root / "teams").resolve()
    if not real.is_relative_to(root.resolve()):
        return [
            Mistake("teams", 1, f"found a link to {real}, expected a directory of this tree; copy it here")
        ]
    return [
        Mistake(f"teams/{path.name}", 1, f"found {path.suffix}, expected .yaml; rename the file")
        for path in sorted((root / "teams").glob("*"))
        if path.suffix != ".yaml" and path.suffix.lower() in (".yml", ".yaml", ".json")
    ]
