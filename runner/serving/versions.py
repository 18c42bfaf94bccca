"""Which version serves: the newest that stands. One that does not, or fails on requests once it serves, takes nobody's place.

A version is started beside the one that serves, and takes over once its golden requests are answered as before. The
one before stands by for a while, and takes over again where the new one fails on more than half of its requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from runner.image.exits import Failure
from runner.image.log import Log
from runner.serving.counts import Counts
from runner.serving.model import Model, newest
from runner.serving.settings import Settings

LOOK = 0.5  # seconds between two looks at what was laid out
LOADING = (1.0, 30.0)  # seconds before a model is started again, at first and at most
TRIAL = 120.0  # seconds that the version before stands by
MOST_FAILURES = 5  # requests that a version on trial may fail on, whatever else it answered


class Versions:
    """The version that serves, the one that stands by, and the one that is being started. Of one event loop."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings, self._log = settings, log
        self.current: Model | None = None
        self.counts = Counts()
        self.asking = ThreadPoolExecutor(1, "model")
        self._preparing = ThreadPoolExecutor(1, "next")
        self._step = -1  # of the newest version that was tried
        self._before: Model | None = None
        self._until = 0.0  # when the trial ends
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Serve what was laid out, and what will be."""
        self._once("following", self._follow)

    def restart(self) -> None:
        """Start the version that serves again, which was ended."""
        self.counts.ready = False
        self._once("starting", self._restart)

    async def close(self) -> None:
        """End every model."""
        for task in self._tasks.values():
            task.cancel()
        loop = asyncio.get_running_loop()
        for model in (self.current, self._before):
            if model is not None:
                await loop.run_in_executor(self.asking, model.close)

    def judge(self) -> None:
        """Go back to the version before where the one on trial fails. Ask after every answer."""
        failed, answered = self.counts.failed()
        if self._before is not None and failed >= MOST_FAILURES and failed * 2 > answered:
            bad, self._before, good = self.current, None, self._before
            assert bad is not None
            self._serve(good)
            self._log.report(
                "not-ready",
                f"version {bad.number} failed on {failed} of {answered} requests; version {good.number} serves again",
                where="trial",
            )
            self._preparing.submit(bad.forget)

    def _once(self, name: str, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.create_task(what())

    async def _follow(self) -> None:
        pause, most = LOADING
        while True:
            found = newest(self._settings.work, self._step)
            if found is not None:
                step = self._step
                self._step = found[0]
                if await self._try(found[1]):
                    pause = LOADING[0]
                elif self.current is None:
                    # Nobody else serves: it is tried again, unless another comes.
                    self._step = step
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, most)
            if self._before is not None and time.monotonic() > self._until:
                before, self._before = self._before, None
                self._preparing.submit(before.forget)
            await asyncio.sleep(LOOK)

    async def _try(self, root: Path) -> bool:
        """Start a version beside the one that serves, and let it take over; whether it stands."""
        self.counts.starts += 1
        try:
            model = await asyncio.get_running_loop().run_in_executor(self._preparing, self._started, root)
        except Failure as failure:
            self._log.report("not-ready", str(failure), where="start", exit=int(failure.code))
            return False
        if self._before is not None:
            self._preparing.submit(self._before.forget)
        self._before, self._until = self.current, time.monotonic() + TRIAL
        self._serve(model)
        return True

    def _started(self, root: Path) -> Model:
        model = Model(self._settings, self._log, root)
        try:
            model.start()
        except Failure:
            if self.current is not None:
                model.forget()
            raise
        return model

    def _serve(self, model: Model) -> None:
        starts = self.counts.starts
        self.current = model
        self.counts = Counts(model=model.name, version=str(model.number), stage=model.stage)
        self.counts.starts, self.counts.ready = starts, True
        self._log.labels |= {"model": model.name, "version": str(model.number)}
        self._log.event("NOTICE", "serving", f"version {model.number} of {model.name}")

    async def _restart(self) -> None:
        """Start the model, and again where it fails, ever more slowly, for as long as no other serves."""
        pause, most = LOADING
        model = self.current
        while model is not None and model is self.current:
            self.counts.starts += 1
            try:
                await asyncio.get_running_loop().run_in_executor(self.asking, model.start)
            except Failure as failure:
                self._log.report("not-ready", str(failure), where="start", exit=int(failure.code))
            else:
                self.counts.ready = True
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, most)
