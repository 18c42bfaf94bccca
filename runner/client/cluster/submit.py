"""Pinning a job to digests, and starting a run of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cloister.declarations import DeclarationErrors, Mistake
from cloister.declarations.mistakes import shown
from cloister.declarations.source import read
from runner.client import packages
from runner.client.cluster import environments, manifests
from runner.client.cluster.place import Place
from runner.client.cluster.upload import upload
from runner.client.jobs import Prepared, prepare
from runner.image import layout, spec

# Linux takes no environment variable longer than 128 KiB; what the variable is called counts too.
LONGEST_SPECIFICATION = 128_000
# Programs that are of no use without TCP, even to themselves on one machine. A sealed command has none.
NEED_TCP = {
    "torchrun": "torchrun", "torch.distributed.run": "torchrun", "torch.distributed.launch": "torchrun",
    "ray": "Ray", "dask": "Dask", "dask-scheduler": "Dask", "dask-worker": "Dask",
    "jupyter": "Jupyter", "jupyter-lab": "Jupyter", "jupyter-notebook": "Jupyter", "mpirun": "MPI",
    "tensorboard": "TensorBoard", "streamlit": "Streamlit", "gunicorn": "gunicorn", "uvicorn": "uvicorn",
}  # fmt: skip


def prepared(file: Path, team: str, root: Path) -> Prepared:
    """A job checked for the platform. Raises DeclarationErrors with every mistake."""
    job = prepare(file, team, root, here=False)
    if mistakes := list(_only_there(job)):
        raise DeclarationErrors(mistakes)
    return job


Send = Callable[[str, str, str, bytes], tuple[str, bool]]


def unsent(bucket: str, project: str, folder: str, archive: bytes) -> tuple[str, bool]:
    """In the place of `upload`, for a look: the archive's digest, and nothing sent."""
    return packages.digest(archive), False


def pin(job: Prepared, say: Callable[[str], None], send: Send = upload) -> manifests.Pinned:
    """Upload what the job names and the bucket lacks, and name it by digest.

    Raises NotUploaded, NotBuilt or DeclarationErrors.
    """
    place = Place(job.declarations, job.team)
    project = job.declarations.boundary.project
    code = packages.pack(job.folder / job.job.code)
    lock = environment = None
    if job.lock is not None:
        lock, archive = environments.archive(job.lock, say)
        environment, sent = send(place.code_bucket, project, layout.ENVIRONMENTS, archive)
        if sent:
            say(f"uploaded the environment, {len(archive):,} bytes")
    digest, sent = send(place.code_bucket, project, layout.CODE, code)
    if send is not unsent:
        say(f"code {digest[7:19]} {f'uploaded, {len(code):,} bytes' if sent else 'is there already'}")
    return manifests.Pinned(place, job.job, spec.dump(job.specification(digest, lock, environment)))


def _only_there(job: Prepared) -> Iterator[Mistake]:
    """What runs here and not on the platform."""
    source = read(job.folder, job.path)

    def mistake(key: str, found: Any, expected: str) -> Mistake:
        return Mistake(str(job.path), source.line((key,)), f"{key}: found {found}, expected {expected}")

    gpus = job.job.resources.gpus
    if len(gpus) > 1:
        yield mistake("resources", ", ".join(gpus), "one type of GPU; a node has one")
    nothing = "sha256:" + "0" * 64
    size = len(spec.dump(job.specification(nothing, nothing, nothing)))
    if size > LONGEST_SPECIFICATION:
        yield mistake(
            "run",
            f"a job of {size:,} characters",
            f"at most {LONGEST_SPECIFICATION:,}; pass a file of the code",
        )
    if job.sealed and (program := _needs_tcp(job.job.run)):
        expected = (
            f"a command that needs no network; the job runs sealed, and {program} talks to itself over TCP"
        )
        yield mistake("run", shown(" ".join(job.job.run)), expected)


def _needs_tcp(run: tuple[str, ...]) -> str | None:
    """The program of a command that cannot run without TCP, as people call it."""
    name = run[0].rpartition("/")[2]
    if name.startswith("python") and len(run) > 2 and run[1] == "-m":
        name = run[2]
    return NEED_TCP.get(name)
