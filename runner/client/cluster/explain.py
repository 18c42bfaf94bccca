"""One sentence for how a run stands, with the next step: what a broken job says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloister.declarations.mistakes import printable
from runner.client.cluster.connection import Json
from runner.client.cluster.runs import Attempt, Run, State
from runner.image.exits import KILLED, OWN, SIGNALLED, Exit, exit_class

READ_LOG = "Read its log with `cloister job logs`"
# What the runner's own codes mean when its last words are lost: cause and next step.
CODES = {
    Exit.BAD_JOB: ("the job as submitted cannot run", "Correct job.yaml"),
    Exit.INPUT: ("an input is missing or corrupt", "Check `inputs` in job.yaml"),
    Exit.UNAVAILABLE: ("the object store did not answer in time", "Submit it again"),
    Exit.CONFLICT: ("another attempt published this run", "Nothing: its outputs stand"),
    Exit.PREEMPTED: ("the node was taken away", "Nothing: it is tried again"),
    Exit.NO_PERMISSION: ("the team's identity may not do this", "Ask the platform team"),
    Exit.TIMEOUT: ("the command ran longer than its timeout", "Raise `timeout` in job.yaml"),
    Exit.DISK_FULL: ("the work disk is full", "Write less, or ask the platform team for a larger work disk"),
}
# The kubelet's words for a pod over its own limits of disk, unlike one that a full node gives up.
OWN_DISK = re.compile(r"exceed.*\blimit\b")


@dataclass(frozen=True)
class Said:
    """A cause in one sentence, the next step, and the word for it in lists."""

    cause: str
    step: str = ""
    word: str = ""

    def __str__(self) -> str:
        end = "" if self.cause.endswith((".", "?", "!")) else "."
        return printable(f"{self.cause}{end} {self.step}" if self.step else self.cause)


def explain(
    run: Run, record: Mapping[str, Any] | None = None, events: Sequence[Json] = (), raised: str = ""
) -> Said:
    """How the run stands.

    `record` is that of the attempt that decided it, `raised` the exception it ended with; `events` are its Job's,
    oldest first.
    """
    if run.state is State.DONE:
        return Said(f"done, {run.shards} of {run.shards} shards" if run.shards > 1 else "done", word="done")
    if run.state is State.CANCELLED:
        return Said("cancelled", "Submit it again to run it", "cancelled")
    if run.state is State.SUSPENDED:
        return Said(
            "suspended: somebody set `suspend` on its Job", "Ask who, or submit it again", "suspended"
        )
    if run.state is State.FAILED:
        return _failed(run, record, raised)
    if run.state is State.RUNNING:
        again = len(run.failed_attempts)
        return Said(
            f"running, attempt {again + 1}" if again and run.shards == 1 else "running", word="running"
        )
    return _waiting(run, events)


def deciding(run: Run) -> Attempt | None:
    """The attempt whose end decided how a failed run ended: the last that failed."""
    failed = run.failed_attempts
    return max(failed, key=lambda attempt: attempt.finished or attempt.created, default=None)


def _failed(run: Run, record: Mapping[str, Any] | None, raised: str) -> Said:
    attempt = deciding(run)
    tries = (
        f" (attempt {len(run.failed_attempts)})" if len(run.failed_attempts) > 1 and run.shards == 1 else ""
    )
    if run.shards > 1 and attempt is not None:
        tries = f" (shard {attempt.shard}; {run.done_shards} of {run.shards} shards are done)"
    if attempt is None:
        if run.reason == "DeadlineExceeded":
            return Said(
                "it waited and ran longer than a run may",
                "Submit it again, or ask for more quota",
                "deadline",
            )
        return Said(f"Kubernetes ended it: {run.message or run.reason}", "Submit it again", "failed")
    said = ended(attempt, record)
    retried = said.word == exit_class(Exit.UNAVAILABLE)  # the runner cannot know that this was the last try
    step = "Submit it again; `retries` in job.yaml tries by itself" if retried else said.step
    why = f": {raised}" if raised and said.word == exit_class(1) else ""
    return Said(said.cause + tries + why, step, said.word)


def ended(attempt: Attempt, record: Mapping[str, Any] | None) -> Said:
    """How one attempt ended. What the kubelet did outranks what the runner could still say."""
    if attempt.pod_reason == "DeadlineExceeded":
        return Said(
            "staging, command and publishing together took longer than a pod may run",
            "Lower `timeout` or the inputs, or ask for a longer max_run_hours",
            "deadline",
        )
    if attempt.pod_reason == "Evicted" and OWN_DISK.search(attempt.pod_message):
        _, step = CODES[Exit.DISK_FULL]
        return Said(f"the work disk is full: {_brief(attempt.pod_message)}", step, exit_class(Exit.DISK_FULL))
    if attempt.pod_reason == "Evicted":
        return Said(f"the node evicted it: {attempt.pod_message}", "Use less of what ran out", "evicted")
    if attempt.reason == "OOMKilled" or (attempt.exit == KILLED and record is None):
        return _out_of_memory(attempt.memory)
    if record is not None and record.get("exit"):
        return recorded(record) if record["exit"] != KILLED else _out_of_memory(attempt.memory)
    if attempt.exit is None:
        what = attempt.pod_message or attempt.message or attempt.pod_reason or "its pod ended without a word"
        return Said(f"its container never ran to an end: {what}", "Submit it again", "failed")
    if attempt.exit in OWN and attempt.exit in CODES:
        cause, step = CODES[Exit(attempt.exit)]
        return Said(cause, step, exit_class(attempt.exit))
    if attempt.exit > SIGNALLED:
        return Said(f"it was ended by signal {attempt.exit - SIGNALLED}", READ_LOG, "failed")
    return Said(f"the command ended with code {attempt.exit}", READ_LOG, "failed")


def recorded(record: Mapping[str, Any]) -> Said:
    """What a run record says of an end that was not a good one."""
    code = int(record["exit"])
    if code == KILLED:
        return _out_of_memory()
    word = str(record.get("exit_class") or exit_class(code))
    step = READ_LOG if word == exit_class(1) else str(record.get("cure") or "")
    return Said(str(record.get("cause") or word), step, word)


def _out_of_memory(memory: str = "") -> Said:
    limit = f": it may use {memory}" if memory else ""
    return Said(f"out of memory{limit}", "Raise `memory` in job.yaml, or split the work into shards", "oom")


def _waiting(run: Run, events: Sequence[Json]) -> Said:
    for attempt in reversed(run.attempts):
        if attempt.unschedulable:
            return Said(f"waiting for a node: {_brief(attempt.unschedulable)}", word="waiting")
        if attempt.reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"):
            return Said(
                f"the image cannot be pulled: {_brief(attempt.message)}",
                "Ask the platform team whether platform.yaml's digest is published",
                "waiting",
            )
        if attempt.reason.startswith("Create"):
            return Said(
                f"the container cannot be made: {_brief(attempt.message)}",
                "Ask the platform team: the namespace's settings are theirs",
                "waiting",
            )
        if attempt.phase == "Pending":
            return Said("its pod starts", word="starting")
    for event in reversed(events):
        if event.get("reason") == "FailedCreate":
            return _not_created(str(event.get("message", "")))
    if run.failed_attempts:
        again = len(run.failed_attempts) + 1
        return Said(
            f"attempt {again} starts in a moment: {ended(run.failed_attempts[-1], None).cause}",
            word="retrying",
        )
    return Said("its pod is being made", word="starting")


def _not_created(message: str) -> Said:
    quota = re.search(
        r"exceeded quota: \S+ requested: (\S+), used: (\S+), limited: (\S+)",
        message.replace(",limited", ", limited"),
    )
    if quota:
        used = f"requested {quota[1]}, used {quota[2]}, limit {quota[3]}"
        return Said(f"waiting for the team's quota: {used}", "It starts when other runs end", "waiting")
    return Said(f"its pod is refused: {_brief(message)}", "Submit it again with `cloister job`", "refused")


def _brief(text: str) -> str:
    return " ".join(text.split()).rstrip(".")[:300]
