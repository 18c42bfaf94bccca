"""Runs as Kubernetes knows them: a Job, and a pod for each attempt of each shard."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from runner.client.cluster import labels
from runner.client.cluster.connection import Json
from runner.image.occasion import run_id as scheduled_run_id

INDEX = "batch.kubernetes.io/job-completion-index"
OWNER = "batch.kubernetes.io/job-name"


class State(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"  # for quota, a node or its image
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"

    @property
    def ended(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class Attempt:
    """One pod. `exit` is the container's code, None while it has none; `reason` and `message` are Kubernetes'."""

    pod: str
    shard: int
    phase: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    exit: int | None
    reason: str  # of the container's end, or of its waiting
    message: str
    pod_reason: str  # Evicted, DeadlineExceeded...
    pod_message: str
    disrupted: str  # why the node took the pod away, or nothing
    unschedulable: str  # why no node takes it, or nothing
    memory: str  # its limit

    @property
    def has_log(self) -> bool:
        """Whether its container has ever run."""
        return self.started is not None


@dataclass(frozen=True)
class Run:
    """One run."""

    run_id: str
    job: str
    schedule: str
    name: str  # of the Kubernetes Job
    state: State
    reason: str  # of the Job's condition
    message: str
    created: datetime
    finished: datetime | None
    shards: int
    done_shards: int
    image: str
    specification: Json
    attempts: tuple[Attempt, ...]  # oldest first

    @property
    def failed_attempts(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.phase == "Failed"]

    @property
    def seconds(self) -> float | None:
        """From its first pod's start to its last one's end, or until now."""
        started = min((a.started for a in self.attempts if a.started), default=None)
        if started is None:
            return None
        ended = max((a.finished for a in self.attempts if a.finished), default=self.finished)
        return ((ended if self.state.ended and ended else datetime.now(UTC)) - started).total_seconds()


def runs(jobs: Iterable[Json], pods: Iterable[Json]) -> list[Run]:
    """The runs behind Jobs and the pods they made, newest first. Jobs that are not ours are passed over."""
    by_job: dict[str, list[Json]] = {}
    for pod in pods:
        by_job.setdefault(pod["metadata"].get("labels", {}).get(OWNER, ""), []).append(pod)
    found = [run for job in jobs if (run := _run(job, by_job.get(job["metadata"]["name"], [])))]
    return sorted(found, key=lambda run: (run.created, run.run_id), reverse=True)


def run_id_of(job: Json) -> str | None:
    """The run id of a Job: its label, or what the runner makes of its name."""
    metadata = job["metadata"]
    given: str | None = metadata.get("labels", {}).get(labels.RUN)
    return given or scheduled_run_id(metadata["name"], metadata["uid"])


def when(text: str | None) -> datetime | None:
    """A time as Kubernetes writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _run(job: Json, pods: list[Json]) -> Run | None:
    metadata, status = job["metadata"], job.get("status", {})
    marks = metadata.get("labels", {})
    run_id = run_id_of(job)
    if labels.JOB not in marks or run_id is None:
        return None
    attempts = tuple(sorted((_attempt(pod) for pod in pods), key=lambda attempt: attempt.created))
    state, condition = _state(job, attempts)
    variables = literals(job["spec"])
    created = when(metadata["creationTimestamp"])
    assert created is not None
    return Run(
        run_id=run_id,
        job=marks[labels.JOB],
        schedule=marks.get(labels.SCHEDULE, ""),
        name=metadata["name"],
        state=state,
        reason=condition.get("reason", ""),
        message=condition.get("message", ""),
        created=created,
        finished=when(status.get("completionTime") or condition.get("lastTransitionTime")),
        shards=int(variables.get("CLOISTER_SHARDS") or 1),
        done_shards=int(status.get("succeeded") or 0),
        image=variables.get("CLOISTER_IMAGE", ""),
        specification=specification(job["spec"]),
        attempts=attempts,
    )


def _state(job: Json, attempts: tuple[Attempt, ...]) -> tuple[State, Json]:
    """The run's state, and the condition of the Job that says so."""
    conditions: dict[str, Json] = {
        condition["type"]: condition
        for condition in job.get("status", {}).get("conditions") or []
        if condition["status"] == "True"
    }
    cancelled = labels.CANCELLED in (job["metadata"].get("annotations") or {})
    if found := conditions.get("Complete"):
        return State.DONE, found
    # FailureTarget comes first, while the last pods still end.
    if found := conditions.get("Failed") or conditions.get("FailureTarget"):
        return State.CANCELLED if cancelled else State.FAILED, found
    if cancelled:
        return State.CANCELLED, {}
    if job["spec"].get("suspend"):
        return State.SUSPENDED, conditions.get("Suspended", {})
    phases = {attempt.phase for attempt in attempts}
    # A pod that has ended well is all there is to see until the Job's controller has looked at it.
    if "Running" in phases or ("Pending" not in phases and attempts and attempts[-1].phase == "Succeeded"):
        return State.RUNNING, {}
    return State.WAITING, {}


def _attempt(pod: Json) -> Attempt:
    metadata, status = pod["metadata"], pod.get("status", {})
    container = next(
        (c for c in status.get("containerStatuses") or [] if c["name"] == labels.CONTAINER), {"state": {}}
    )
    state = container.get("state") or {}
    running, waiting, ended = (state.get(kind) or {} for kind in ("running", "waiting", "terminated"))
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    disruption = conditions.get("DisruptionTarget", {})
    scheduled = conditions.get("PodScheduled", {})
    [spec] = [c for c in pod["spec"]["containers"] if c["name"] == labels.CONTAINER] or [{}]
    created = when(metadata["creationTimestamp"])
    assert created is not None
    return Attempt(
        pod=metadata["name"],
        shard=int((metadata.get("annotations") or {}).get(INDEX, 0)),
        phase=status.get("phase", "Pending"),
        created=created,
        started=when(running.get("startedAt") or ended.get("startedAt")),
        finished=when(ended.get("finishedAt")),
        exit=ended.get("exitCode"),
        reason=ended.get("reason") or waiting.get("reason") or "",
        message=ended.get("message") or waiting.get("message") or "",
        pod_reason=status.get("reason", ""),
        pod_message=status.get("message", ""),
        disrupted=disruption.get("reason", "") if disruption.get("status") == "True" else "",
        unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
        memory=spec.get("resources", {}).get("limits", {}).get("memory", ""),
    )


def literals(spec: Json) -> dict[str, str]:
    """The literal variables of the run's container, from a Job's spec."""
    for container in spec["template"]["spec"]["containers"]:
        if container["name"] == labels.CONTAINER:
            return {v["name"]: v["value"] for v in container.get("env") or [] if "value" in v}
    return {}


def specification(spec: Json) -> Json:
    """What the runner is told, from a Job's spec; empty where that is no JSON object."""
    try:
        value = json.loads(literals(spec).get("CLOISTER_SPEC", ""))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
