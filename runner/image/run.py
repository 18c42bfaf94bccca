"""One attempt of a run, from its settings to its exit code."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from signal import Signals

from runner.image import attempt, checkpoint, command, metrics, occasion, paths, staging, unpack
from runner.image.config import Config
from runner.image.exits import KILLED, SIGNALLED, Exit, Failure, team_exit
from runner.image.layout import CODE, ENVIRONMENTS, RunLayout
from runner.image.log import Log
from runner.image.media import Media
from runner.image.output import Budget, Stream
from runner.image.publish import collect, publish
from runner.image.record import Record
from runner.image.spec import Spec
from runner.image.stop import Stop
from runner.image.store import Credentials, Store
from runner.image.supervise import Ended, supervise
from runner.image.workspace import CHECKPOINT, Workspace, disk, free_bytes

DISK_IS_FULL = 1 << 20  # bytes: a command that fails with less than this free failed for want of space


class CommandFailed(Exception):
    """The team's command ended with a code of its own."""

    def __init__(self, code: int, cause: str, cure: str) -> None:
        self.code, self.cause, self.cure = code, cause, cure
        super().__init__(cause)


class Run:
    """The state of one attempt while it goes on; `execute` is its life."""

    def __init__(self, config: Config, spec: Spec, log: Log, stop: Stop, record: Record) -> None:
        self.config, self.spec, self.log, self.stop, self.record = config, spec, log, stop, record
        self.phase = "start"
        self.layout = RunLayout(config.job, config.run_id, config.shard, config.shards)
        self.workspace = Workspace(config.work)
        self.store = Store(config.store, Credentials(config.store, config.metadata), config.patience)
        self.media = Media(self.store)

    def execute(self) -> None:
        """Do what is left to do of the run. Raises Failure, or CommandFailed, where it does not end well."""
        with self.stop.interrupting():
            if not self._begin():
                return
            with self._timed("stage-in"):
                self._stage()
        with self._timed("command"):
            ended, trace = self._command()
        self.record.command_exit = ended.code
        self.record.metrics, wrong = metrics.read(self.workspace, self.spec.metrics, command.user()[0])
        if wrong and ended.code == 0:
            self.log.event("WARNING", "metrics", wrong)
        self._require_success(ended, trace)
        with self._timed("publish"):
            self._publish()

    def _begin(self) -> bool:
        """Claim an attempt; False where another one has published the run already."""
        won = attempt.winner(self.store, self.config, self.layout)
        if won is not None:
            self.record.attempt = won
            self.log.event("NOTICE", "already-done", f"attempt {won} has published this run: nothing to do")
            return False
        self.record.attempt = attempt.claim(self.store, self.config, self.layout)
        self.log.labels["attempt"] = str(self.record.attempt)
        waited = occasion.seconds_waited(self.config.run_id, datetime.now(UTC))
        if self.record.attempt == 1 and waited is not None:  # later ones wait for what came before
            self.record.durations["queue"] = waited
        self.log.event("INFO", "start", f"attempt {self.record.attempt} of run {self.config.run_id}")
        return True

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        self.phase, start = phase, time.monotonic()
        try:
            yield
        finally:
            seconds = round(time.monotonic() - start, 3)
            self.record.durations[phase] = seconds
            self.log.event("INFO", "phase", f"{phase}: {seconds} s", phase=phase, seconds=seconds)

    def _stage(self) -> None:
        config, spec = self.config, self.spec
        objects, self.record.inputs_digest = staging.pin(self.store, config, self.layout, spec.inputs)
        staged = staging.placed(config, spec.inputs, objects)
        for item in spec.inputs:
            bucket = config.buckets[item.kind]
            self.record.describe_input(
                f"{item.kind}/{item.prefix}",
                [o for o in objects if o.bucket == bucket and o.name.startswith(item.prefix)],
            )
        keep = staging.already_there(self.workspace, staged)
        self.workspace.prepare(keep)
        staging.stage(self.media, self.workspace, [s for s in staged if s.parts not in keep], self.log)
        self._unpack(CODE, spec.code, "job", writable=True)
        self._environment()
        saved = checkpoint.find(self.store, config, self.layout, self.record.attempt)
        if saved:
            self.log.event(
                "INFO", "resume", f"restoring a checkpoint of {len(saved)} files", files=len(saved)
            )
            staging.stage(self.media, self.workspace, saved, self.log, "restore")
        self.workspace.all_arrived()
        with disk("make the output directories"), paths.Beneath(self.workspace.job) as top:
            for folder in (CHECKPOINT, *(output.path for output in spec.outputs)):
                with top.directory(tuple(folder.split("/")), create=True):
                    pass
        if os.geteuid() == 0:
            self.workspace.give_to(command.user()[0])

    def _unpack(self, folder: str, digest: str, into: str, *, writable: bool) -> None:
        bucket, target = self.config.buckets["code"], self.workspace.root / into
        unpack.fetch(self.store, self.media, bucket, folder, digest, target, writable=writable)

    def _environment(self) -> None:
        """Find or unpack the libraries the job's lock names."""
        if self.spec.lock is None:
            return
        if self.config.environments is not None:
            built = self.config.environments / self.spec.lock.removeprefix("sha256:")
            if built.is_dir():
                self.workspace = replace(self.workspace, environment=built)
                return
        if self.spec.environment is None:
            raise Failure(
                Exit.BAD_JOB,
                f"no environment was built for the lock {self.spec.lock}",
                "Run `cloister env build`",
            )
        self._unpack(ENVIRONMENTS, self.spec.environment, "env", writable=False)

    def _command(self) -> tuple[Ended, str]:
        """Run the command to its end; also the last stack trace it printed."""
        budget = Budget(self.config.log_limit)
        streams = Stream("stdout", "INFO", self.log, budget), Stream("stderr", "WARNING", self.log, budget)
        started = command.begin(self.config, self.spec, self.workspace, self.record.attempt)
        self.record.sealed = self.config.sealed
        if self.config.sealed and started.unbounded:
            self.record.bounded = False
            self.log.event(
                "WARNING", "unbounded", f"the seal is not a boundary on this machine: {started.unbounded}"
            )
        try:
            ended = supervise(started, streams, self.stop, self.log, self.spec.timeout, self.config.grace)
        finally:
            self.record.output_log = {
                "bytes": budget.logged,
                "dropped": budget.dropped,
                "redacted": sum(stream.redacted for stream in streams),
            }
        if budget.dropped:
            self.log.event(
                "WARNING",
                "output-limit",
                f"{budget.dropped} bytes of output were dropped: a run may log {self.config.log_limit}",
                dropped=budget.dropped,
            )
        return ended, streams[1].traceback()

    def _require_success(self, ended: Ended, trace: str) -> None:
        """Raise what the command's end means, after saving its checkpoint where another attempt could use it."""
        if ended.by == "itself":
            if ended.code == 0:
                return
            try:
                self._keep_checkpoint()
            except Failure as failure:  # the command's own failure is the one to report
                self.log.event("WARNING", "checkpoint", f"checkpoint/ is not kept: {failure}")
        else:
            saved = self._keep_checkpoint()
            kept = f"{saved} files of checkpoint/ are kept" if saved else "checkpoint/ was empty"
            if ended.by == "preemption":
                raise Failure(Exit.PREEMPTED, f"told to end (SIGTERM); {kept}", "The run will be retried")
            raise Failure(
                Exit.TIMEOUT,
                f"the command ran longer than its timeout of {self.spec.timeout} s; {kept}",
                "Raise `timeout` in job.yaml, or split the work into shards",
            )
        if free_bytes(self.workspace.root) < DISK_IS_FULL:
            raise Failure(
                Exit.DISK_FULL,
                f"the work disk is full and the command ended with code {ended.code}",
                "Write less, or ask the platform team for a larger work disk",
            )
        cause, cure = _explain(ended.code)
        if self.config.sealed and "socket" in trace:
            cure = "The command runs sealed: it has files and no network. Stage what it needs as inputs"
        self.log.report("command-failed", cause, where="command", trace=trace, exit=ended.code)
        raise CommandFailed(team_exit(ended.code), cause, cure)

    def _keep_checkpoint(self) -> int:
        """Publish checkpoint/ for the next attempt; how many files it has. Raises Failure."""
        with self._timed("checkpoint"):
            return checkpoint.save(
                self.store,
                self.media,
                self.workspace,
                self.config,
                self.layout,
                self.record.attempt,
                command.user()[0],
                self.log,
            )

    def _publish(self) -> None:
        config, record = self.config, self.record
        folders = [(output.path, config.buckets[output.kind]) for output in self.spec.outputs]
        prefix = self.layout.outputs(record.attempt)
        found = collect(self.workspace, folders, prefix, command.user()[0])
        if folders and not found:
            self.log.event("WARNING", "no-outputs", "the command wrote nothing to its output directories")
        record.outputs = publish(self.media, self.workspace, found, self.log, "publish")
        if not self.store.create(config.buckets["artifacts"], self.layout.manifest, record.manifest()):
            won = attempt.winner(self.store, config, self.layout)
            raise Failure(
                Exit.CONFLICT, f"attempt {won} published this run first", "Nothing: its outputs stand"
            )


def _explain(code: int) -> tuple[str, str]:
    """Cause and cure of a command's own end, in a sentence each."""
    if code == KILLED:
        return "the command was killed (SIGKILL), most often for want of memory", "Raise `memory` in job.yaml"
    if code > SIGNALLED:
        try:
            name = Signals(code - SIGNALLED).name
        except ValueError:
            name = f"signal {code - SIGNALLED}"
        return f"the command was ended by {name}", "Read its last lines above"
    return f"the command ended with code {code}", "Read its last lines above"
