"""The model behind the server: one sealed process that answers one request at a time, and starts again when it fails."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.image.exits import Exit, Failure
from runner.image.log import Log
from runner.image.models import card, files, places
from runner.image.models.predictor import Predictor, check_golden, place
from runner.image.models.registry import Document, digest
from runner.serving.settings import Settings

GOLDEN_SECONDS = 60.0  # for one golden request, the first of which waits for the model to load


class Model:
    """A version as it was laid out in `root`. Raises Failure where it is not whole.

    Every start reads the files' hashes again and asks every golden request: the model's own process may write there.
    """

    def __init__(self, settings: Settings, log: Log, root: Path) -> None:
        self._log, self._root, self._work = log, root, settings.work
        self.version, self.stage = _pulled(root / places.PULLED)
        self._config = replace(settings.runner(self.version["lineage"]["run_id"]), work=root)
        self._workspace = place(self._config, self.version)
        self._predictor: Predictor | None = None
        self._lock = threading.Lock()
        files.check(self.version, self._workspace.job)
        self.card = card.parse((self._workspace.job / places.CARD).read_bytes())

    @property
    def name(self) -> str:
        return str(self.version["model"])

    @property
    def number(self) -> int:
        return int(self.version["number"])

    def start(self) -> None:
        """Start the model where it does not run. Raises Failure, and then it does not run."""
        with self._lock:
            if self._predictor is not None:
                return
            files.check(self.version, self._workspace.job)
            predictor = Predictor(self._config, self.card, self._workspace, self._log)
            try:
                count = check_golden(predictor, self.card, self._workspace.job, GOLDEN_SECONDS)
            except BaseException:
                predictor.close()
                raise
            self._predictor = predictor
        self._log.event("NOTICE", "ready", f"{count} golden requests answered as before", golden=count)

    def ask(self, instances: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
        """Predictions for instances that fit the signature. Raises Failure, and then the model was ended.

        After a late or a wrong answer nothing that it still says can be told from the answer to another request.
        """
        with self._lock:
            if self._predictor is None:
                raise Failure(Exit.UNAVAILABLE, "the model is starting again", "Ask again in a moment")
            try:
                return self._predictor.ask(instances, seconds)
            except Failure:
                self._end()
                raise

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """End it, and remove what was laid out for it, as `follow` lays it out."""
        self.close()
        if self._root != self._work:
            shutil.rmtree(self._root, ignore_errors=True)

    def _end(self) -> None:
        if self._predictor is not None:
            self._predictor.close()
            self._predictor = None


def newest(work: Path, after: int) -> tuple[int, Path] | None:
    """The newest version that was laid out below `work` after a step: the step and the directory.

    `follow` lays versions out below the numbers of their steps, `pull` one version in `work` itself, as step 0.
    """
    found = [(0, work)] if (work / places.PULLED).exists() else []
    found += [
        (int(path.parent.name), path.parent)
        for path in work.glob(f"[1-9]*/{places.PULLED}")
        if path.parent.name.isdecimal()
    ]
    return max(((step, root) for step, root in found if step > after), default=None)


def _pulled(path: Path) -> tuple[Document, str]:
    try:
        found = json.loads(path.read_bytes())
        version, stage = found["version"], found["stage"]
    except (OSError, ValueError, KeyError):
        raise Failure(
            Exit.INPUT, "no version was laid out here", "Let the pod's init step pull one"
        ) from None
    if version["digest"] != digest(version["files"]):
        raise Failure(Exit.INPUT, "the version laid out here is not what was published", "Pull it again")
    return version, stage
