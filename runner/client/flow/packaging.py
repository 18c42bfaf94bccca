"""A flow as a job: its files, the command that runs it, and what a job file beside it says it needs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cloister.declarations import Job, Mistake
from runner.client.flow import in_pod
from runner.client.packages import LEFT_OUT

JOB_FILE = "job.yaml"
LOCK = "requirements.lock"
SUFFIXES = (".py", ".R", ".RDS")  # what Metaflow itself packages
LAUNCHER = "cloister_flow.py"
# What a flow without a job file gets.
RESOURCES = {"cpu": 1, "memory": "2Gi"}
_METAFLOW = re.compile(r"^metaflow\s*==", re.MULTILINE)


@dataclass(frozen=True)
class Resumed:
    """A run to go on from, and the step to start at where it is not the one that failed."""

    run_id: str
    step: str | None = None


@dataclass(frozen=True)
class Flow:
    """A flow's file, its class, and its job file as read, where it has one."""

    path: Path
    name: str
    needs: Job | None
    needs_path: Path

    @property
    def job_name(self) -> str:
        """The job's name: the job file's, else the class's in small letters and hyphens."""
        if self.needs is not None:
            return self.needs.name
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", self.name).lower()
        return re.sub(r"[^a-z0-9-]|^[^a-z]+", "", words)[:38].strip("-") or "flow"

    @property
    def lock(self) -> Path:
        if self.needs is not None and self.needs.environment is not None:
            return self.needs_path.parent / self.needs.environment
        return self.path.parent / LOCK


def mistakes(flow: Flow) -> Iterator[Mistake]:
    """What a flow lacks to be a job."""
    if not flow.lock.is_file():
        yield Mistake(
            str(flow.lock), 1, "found no such file, expected a lock with metaflow and what the flow needs"
        )
    elif not _METAFLOW.search(flow.lock.read_text(encoding="utf-8", errors="replace")):
        yield Mistake(
            str(flow.lock), 1, "found no metaflow==..., expected it; a flow runs with its own lock's Metaflow"
        )


def lay_out(flow: Flow, folder: Path, words: Sequence[str], resumed: Resumed | None) -> Path:
    """Write the flow's code, lock and job file below `folder`; the job file's path.

    `words` are what `run` is given, as `--name=value`.
    """
    files = list(_files(flow.path.parent))
    if (folder / "src" / LAUNCHER).exists():  # of an earlier time
        shutil.rmtree(folder / "src")
    for name, path in files:
        target = folder / "src" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target, follow_symlinks=False)  # a link stays one, and packaging refuses it
    (folder / "src" / LAUNCHER).write_bytes(Path(in_pod.__file__).read_bytes())
    shutil.copyfile(flow.lock, folder / LOCK)
    file = folder / JOB_FILE
    file.write_text(yaml.safe_dump(_job(flow, words, resumed), sort_keys=False), encoding="utf-8")
    return file


def _job(flow: Flow, words: Sequence[str], resumed: Resumed | None) -> dict[str, Any]:
    """The job file's content."""
    base: dict[str, Any] = {"resources": RESOURCES, "inputs": [], "outputs": []}
    if flow.needs is not None:
        base = flow.needs.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not any(word.startswith("--max-workers=") for word in words):
        words = [*words, f"--max-workers={max(1, int(base['resources']['cpu']))}"]  # a process per core
    run = ["python", LAUNCHER, f"--flow={flow.path.name}", f"--name={flow.name}"]
    run += [f"--metric={name}" for name in base.get("metrics", ())]
    inputs = list(base["inputs"])
    if resumed is not None:
        run += [f"--step={resumed.step}"] if resumed.step else []
        staged = f"artifacts/runs/{flow.job_name}/{resumed.run_id}/"
        inputs.append({"from": staged, "to": f"{in_pod.STAGED}/"})
    return {
        **base,
        "name": flow.job_name,
        "run": [*run, "--", *words],
        "code": "./src",
        "environment": LOCK,
        "inputs": inputs,
        "outputs": [*base["outputs"], {"from": f"{in_pod.PUBLISHED}/", "to": "artifacts"}],
    }


def _files(folder: Path) -> Iterator[tuple[Path, Path]]:
    """What Metaflow would package, below the flow's directory: names and files."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part in LEFT_OUT or part.startswith(".") for part in name.parts)
        if not hidden and path.suffix in SUFFIXES and (path.is_file() or path.is_symlink()):
            yield name, path
