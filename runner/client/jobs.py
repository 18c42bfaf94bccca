"""A job file and what it names beside it: code, lock and local data, with every mistake at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloister.declarations import DeclarationErrors, Declarations, Job, Mistake, Team, load, load_job
from cloister.declarations.mistakes import nearest, shown
from cloister.declarations.source import read
from runner.client import locks
from runner.image import spec


@dataclass(frozen=True)
class Prepared:
    """A job that can run: its file, its team, and the declarations around it."""

    path: Path
    job: Job
    team: Team
    declarations: Declarations
    stand_in: Path  # holds data/, artifacts/ and results/ as a local run's buckets hold them

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def sealed(self) -> bool:
        """A job may ask for less than its team may have, never for more."""
        return self.team.network == "sealed" or self.job.network == "sealed"

    @property
    def lock(self) -> Path | None:
        return None if self.job.environment is None else self.folder / self.job.environment

    def specification(self, code: str, lock: str | None, environment: str | None = None) -> spec.Spec:
        """What the runner is told, with the digests of code and environment."""
        return spec.Spec(
            run=self.job.run,
            code=code,
            lock=lock,
            environment=environment,
            inputs=tuple(spec.Input(*_place(item.from_), _directory(item.to)) for item in self.job.inputs),
            outputs=tuple(spec.Output(_directory(item.from_), item.to) for item in self.job.outputs),
            timeout=self.job.timeout_seconds,
            metrics=self.job.metrics,
        )


def find_team(team_name: str, root: Path) -> tuple[Declarations, Team]:
    """The declarations under `root` and one team of theirs. Raises DeclarationErrors."""
    declarations = load(root)
    team = declarations.teams.get(team_name)
    if team is None:
        known = ", ".join(declarations.teams) or "none"
        message = f"found no such team, expected one of {known}{nearest(team_name, declarations.teams)}"
        raise DeclarationErrors([Mistake(f"teams/{team_name}.yaml", 1, message)])
    return declarations, team


def prepare(
    path: Path, team_name: str, root: Path, stand_in: Path | None = None, *, here: bool = True
) -> Prepared:
    """Read and check everything a run needs. Raises DeclarationErrors with every mistake.

    `stand_in` is where the inputs lie on this machine, by bucket kind; beside the job file when left out. A run
    that is not `here` finds them in the team's buckets, which people cannot list.
    """
    stand_in = stand_in or path.parent
    mistakes: list[Mistake] = []
    declarations: Declarations | None = None
    team: Team | None = None
    job: Job | None = None
    try:
        declarations, team = find_team(team_name, root)
    except DeclarationErrors as errors:
        mistakes.extend(errors.mistakes)
    try:
        job = load_job(path, team=team)
        mistakes.extend(_beside(path, job, stand_in if here else None))
    except DeclarationErrors as errors:
        mistakes.extend(Mistake(str(path), mistake.line, mistake.message) for mistake in errors.mistakes)
    if mistakes or declarations is None or team is None or job is None:
        raise DeclarationErrors(mistakes)
    return Prepared(path, job, team, declarations, stand_in)


def _beside(path: Path, job: Job, stand_in: Path | None) -> Iterator[Mistake]:
    """What the file names and is not there, or cannot be staged as written."""
    source = read(path.parent, path)

    def wrong(field: str, location: tuple[str | int, ...], value: str, expected: str) -> Mistake:
        return Mistake(
            str(path), source.line(location), f"{field}: found {shown(value)}, expected {expected}"
        )

    if not (path.parent / job.code).is_dir():
        yield wrong("code", ("code",), job.code, "a directory beside this file")
    if job.environment is not None and not (path.parent / job.environment).is_file():
        yield wrong("environment", ("environment",), job.environment, "a lock file beside this file")
    elif job.environment is not None:
        yield from locks.mistakes(path.parent / job.environment, str(path.parent / job.environment))
    for index, item in enumerate(job.inputs):
        location = ("inputs", index)
        if stand_in is not None and not local_files(stand_in, item.from_):
            expected = f"files at {stand_in / item.from_} for a local run"
            yield wrong(f"inputs[{index}].from", (*location, "from"), item.from_, expected)
        if not _directory(item.to):
            yield wrong(f"inputs[{index}].to", (*location, "to"), item.to, "a directory below the job's own")
    for index, output in enumerate(job.outputs):
        if not _directory(output.from_):
            where = ("outputs", index, "from")
            yield wrong(f"outputs[{index}].from", where, output.from_, "a directory below the job's own")


def local_files(stand_in: Path, location: str) -> list[tuple[str, Path]]:
    """Object name (below the bucket) and file of everything a location names on this machine."""
    kind, prefix = _place(location)
    bucket = stand_in / kind
    if prefix and not prefix.endswith("/"):
        return [(prefix, bucket / prefix)] if (bucket / prefix).is_file() else []
    files = sorted(path for path in (bucket / prefix).rglob("*") if path.is_file())
    return [(path.relative_to(bucket).as_posix(), path) for path in files]


def _place(location: str) -> tuple[str, str]:
    kind, _, prefix = location.partition("/")
    return kind, prefix


def _directory(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))
