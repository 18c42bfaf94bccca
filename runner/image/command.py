"""The team's command: the environment it starts in, made from nothing, and how it is started sealed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from runner.image import mlruns
from runner.image.config import Config
from runner.image.seal.child import Child, start
from runner.image.seal.launch import Request
from runner.image.spec import Spec
from runner.image.workspace import CHECKPOINT, METRICS, SEEN, UNPRIVILEGED, Workspace


def user() -> tuple[int, int]:
    """The user and group the command runs as: the runner's own, or an unprivileged one under root."""
    return (UNPRIVILEGED, UNPRIVILEGED) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def environment(config: Config, workspace: Workspace, seen: Path, attempt: int) -> dict[str, str]:
    """Every variable the command gets, with the workspace at `seen`. Nothing is inherited."""
    modules = seen / "env" if seen == SEEN or workspace.environment is None else workspace.environment
    return {
        "PATH": f"{modules}/bin:{seen}/bin:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(modules),
        "PYTHONUNBUFFERED": "1",
        "HOME": str(seen / "home"),
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "CLOISTER_TEAM": config.team,
        "CLOISTER_JOB": config.job,
        "CLOISTER_RUN_ID": config.run_id,
        "CLOISTER_ATTEMPT": str(attempt),
        "CLOISTER_SHARD": str(config.shard),
        "CLOISTER_SHARDS": str(config.shards),
        "CLOISTER_METRICS": str(seen / "job" / METRICS),
        "CLOISTER_CHECKPOINT": str(seen / "job" / CHECKPOINT),
        **mlruns.variables(str(seen / "job" / mlruns.FOLDER)),
    }


def begin(config: Config, spec: Spec, workspace: Workspace, attempt: int) -> Child:
    """Start the command: in its own namespaces where these are the runner's to make, else as the container has it."""
    return _start(config, spec.run, workspace, attempt, sealed=config.sealed, fed=False)


def serve(config: Config, run: Sequence[str], workspace: Workspace) -> Child:
    """Start a model's command: sealed whatever the team may have, and fed through its stdin."""
    return _start(config, run, workspace, 1, sealed=True, fed=True)


def _start(
    config: Config, run: Sequence[str], workspace: Workspace, attempt: int, *, sealed: bool, fed: bool
) -> Child:
    uid, gid = user()

    def request(seen: Path, *, namespaces: bool) -> Request:
        return Request(
            argv=list(run),
            env=environment(config, workspace, seen, attempt),
            cwd=str(seen / "job"),
            network=not sealed,
            uid=uid,
            gid=gid,
            root=str(workspace.root / "root"),
            binds=workspace.binds() if namespaces else None,
            fed=fed,
        )

    plain = request(workspace.root, namespaces=False)
    return start(request(SEEN, namespaces=True) if config.namespaces and sealed else plain, plain)
