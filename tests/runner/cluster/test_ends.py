"""How runs end badly, on a real cluster: each in one sentence that names the cause and the next step."""

from __future__ import annotations

import time
from typing import Any

from kubernetes import client

from ..support import BUCKETS
from .conftest import NAMESPACE, TEAM, Platform, Write


def ended(platform: Platform, write: Write, program: str, **changes: Any) -> tuple[dict[str, Any], str]:
    """Submit a job that is to fail; its status as JSON and in words."""
    run = platform.submit(write(program, **changes))
    status = platform.until(run, "failed", "done", "cancelled")
    assert status["state"] == "failed", status
    said = platform.cloister("status", run, "--team", TEAM)
    assert said.code == 1
    return status, said.out


def test_a_command_that_fails_is_tried_again_as_often_as_it_says(platform: Platform, write: Write) -> None:
    status, words = ended(platform, write, "import sys; sys.exit(3)", retries=1)
    assert [attempt["exit"] for attempt in status["attempts"]] == [3, 3]
    assert "the command ended with code 3 (attempt 2)" in words
    assert platform.manifest("small", status["run_id"]) is None


def test_out_of_memory(platform: Platform, write: Write) -> None:
    program = "data = []\nwhile True: data.append(bytearray(10 << 20))"
    status, words = ended(platform, write, program, resources={"cpu": 0.2, "memory": "160Mi"})
    assert status["attempts"][0]["exit"] == 137
    assert "out of memory: it may use 160Mi. Raise `memory` in job.yaml" in words


def test_timeout_is_not_tried_again(platform: Platform, write: Write) -> None:
    status, words = ended(platform, write, "import time; time.sleep(60)", timeout="3s", retries=2)
    assert [attempt["exit_class"] for attempt in status["attempts"]] == ["timeout"]
    assert "longer than its timeout of 3 s" in words and "Raise `timeout` in job.yaml" in words


def test_an_input_that_is_not_there(platform: Platform, write: Write) -> None:
    status, words = ended(platform, write, "", inputs=[{"from": "data/nowhere/", "to": "in/"}], retries=2)
    assert [attempt["exit"] for attempt in status["attempts"]] == [65]
    assert "data/nowhere/" in words


def test_what_the_teams_identity_may_not_read(platform: Platform, write: Write) -> None:
    status, words = ended(platform, write, "", inputs=[{"from": "results/old/", "to": "in/"}])
    assert [attempt["exit"] for attempt in status["attempts"]] == [77]
    assert "may not" in words and BUCKETS["results"] in words


def test_a_command_that_is_not_there(platform: Platform, write: Write) -> None:
    status, words = ended(platform, write, "", run=["no-such-program"], retries=2)
    assert [attempt["exit"] for attempt in status["attempts"]] == [64]
    assert "Correct `run` in job.yaml" in words


def test_one_shard_of_three_fails(platform: Platform, write: Write) -> None:
    program = (
        "import os, sys, pathlib\nshard = os.environ['CLOISTER_SHARD']\n"
        "pathlib.Path('out/part').write_text(shard)\nsys.exit(7 if shard == '1' else 0)"
    )
    status, words = ended(platform, write, program, shards=3)
    assert (status["shards"], status["shards_done"]) == (3, 2)
    assert "the command ended with code 7 (shard 1; 2 of 3 shards are done)" in words
    for shard, there in enumerate((True, False, True)):
        assert (platform.manifest("small", status["run_id"], f"-{shard}") is not None) is there


RESUMES = """
import os, pathlib, time
kept = pathlib.Path("checkpoint/step")
if kept.exists():
    pathlib.Path("out/resumed").write_text(os.environ["CLOISTER_ATTEMPT"] + kept.read_text())
else:
    kept.write_text("half")
    print("half way", flush=True)
    time.sleep(120)
"""


def test_a_node_that_goes_away_costs_no_retry(platform: Platform, write: Write) -> None:
    run = platform.submit(write(RESUMES, retries=0))
    deadline = time.monotonic() + 60
    while "half way" not in platform.cloister("logs", run, "--team", TEAM).out:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    [pod] = platform.status(run)["attempts"]
    core = client.CoreV1Api(platform.cluster.client)
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=pod["pod"], namespace=NAMESPACE))
    core.create_namespaced_pod_eviction(pod["pod"], NAMESPACE, eviction)
    status = platform.until(run, "done", "failed")
    assert status["state"] == "done", status
    manifest = platform.manifest("small", run)
    assert manifest is not None and manifest["attempt"] == 2
    [kept] = [item for item in manifest["objects"] if item["name"].endswith("/out/resumed")]
    assert platform.store.get(kept["bucket"], kept["name"]) == b"2half"


def test_cancelled(platform: Platform, write: Write) -> None:
    run = platform.submit(write("import time; time.sleep(120)", retries=3))
    platform.until(run, "running")
    assert platform.cloister("cancel", run, "--team", TEAM).code == 0
    status = platform.until(run, "cancelled")
    said = platform.cloister("status", run, "--team", TEAM)
    assert (said.code, status["cause"]) == (1, "cancelled")
    assert platform.cloister("cancel", run, "--team", TEAM).out.startswith(f"run {run} has ended already")
    assert platform.manifest("small", run) is None


def test_waiting_says_for_what(platform: Platform, write: Write) -> None:
    large = platform.submit(write("", resources={"cpu": 30, "memory": "256Mi"}))
    refused = platform.submit(write("", resources={"cpu": 20, "memory": "256Mi"}))
    try:
        for run, words in ((large, "waiting for a node: "), (refused, "waiting for the team's quota: ")):
            deadline = time.monotonic() + 30
            while not (status := platform.status(run))["cause"].startswith(words):
                assert time.monotonic() < deadline, status
                time.sleep(0.5)
            assert status["state"] == "waiting"
            assert platform.cloister("status", run, "--team", TEAM).code == 0
    finally:
        for run in (large, refused):
            platform.cloister("cancel", run, "--team", TEAM)
