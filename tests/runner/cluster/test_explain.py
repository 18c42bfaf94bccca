"""What a run says of itself, from objects as the API server writes them."""

from __future__ import annotations

from typing import Any

import pytest

from runner.client.cluster.explain import explain
from runner.client.cluster.runs import Run, State, runs
from runner.image.exits import Exit

from .objects import RUN_ID, condition, job, pod

FAILED = {
    "conditions": [condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")]
}
OVER = {
    "conditions": [condition("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")]
}


def one(its_job: dict[str, Any], *pods: dict[str, Any]) -> Run:
    [run] = runs([its_job], pods)
    return run


def failed(*pods: dict[str, Any], record: dict[str, Any] | None = None, **changes: Any) -> str:
    run = one(job(status=FAILED, **changes), *pods)
    assert run.state is State.FAILED
    return str(explain(run, record))


def waiting(*pods: dict[str, Any], events: tuple[dict[str, Any], ...] = ()) -> str:
    run = one(job(), *pods)
    assert run.state is State.WAITING
    return str(explain(run, events=events))


def test_what_the_runner_said_is_passed_on() -> None:
    record = {"exit": 65, "exit_class": "input", "cause": "data/x is not there", "cure": "Check `inputs`"}
    assert failed(pod(exit=65), record=record) == "data/x is not there. Check `inputs`"


def test_the_exception_is_part_of_the_sentence() -> None:
    run = one(job(status=FAILED), pod(exit=1))
    record = {"exit": 1, "exit_class": "failed", "cause": "the command ended with code 1", "cure": "x"}
    said = explain(run, record, raised="KeyError: 'de'")
    assert str(said) == "the command ended with code 1: KeyError: 'de'. Read its log with `cloister job logs`"
    refused = {"exit": 65, "exit_class": "input", "cause": "it is not there", "cure": "Look"}
    assert str(explain(run, refused, raised="KeyError: 'de'")) == "it is not there. Look"


def test_a_question_ends_as_one() -> None:
    asks = "NameError: name 'row' is not defined. Did you mean: 'pow'?"
    said = str(
        explain(one(job(status=OVER), pod(exit=1)), {"exit": 1, "exit_class": "failed", "cause": asks})
    )
    assert said.startswith(f"{asks} Read its log")


def test_the_last_attempt_decides() -> None:
    said = failed(pod("p1", exit=3, minute=41), pod("p2", exit=4, minute=43))
    assert said == "the command ended with code 4 (attempt 2). Read its log with `cloister job logs`"


@pytest.mark.parametrize("code", [code for code in Exit if code != Exit.DONE])
def test_every_code_of_the_runners_is_explained_without_its_words(code: Exit) -> None:
    said = failed(pod(exit=int(code)))
    assert ". " in said and "ended with code" not in said


@pytest.mark.parametrize(
    "ends", [{"exit": 137, "reason": "OOMKilled"}, {"exit": 137}, {"exit": 1, "reason": "OOMKilled"}]
)
def test_memory(ends: dict[str, Any]) -> None:
    expected = "out of memory: it may use 4Gi. Raise `memory` in job.yaml, or split the work into shards"
    assert failed(pod(**ends)) == expected
    assert failed(pod(exit=137), record={"exit": 137, "exit_class": "killed"}) == expected


def test_what_the_kubelet_did_outranks_the_runners_words() -> None:
    record = {"exit": 75, "exit_class": "preempted", "cause": "told to end (SIGTERM)", "cure": "x"}
    late = pod(exit=75, status={"reason": "DeadlineExceeded"})
    assert "longer than a pod may run" in failed(late, record=record)
    message = "Pod ephemeral local storage usage exceeds the total limit of containers 50Gi. "
    gone = pod(exit=75, status={"reason": "Evicted", "message": message})
    assert failed(gone, record=record) == (
        "the work disk is full: Pod ephemeral local storage usage exceeds the total limit of containers 50Gi. "
        "Write less, or ask the platform team for a larger work disk"
    )
    short = pod(
        exit=75, status={"reason": "Evicted", "message": "The node was low on resource: ephemeral-storage."}
    )
    assert "evicted it: The node was low on resource: ephemeral-storage" in failed(short, record=record)


def test_a_store_that_was_away_is_not_said_to_be_retried() -> None:
    record = {
        "exit": 69,
        "exit_class": "unavailable",
        "cause": "it did not answer",
        "cure": "The run will be retried",
    }
    assert "will be retried" not in failed(pod(exit=69), record=record)


def test_a_shard_is_named() -> None:
    status = {**FAILED, "succeeded": 2}
    run = one(job(status=status, shards=3), pod(exit=7, index=1))
    assert (
        str(explain(run))
        == "the command ended with code 7 (shard 1; 2 of 3 shards are done). Read its log with `cloister job logs`"
    )


def test_no_pod_at_all() -> None:
    assert "waited and ran longer than a run may" in str(explain(one(job(status=OVER))))
    assert "Job has reached the specified backoff limit" in failed()


def test_control_characters_do_not_reach_a_terminal() -> None:
    record = {"exit": 1, "exit_class": "failed", "cause": "bad \x1b[2J value", "cure": ""}
    assert "\x1b" not in failed(pod(exit=1), record=record)


def test_what_it_waits_for() -> None:
    full = condition("PodScheduled", "Unschedulable", "0/1 nodes are available: 1 Insufficient cpu.", "False")
    assert waiting(pod(phase="Pending", conditions=[full])) == (
        "waiting for a node: 0/1 nodes are available: 1 Insufficient cpu"
    )
    pull = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    assert "cannot be pulled: Back-off" in waiting(pod(phase="Pending", waiting=pull))
    missing = {"reason": "CreateContainerConfigError", "message": 'configmap "cloister" not found'}
    assert 'configmap "cloister" not found' in waiting(pod(phase="Pending", waiting=missing))
    assert waiting(pod(phase="Pending", waiting={"reason": "ContainerCreating"})) == "its pod starts"
    assert waiting() == "its pod is being made"


def test_quota_and_refusals_come_from_events() -> None:
    quota = (
        'Error creating: pods "x" is forbidden: exceeded quota: team, requested: limits.cpu=20,requests.cpu=20, '
        "used: limits.cpu=30,requests.cpu=30, limited: limits.cpu=32,requests.cpu=32"
    )
    said = waiting(events=({"reason": "FailedCreate", "message": quota},))
    assert said.startswith("waiting for the team's quota: ") and "requests.cpu=20" in said and "limit" in said
    refusal = {"reason": "FailedCreate", "message": "Error creating: denied request: no"}
    assert waiting(events=(refusal,)).startswith("its pod is refused: Error creating: denied request: no")


def test_a_retry_says_what_it_retries() -> None:
    assert waiting(pod(exit=3)) == "attempt 2 starts in a moment: the command ended with code 3"


def test_states() -> None:
    assert one(job(), pod(phase="Running")).state is State.RUNNING
    assert one(job(), pod(phase="Succeeded", exit=0)).state is State.RUNNING  # its Job does not know yet
    assert one(job(), pod(phase="Pending")).state is State.WAITING
    assert (
        one(job(status={"conditions": [condition("Complete")]}), pod(phase="Succeeded", exit=0)).state
        is State.DONE
    )
    cancelled = job(status=OVER, annotations={"cloister.dev/cancelled": "2026-11-25T02:44:00Z"})
    assert one(cancelled, pod(exit=75)).state is State.CANCELLED
    assert one(job(spec={"suspend": True})).state is State.SUSPENDED
    assert one(job(status={"conditions": [condition("FailureTarget")]}), pod(exit=3)).state is State.FAILED


def test_scheduled_runs_are_named_as_the_runner_names_them() -> None:
    labels = {"cloister.dev/job": "small", "cloister.dev/schedule": "nightly"}
    run = one(job(name="nightly-29900000", labels=labels), pod(job="nightly-29900000", exit=3))
    assert (run.run_id, run.schedule, len(run.attempts)) == ("20261106-212000-89abcdef", "nightly", 1)


def test_jobs_that_are_not_ours_are_passed_over() -> None:
    assert runs([job(labels={}), job(labels={"cloister.dev/job": "small"}, name="by-hand")], []) == []
    assert one(job(), pod(exit=0)).run_id == RUN_ID
