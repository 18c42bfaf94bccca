"""Runs of this machine that a flow can go on from."""

from __future__ import annotations

from pathlib import Path

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import shown
from runner.client.flow import in_pod
from runner.client.local import STATE


def resumable(directory: Path) -> bool:
    """Whether a run left a datastore: where it was done, and where a step failed."""
    return any((directory / "artifacts").glob(f"*/{in_pod.DATASTORE}"))


def find(root: Path, run: str) -> Path:
    """The directory of a run by its id, or the last eight digits of it. Raises DeclarationErrors."""
    runs = root / STATE / "runs"
    known = sorted(path for path in runs.glob("*") if path.name == run or path.name.endswith(f"-{run}"))
    if not known:
        message = (
            f"found no run {shown(run)} of this machine, expected one that `cloister flow run` made here"
        )
        raise DeclarationErrors([Mistake(str(runs), 1, message)])
    if not resumable(known[-1]):
        raise DeclarationErrors(
            [Mistake(str(known[-1]), 1, "found no Metaflow datastore, expected one to go on from")]
        )
    return known[-1]


def stand_in(folder: Path, data: Path, job: str, kept: Path | None) -> Path:
    """A directory that stands in for the team's buckets: the inputs' own, and a run to go on from beside them."""
    if kept is None:
        return data
    made = folder / "buckets"
    runs = made / "artifacts" / "runs" / job
    runs.mkdir(parents=True)
    (runs / kept.name).symlink_to((kept / "artifacts").resolve())
    for kind in ("data", "results"):
        (made / kind).symlink_to((data / kind).resolve())
    return made
