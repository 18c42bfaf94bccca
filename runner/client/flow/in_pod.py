"""Runs a flow with the real Metaflow inside the seal. Packaged beside the flow; Metaflow and the standard library only.

The datastore is a directory below checkpoint/, which the runner keeps when the node goes away, the timeout strikes or
a step fails. A later attempt of the run, or a run that resumes it, goes on from there; when the flow is done the
datastore becomes one of its outputs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

DATASTORE = ".metaflow"  # as Metaflow calls it
KEPT = Path("checkpoint")
PUBLISHED = Path("metaflow")
STAGED = Path("resume")
RUN_ID = "run-id"
METRICS = Path("metrics.json")


def main(arguments: Sequence[str]) -> int:
    """Metaflow's own exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flow", required=True, help="the flow's file")
    parser.add_argument("--name", required=True, help="the flow's class")
    parser.add_argument("--step", help="the step to resume from; default: those that did not end well")
    parser.add_argument("--metric", action="append", default=[], help="an artifact of the last step")
    parser.add_argument("words", nargs="*", help="what `run` is given")
    options = parser.parse_args(arguments)
    os.environ.update(settings(os.environ))
    origin = found(options.name)
    what = ["run", *options.words] if origin is None else ["resume", "--origin-run-id", origin]
    if origin is not None and options.step:
        what.append(options.step)
    (KEPT / DATASTORE).mkdir(exist_ok=True)
    Path(DATASTORE).symlink_to(KEPT / DATASTORE)  # where Metaflow looks for the place of its cards
    tag = f"run:{os.environ['CLOISTER_RUN_ID']}"
    command = [sys.executable, options.flow, "--no-pylint", *what]
    command += [f"--run-id-file={KEPT / RUN_ID}", f"--tag={tag}"]
    if origin is not None:
        command += limits(options.words)
    code = subprocess.call(command)
    if code == 0:
        measure(options.name, options.metric)
        for name in (DATASTORE, RUN_ID):
            (KEPT / name).rename(PUBLISHED / name)
    return code if code >= 0 else 128 - code


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What Metaflow is told: everything on this disk, nothing reported, nothing installed."""
    return {
        "METAFLOW_DEFAULT_DATASTORE": "local",
        "METAFLOW_DEFAULT_METADATA": "local",
        "METAFLOW_DEFAULT_ENVIRONMENT": "local",
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(KEPT.resolve()),
        "METAFLOW_HOME": f"{environment['HOME']}/.metaflowconfig",
        "METAFLOW_USER": environment["CLOISTER_TEAM"],
        "METAFLOW_DEFAULT_EVENT_LOGGER": "nullSidecarLogger",
        "METAFLOW_DEFAULT_MONITOR": "nullSidecarMonitor",
        "METAFLOW_SKIP_INSTALL_DEPENDENCIES": "1",
        "METAFLOW_CLIENT_CACHE_PATH": f"{environment['TMPDIR']}/metaflow",
    }


def found(flow: str) -> str | None:
    """The Metaflow run to go on from: of an earlier attempt, or of the run that was staged to be resumed."""
    if not (KEPT / DATASTORE).is_dir():
        earlier = sorted(STAGED.glob(f"**/{DATASTORE}"), key=_attempt)
        if not earlier:
            return None
        (KEPT / RUN_ID).write_bytes((earlier[-1].parent / RUN_ID).read_bytes())
        earlier[-1].rename(KEPT / DATASTORE)
    try:
        run = (KEPT / RUN_ID).read_text().strip()
    except OSError:
        return None
    # Without its parameters a run has nothing to go on from.
    return run if any((KEPT / DATASTORE / flow / run / "_parameters").glob("*/*.DONE.lock")) else None


def _attempt(path: Path) -> tuple[int, str]:
    """Attempts lie in directories of their numbers."""
    first = path.relative_to(STAGED).parts[0]
    return (int(first) if first.isdigit() else 0, path.as_posix())


def limits(words: Sequence[str]) -> list[str]:
    """What of `run`'s words holds for `resume` too: parameters are the first run's own."""
    return [word for word in words if re.match(r"--max-[a-z-]+=", word)]


def measure(flow: str, wanted: Sequence[str]) -> None:
    """Numbers among the last step's artifacts as the run's metrics, unless the flow wrote the file itself."""
    if not wanted or METRICS.exists():
        return
    from metaflow import Run, namespace

    namespace(None)
    data = Run(f"{flow}/{(KEPT / RUN_ID).read_text().strip()}").data
    values = {name: getattr(data, name) for name in wanted if data is not None and name in data}
    METRICS.write_text(json.dumps({name: float(value) for name, value in values.items()}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
