"""The registry on this machine: the runner on the embedded store, whose objects of models are kept between questions.

They lie in .cloister/models/<team>/<bucket kind>/ under their own names. The registry only ever creates objects, so
what is new after a question is all that has to be kept.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cloister.declarations import Declarations, Team
from runner.client import buckets, libraries
from runner.client.local import (
    PATIENCE,
    STATE,
    append,
    new_run_id,
    reach_loopback_directly,
    work_directory,
)
from runner.client.models.asking import Answer, NoAnswer
from runner.client.object_store import ObjectStore
from runner.client.processes import dies_with_us
from runner.image import layout, paths
from runner.image.media import Media
from runner.image.models.files import put
from runner.image.models.request import Request
from runner.image.store import Credentials, Store

KEPT = ("artifacts", "results")


class Here:
    """A team's registry on this machine."""

    def __init__(self, declarations: Declarations, team: Team) -> None:
        self._declarations, self._team = declarations, team
        self._state = declarations.root / STATE
        self._folder = self._state / "models" / team.team

    @property
    def who(self) -> str:
        """Who asks."""
        return f"{getpass.getuser()} (on this machine)"

    def job_of(self, run: str) -> tuple[str, str]:
        """Job and id of a run of `cloister job run`, by its id or the end of it. Raises NoAnswer."""
        found = sorted(path for path in (self._state / "runs").glob("*/record.json"))
        for path in found:
            if run in (path.parent.name, path.parent.name.rpartition("-")[2]):
                record = json.loads(path.read_bytes())
                if record.get("team") == self._team.team and record.get("exit") == 0:
                    return str(record["job"]), path.parent.name
                raise NoAnswer(f"run {path.parent.name} is not a run of {self._team.team} that is done")
        newest = found[-1].parent.name if found else "none"
        raise NoAnswer(f"found no run {run} of `cloister job run` here; the newest is {newest}")

    def ask(self, request: Request) -> Answer:
        """One question, one at a time on this machine. Raises NoAnswer."""
        with work_directory(self._declarations.root) as work:
            return self._asked(request, work)

    @contextmanager
    def serving(
        self, name: str, stage: str, port: int
    ) -> Iterator[tuple[Answer, subprocess.Popen[bytes] | None]]:
        """What `pull` answered, and the server of what it laid out, where it did; ended afterwards. Raises NoAnswer."""
        with work_directory(self._declarations.root) as work:
            answer = self._asked(Request("pull", {"name": name, "stage": stage}), work)
            if answer.exit != 0:
                yield answer, None
                return
            with subprocess.Popen(
                [sys.executable, "-I", "-m", "runner.serving"],
                env={
                    "CLOISTER_TEAM": self._team.team,
                    "CLOISTER_WORK": str(work),
                    "CLOISTER_ENVIRONMENTS": str(libraries.cache()),
                    "CLOISTER_ADDRESS": "127.0.0.1",  # and so no token is asked for
                    "CLOISTER_PORT": str(port),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C reaches the server as SIGTERM, from here
                preexec_fn=dies_with_us(),
            ) as server:
                try:
                    yield answer, server
                finally:
                    server.terminate()

    def _asked(self, request: Request, work: Path) -> Answer:
        reach_loopback_directly()
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone(), ObjectStore() as embedded:
            store = Store(embedded.url, Credentials(embedded.url, ""), PATIENCE)
            media = Media(store)
            resources, _ = buckets.descriptions(self._declarations, self._team)
            for resource in resources.values():
                embedded.make_bucket(resource)
            names = {kind: resource["name"] for kind, resource in resources.items()}
            self._bring(media, names)
            if request.verb == "publish":
                self._bring_run(media, names, request.given)
            answer = self._run(request, names, embedded.url, work)
            self._keep(store, media, names)
        return answer

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _bring(self, media: Media, names: dict[str, str]) -> None:
        for kind in KEPT:
            folder = self._folder / kind
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    put(media, path, names[kind], path.relative_to(folder).as_posix())

    def _bring_run(self, media: Media, names: dict[str, str], given: dict[str, Any]) -> None:
        """What `cloister job run` copied here goes back to where the run had published it."""
        folder = self._state / "runs" / given["run_id"]
        place = layout.RunLayout(given["job"], given["run_id"], 0, 1)
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
        except OSError:
            raise NoAnswer(f"run {given['run_id']} has published nothing, or in shards") from None
        prefix = f"{place.root}{manifest['attempt']}/"
        kinds = {name: kind for kind, name in names.items()}
        for item in manifest["objects"]:
            path = folder / kinds[item["bucket"]] / item["name"].removeprefix(prefix)
            if path.is_file():
                put(media, path, item["bucket"], item["name"])
        for name in (place.manifest, place.inputs):
            path = folder / name.rpartition("/")[2]
            if path.is_file():
                put(media, path, names["artifacts"], name)

    def _run(self, request: Request, names: dict[str, str], url: str, work: Path) -> Answer:
        settings = {
            "CLOISTER_TEAM": self._team.team,
            **{f"CLOISTER_BUCKET_{kind.upper()}": name for kind, name in names.items()},
            "CLOISTER_STORE": url,
            "CLOISTER_PATIENCE": str(PATIENCE),
            "CLOISTER_JOB": "model",
            "CLOISTER_RUN_ID": new_run_id(),
            "CLOISTER_SPEC": request.dump(),
            "CLOISTER_WORK": str(work),
            "CLOISTER_ENVIRONMENTS": str(libraries.cache()),
        }
        done = subprocess.run(
            [sys.executable, "-I", "-m", "runner.image"],
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            preexec_fn=dies_with_us(),
        )
        answer = Answer()
        answer.take(json.loads(line) for line in done.stdout.splitlines())
        return answer

    def _keep(self, store: Store, media: Media, names: dict[str, str]) -> None:
        for kind in KEPT:
            (self._folder / kind).mkdir(exist_ok=True)
            for source in store.list(names[kind], "models/"):
                if (self._folder / kind / source.name).exists():
                    continue
                with paths.Beneath(self._folder / kind) as top:
                    fd = top.open(
                        paths.safe_parts(source.name + ".part"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                    )
                with open(fd, "wb") as file:
                    media.download(source, 0, source.size, partial(append, file))
                (self._folder / kind / f"{source.name}.part").rename(self._folder / kind / source.name)
