"""The watch as the platform starts it: its CronJob, its image, its account, on a real cluster with a real schedule."""

from __future__ import annotations

import json
import time
from typing import Any

from kubernetes import client

from cloister.declarations import names

from .conftest import TEAM, Platform, Write
from .test_schedule_life import NAME, deploy, repository

SYSTEM = names.PLATFORM_NAMESPACE


def look(platform: Platform, name: str) -> list[dict[str, Any]]:
    """Start the watch's CronJob by hand; what its pod writes."""
    core, batch = client.CoreV1Api(platform.cluster.client), client.BatchV1Api(platform.cluster.client)
    template = batch.read_namespaced_cron_job(names.WATCH, SYSTEM).spec.job_template
    batch.create_namespaced_job(SYSTEM, {"metadata": {"name": name}, "spec": template.spec})
    deadline = time.monotonic() + 60
    while not (job := batch.read_namespaced_job_status(name, SYSTEM)).status.completion_time:
        pods = core.list_namespaced_pod(SYSTEM, label_selector=f"job-name={name}").items
        assert not job.status.failed and time.monotonic() < deadline, [
            pod.status.container_statuses for pod in pods
        ]
        time.sleep(0.5)
    (pod,) = core.list_namespaced_pod(SYSTEM, label_selector=f"job-name={name}").items
    log = core.read_namespaced_pod_log(pod.metadata.name, SYSTEM)
    return [json.loads(line) for line in log.splitlines()]


def run_record(platform: Platform) -> dict[str, Any]:
    """What the runner recorded of the schedule's first run."""
    core = client.CoreV1Api(platform.cluster.client)
    pods = core.list_namespaced_pod(f"team-{TEAM}").items
    name = next(pod.metadata.name for pod in pods if pod.metadata.name.startswith(f"{NAME}-"))
    lines = core.read_namespaced_pod_log(name, f"team-{TEAM}").splitlines()
    return next(entry["record"] for entry in map(json.loads, lines) if entry["event"] == "run-record")


def of_schedule(lines: list[dict[str, Any]]) -> dict[str, Any]:
    (record,) = [line for line in lines if line["event"] == "schedule" and line["schedule"] == NAME]
    return record


def test_the_watch_follows_a_schedule(platform: Platform, write: Write, system_node: None) -> None:
    lines = look(platform, "watch-before")
    before = of_schedule(lines)
    assert (before["team"], before["deployed"]) == (TEAM, False)
    assert before["state"] in ("waiting", "not-deployed")  # by how long the platform has been up
    assert {line["schedule"] for line in lines if line["event"] == "schedule"} == {NAME, "nightly-eval"}
    assert lines[-1]["event"] == "watch" and lines[-1]["complete"] and lines[-1]["teams"] == 2

    deploy(platform, repository(write))
    deadline = time.monotonic() + 150
    jobs = client.BatchV1Api(platform.cluster.client)
    while not jobs.read_namespaced_cron_job_status(NAME, f"team-{TEAM}").status.last_successful_time:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert platform.cloister("schedule", "suspend", NAME, "--team", TEAM).code == 0
    after = of_schedule(look(platform, "watch-after"))
    assert (after["state"], after["never_ran"], after["as_declared"]) == ("suspended", False, True)
    assert 0 <= after["seconds_since_success"] < 90 and after["next_due"] is None

    record = run_record(platform)
    assert record["exit_class"] == "done" and 0 <= record["durations"]["queue"] < 60
    jobs.delete_namespaced_cron_job(NAME, f"team-{TEAM}")
