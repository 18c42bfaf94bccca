"""Metrics: the declared scalars of a run, read from metrics.json in the working directory, or from what MLflow logged.

They are the only values of the command's that enter the run record, so that people can compare runs without
reading data; names that job.yaml does not declare stay out.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence

from runner.image import mlruns, paths
from runner.image.workspace import METRICS, Workspace

LIMIT = 64 << 10  # bytes


def read(workspace: Workspace, declared: Sequence[str], owner: int) -> tuple[dict[str, float], str]:
    """The declared metrics that are finite numbers, and what was wrong with the others in one sentence, or nothing."""
    if not declared:
        return {}, ""
    with paths.Beneath(workspace.job) as top:
        written, wrong = _written(top, owner)
        logged = mlruns.last(top, (name for name in declared if name not in written), owner)
    found = {**logged, **written}
    good = {name: value for name in declared if (value := _scalar(found.get(name))) is not None}
    missing = [name for name in declared if name not in good]
    if not missing:
        return good, ""
    if wrong and not logged:
        return good, wrong
    where = f"{METRICS} and {mlruns.FOLDER}/ have" if logged else f"{METRICS} has"
    return good, f"{where} no finite number for: {', '.join(missing)}"


def _written(top: paths.Beneath, owner: int) -> tuple[Mapping[str, object], str]:
    """What metrics.json holds, and what is wrong with it."""
    try:
        fd = top.open((METRICS,), os.O_RDONLY | os.O_NONBLOCK)
        with open(fd, "rb") as file:
            if os.fstat(fd).st_uid != owner:
                return {}, f"{METRICS} belongs to another user"
            data = file.read(LIMIT + 1)
        found = json.loads(data) if len(data) <= LIMIT else None
    except FileNotFoundError:
        return {}, f"the command declares metrics and wrote no {METRICS}"
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}, f"{METRICS} is not a JSON object of at most {LIMIT} bytes"
    return found, ""


def _scalar(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
