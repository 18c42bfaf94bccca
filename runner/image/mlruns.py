"""Metrics that a command logged to MLflow's file store: text files below `mlruns/`, read as text and as nothing else.

Layout (MLflow 3, mlflow/store/tracking/file_store.py): `mlruns/<experiment>/<run>/metrics/<name>`, a line a point:
milliseconds since the epoch, value, step.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from runner.image import paths

FOLDER = "mlruns"
RUNS = 1_000  # of all experiments: who makes more names what is to be seen in metrics.json
LIMIT = 4 << 20  # bytes at the end of a file: 10,000 points are 300 kB


def variables(folder: str) -> dict[str, str]:
    """What makes MLflow in a command log to files in `folder`, which it does no more unless it is told so."""
    return {"MLFLOW_TRACKING_URI": f"file://{folder}", "MLFLOW_ALLOW_FILE_STORE": "true"}


def last(top: paths.Beneath, names: Iterable[str], owner: int) -> dict[str, float]:
    """The newest value of each metric that a run of MLflow's below `top` logged; those of files of others are not read."""
    runs = list(_runs(top))
    points = {name: max((p for run in runs for p in _points(top, (*run, "metrics", name), owner)), default=None)
              for name in names}  # fmt: skip
    return {name: point[2] for name, point in points.items() if point is not None}


def _runs(top: paths.Beneath) -> Iterator[tuple[str, ...]]:
    found = 0
    for experiment in _names(top, (FOLDER,)):
        for run in _names(top, (FOLDER, experiment)):
            found += 1
            if found > RUNS:
                return
            yield FOLDER, experiment, run


def _names(top: paths.Beneath, parts: tuple[str, ...]) -> list[str]:
    try:
        with top.directory(parts) as fd:
            return sorted(os.listdir(fd))
    except OSError:
        return []


def _points(top: paths.Beneath, parts: tuple[str, ...], owner: int) -> Iterator[tuple[int, int, float]]:
    """(milliseconds, step, value) of each line that is a point."""
    try:
        fd = top.open(parts, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    with open(fd, "rb") as file:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != owner:
            return
        file.seek(max(0, about.st_size - LIMIT))
        lines = file.read(LIMIT).splitlines()
    for line in lines:
        try:
            when, value, step = line.split()[:3]
            yield int(when), int(step), float(value)
        except ValueError:
            continue
