"""What breaks around a run on a real cluster: its disk, its store, its pod, and the cluster's own parts.

The parts are killed in the last tests, one after the other, and stand again before each ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client

from runner.client.cluster.connection import Refused
from runner.client.cluster.runs import State

from ..proxy import Fault, Plan
from ..support import BUCKETS
from .conftest import NAMESPACE, TEAM, Platform, Write


@pytest.fixture(autouse=True)
def store_well_again(platform: Platform) -> Iterator[None]:
    yield
    platform.faults.plan = lambda method, path: "pass"


def adapted(platform: Platform, write: Write, program: str, change: Callable[[Any], None], **job: Any) -> str:
    """Submit what `job submit` would, with its pod's specification changed; the run's id."""
    said = platform.cloister("submit", str(write(program, **job)), "--team", TEAM, "--dry-run")
    assert said.code == 0, said.err
    manifest = yaml.safe_load(said.out)
    change(manifest["spec"]["template"]["spec"])
    return create(platform, manifest)


def create(platform: Platform, manifest: dict[str, Any]) -> str:
    client.BatchV1Api(platform.cluster.client).create_namespaced_job(NAMESPACE, manifest)
    return str(manifest["metadata"]["labels"]["cloister.dev/run"])


# --- the disk -----------------------------------------------------------------------------------------------

FILLS = """
import time
with open("out/large", "wb") as file:
    for _ in range(150):
        file.write(bytes(1 << 20))
        file.flush()
time.sleep(90)
"""


def test_more_than_the_pod_may_have_of_the_nodes_disk(platform: Platform, write: Write) -> None:
    def small(pod: Any) -> None:
        for amounts in pod["containers"][0]["resources"].values():
            amounts["ephemeral-storage"] = "64Mi"

    run = adapted(platform, write, FILLS, small)
    status = platform.until(run, "failed", "done")
    said = platform.cloister("status", run, "--team", TEAM)
    assert (said.code, status["state"], len(status["attempts"])) == (1, "failed", 1), said.out
    assert "the work disk is full: " in said.out and "64Mi" in said.out
    assert "Write less, or ask the platform team for a larger work disk" in said.out
    assert platform.manifest("small", run) is None


def test_a_disk_that_is_full(platform: Platform, write: Write) -> None:
    def small(pod: Any) -> None:
        pod["volumes"][0]["emptyDir"] = {"medium": "Memory", "sizeLimit": "48Mi"}

    run = adapted(platform, write, FILLS, small, retries=2)
    status = platform.until(run, "failed", "done")
    said = platform.cloister("status", run, "--team", TEAM)
    assert [attempt["exit_class"] for attempt in status["attempts"]] == ["disk-full"], said.out
    assert "disk is full" in said.out and platform.manifest("small", run) is None


# --- the store ----------------------------------------------------------------------------------------------


def test_a_store_that_is_away_for_half_a_minute_costs_retries_and_no_more(
    platform: Platform, write: Write
) -> None:
    platform.store.put(BUCKETS["data"], "numbers/0", b"0\n")
    file = write(
        "import shutil; shutil.copy('in/0', 'out/0')",
        inputs=[{"from": "data/numbers/", "to": "in/"}],
        retries=5,
    )
    back = time.monotonic() + 30

    def away(method: str, path: str) -> Fault:
        return 503 if "-code/" not in path and time.monotonic() < back else "pass"

    run = platform.submit(file)
    platform.faults.plan = away
    status = platform.until(run, "done", "failed", seconds=180)
    assert status["state"] == "done", status
    exits = [attempt["exit"] for attempt in status["attempts"]]
    assert exits[-1] == 0 and set(exits[:-1]) == {69}
    manifest = platform.manifest("small", run)
    assert manifest is not None and manifest["attempt"] <= len(exits)


def test_a_store_that_never_answers_is_named(platform: Platform, write: Write) -> None:
    run = platform.submit(write(""))
    platform.faults.plan = lambda method, path: "hang"
    status = platform.until(run, "failed", "done", seconds=180)
    assert [attempt["exit_class"] for attempt in status["attempts"]] == ["unavailable"]
    words = platform.cloister("status", run, "--team", TEAM).out
    assert "the object store did not answer" in words
    assert "Submit it again; `retries` in job.yaml tries by itself" in words


# --- the pod ------------------------------------------------------------------------------------------------

COPY = "import shutil; shutil.copytree('in', 'out', dirs_exist_ok=True)"


def _down(method: str, path: str) -> bool:
    return method == "GET" and path.startswith("/download/")


def _documents(path: str) -> bool:
    return "multipart" in path or "uploadType=resumable" in path


# In which request of a run its pod is killed: what chooses it, and how many of those are let through first.
PHASES: dict[str, tuple[Callable[[str, str], bool], int]] = {
    "claiming its attempt": (lambda method, path: _documents(path), 0),
    "staging": (lambda method, path: _down(method, path) and "-data/" in path, 1),
    "fetching its code": (lambda method, path: _down(method, path) and "-code/" in path, 0),
    "publishing": (lambda method, path: method == "POST" and "uploadType=media" in path, 1),
    "writing its manifest": (lambda method, path: _documents(path), 2),  # after its claim and its inputs
}


def hanging(about: Callable[[str, str], bool], after: int) -> tuple[Plan, Callable[[], bool]]:
    """A plan whose (`after`+1)th such request hangs, and every one from then on; and whether it has come to that."""
    seen: list[str] = []

    def plan(method: str, path: str) -> Fault:
        if about(method, path):
            seen.append(path)
            return "hang" if len(seen) > after else "pass"
        return "pass"

    return plan, lambda: len(seen) > after


def kill_container(platform: Platform, run: str) -> None:
    """Kill the run's process on the node, as nobody who is asked would: no SIGTERM, no word to the API server."""
    core = client.CoreV1Api(platform.cluster.client)
    deadline = time.monotonic() + 30
    while True:
        pods = core.list_namespaced_pod(NAMESPACE, label_selector=f"cloister.dev/run={run}").items
        ids = [status.container_id for pod in pods for status in pod.status.container_statuses or ()]
        if found := [each.rpartition("/")[2] for each in ids if each]:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    done = platform.node.ctr("-n", "k8s.io", "tasks", "kill", "-s", "SIGKILL", found[0])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("phase", PHASES)
def test_a_pod_killed_in_any_phase_leaves_nothing_half_done(
    platform: Platform, write: Write, phase: str
) -> None:
    files = {str(index): f"{phase} {index}\n".encode() for index in range(4)}
    for name, data in files.items():
        platform.store.put(BUCKETS["data"], f"killed/{name}", data)
    file = write(COPY, inputs=[{"from": "data/killed/", "to": "in/"}], retries=2)
    said = platform.cloister("submit", str(file), "--team", TEAM, "--dry-run")  # uploads the code
    assert said.code == 0, said.err
    plan, reached = hanging(*PHASES[phase])
    platform.faults.plan = plan
    run = create(platform, yaml.safe_load(said.out))
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, platform.status(run)
        time.sleep(0.1)
    kill_container(platform, run)
    assert platform.manifest("small", run) is None
    platform.faults.plan = lambda method, path: "pass"
    status = platform.until(run, "done", "failed")
    assert status["state"] == "done", status
    assert [attempt["exit"] for attempt in status["attempts"]] == [137, 0]
    manifest = platform.manifest("small", run)
    assert manifest is not None
    published = {
        item["name"].rpartition("/")[2]: platform.store.get(item["bucket"], item["name"])
        for item in manifest["objects"]
    }
    assert published == files


def test_of_two_attempts_at_once_one_is_seen(platform: Platform, write: Write) -> None:
    program = (
        "import os, pathlib, time; time.sleep(6)\n"
        "pathlib.Path('out/attempt').write_text(os.environ['CLOISTER_ATTEMPT'])"
    )
    said = platform.cloister("submit", str(write(program)), "--team", TEAM, "--dry-run")
    assert said.code == 0, said.err
    manifest = yaml.safe_load(said.out)
    run, name = create(platform, manifest), manifest["metadata"]["name"]
    manifest["metadata"]["name"] = f"{name[:50]}-twice"
    create(platform, manifest)
    batch = client.BatchV1Api(platform.cluster.client)
    names = (name, manifest["metadata"]["name"])
    deadline = time.monotonic() + 90
    while True:
        ended = [batch.read_namespaced_job(each, NAMESPACE).status for each in names]
        if all(status.completion_time or status.failed for status in ended):
            break
        assert time.monotonic() < deadline, ended
        time.sleep(0.5)
    core = client.CoreV1Api(platform.cluster.client)
    pods = core.list_namespaced_pod(NAMESPACE, label_selector=f"cloister.dev/run={run}").items
    exits = sorted(pod.status.container_statuses[0].state.terminated.exit_code for pod in pods)
    assert exits in ([0, 73], [0, 0])  # the later one finds the run published, before or while it publishes
    seen = platform.manifest("small", run)
    assert seen is not None
    [item] = seen["objects"]
    assert platform.store.get(item["bucket"], item["name"]) == str(seen["attempt"]).encode()


# --- the cluster's own parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["kubelet", "etcd", "kube-controller-manager"])
def test_a_run_outlives_a_part_of_the_cluster_that_is_killed(
    platform: Platform, write: Write, part: str
) -> None:
    run = platform.submit(
        write("import time\nfor n in range(12):\n    print(n, flush=True); time.sleep(1)\nopen('out/x', 'w')")
    )
    platform.until(run, "running")
    platform.node.restart(part)
    states, deadline = set(), time.monotonic() + 120
    while State.DONE not in states:
        assert time.monotonic() < deadline, states
        try:
            found = platform.history.find(run)
        except Refused:
            continue  # it says that it does not know, and no more
        assert found is not None
        states.add(found.state)
        time.sleep(0.3)
    assert states <= {State.RUNNING, State.DONE}
    status = platform.status(run)
    assert [attempt["exit"] for attempt in status["attempts"]] == [0]
    manifest = platform.manifest("small", run)
    assert manifest is not None and manifest["attempt"] == 1
    assert platform.node.kubectl("get", "--raw", "/readyz").returncode == 0
