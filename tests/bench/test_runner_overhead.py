"""What the runner costs: around a command that does nothing, and per byte and file against a plain HTTP loop.

The loop is the limit: threads with one kept connection each, no checks, no retries. Sizes can be set:
CLOISTER_BENCH_FILES (1000), CLOISTER_BENCH_FILE_KB (64), CLOISTER_BENCH_LARGE_MB (512). Times are printed beside
their goals and not asserted: they are the machine's as much as the runner's.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from urllib.parse import quote, urlsplit

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from runner.client.object_store import ObjectStore
from tests.runner.support import BUCKETS, Job, StoreClient

FILES = int(os.environ.get("CLOISTER_BENCH_FILES", "1000"))
FILE_KB = int(os.environ.get("CLOISTER_BENCH_FILE_KB", "64"))
LARGE_MB = int(os.environ.get("CLOISTER_BENCH_LARGE_MB", "512"))
THREADS = 8

GOAL_SECONDS, GOAL_BYTES = 0.6, 80 << 20
GOAL_SMALL, GOAL_LARGE = 0.5, 0.8  # of the loop's speed


@pytest.fixture(scope="module")
def store() -> Iterator[StoreClient]:
    with ObjectStore() as embedded:
        client = StoreClient(embedded.url)
        for name in BUCKETS.values():
            client.make_bucket(name)
        yield client


def test_overhead_around_true(benchmark: BenchmarkFixture, store: StoreClient, tmp_path: Path) -> None:
    """Process start to exit with nothing to stage, and the runner's largest resident size."""
    sizes = []

    def once() -> None:
        job = Job(store, tmp_path / secrets.token_hex(4), {"x": ""}, run=["true"])
        process = job.start()
        assert process.stdout is not None
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        sizes.append(usage.ru_maxrss * 1024)

    benchmark.pedantic(once, rounds=10, warmup_rounds=1)
    benchmark.extra_info["memory_mb"] = round(max(sizes) / 1e6, 1)
    median = benchmark.stats.stats.median
    print(f"\nrunner around true: {median:.2f} s (goal {GOAL_SECONDS}), {max(sizes) / 1e6:.0f} MB (goal 80)")
    assert max(sizes) < GOAL_BYTES


class Loop:
    """The limit: GET and POST over one kept connection per thread."""

    def __init__(self, url: str) -> None:
        self._host, self._local = urlsplit(url).netloc, local()

    def _call(self, method: str, path: str, body: bytes | None = None) -> http.client.HTTPResponse:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self._host, blocksize=1 << 20)
        connection.request(method, path, body)
        response: http.client.HTTPResponse = connection.getresponse()
        assert response.status in (200, 206)
        return response

    def get(self, name: str, path: Path) -> None:
        with path.open("wb") as file:
            response = self._call(
                "GET", f"/download/storage/v1/b/{BUCKETS['data']}/o/{quote(name, safe='')}?alt=media"
            )
            while piece := response.read(1 << 20):
                file.write(piece)

    def put(self, name: str, path: Path) -> None:
        target = f"/upload/storage/v1/b/{BUCKETS['artifacts']}/o?uploadType=media&name={quote(name, safe='')}"
        self._call("POST", target, path.read_bytes()).read()


def in_parallel(tasks: Sequence[Callable[[], None]]) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
    return time.perf_counter() - begun


def loop_seconds(store: StoreClient, names: list[str], folder: Path) -> tuple[float, float]:
    """Seconds to download the objects, and to upload the files again."""
    loop = Loop(store.url)
    folder.mkdir()
    places = {name: folder / str(index) for index, name in enumerate(names)}
    tag = secrets.token_hex(4)
    down = in_parallel([lambda n=n, p=p: loop.get(n, p) for n, p in places.items()])  # type: ignore[misc]
    up = in_parallel([lambda n=n, p=p: loop.put(f"{tag}/{n}", p) for n, p in places.items()])  # type: ignore[misc]
    for name in names:
        store.delete(BUCKETS["artifacts"], f"{tag}/{name}")  # the store slows down with what it holds
    return down, up


def runner_seconds(store: StoreClient, prefix: str, folder: Path) -> tuple[float, float]:
    """The runner's own phases, for a command that hands its input on."""
    inputs, outputs = [{"from": f"data/{prefix}/", "to": "in"}], [{"from": "out", "to": "artifacts"}]
    job = Job(store, folder, {"x": ""}, run=["cp", "-rl", "in/.", "out"], inputs=inputs, outputs=outputs)
    result = job.finish()
    assert result.code == 0, result.why()
    durations = result.record["durations"]
    manifest = job.manifest()
    assert manifest is not None and manifest["objects"]
    for item in manifest["objects"]:
        store.delete(item["bucket"], item["name"])
    return durations["stage-in"], durations["publish"]


@pytest.mark.parametrize(("kind", "goal"), [("small", GOAL_SMALL), ("large", GOAL_LARGE)])
def test_staging_against_the_loop(store: StoreClient, tmp_path: Path, kind: str, goal: float) -> None:
    """Three rounds of each, taken in turn so that the machine's mood strikes both; medians are compared."""
    size, count = (FILE_KB << 10, FILES) if kind == "small" else (LARGE_MB << 20, 1)
    names = [f"{kind}/{index:05}" for index in range(count)]
    block = os.urandom(min(size, 1 << 20))
    for name in names:
        store.put(BUCKETS["data"], name, (block * (size // len(block) + 1))[:size])
    ours, limits = [], []
    for turn in range(3):
        limits.append(loop_seconds(store, names, tmp_path / f"loop{turn}"))
        ours.append(runner_seconds(store, kind, tmp_path / f"run{turn}"))
    report = {}
    for index, direction in enumerate(("in", "out")):
        limit, own = (statistics.median(pair[index] for pair in pairs) for pairs in (limits, ours))
        report[direction] = {
            "loop": round(limit, 2),
            "runner": round(own, 2),
            "of_limit": round(limit / own, 2),
        }
    reached = all(direction["of_limit"] >= goal for direction in report.values())
    print(
        f"\nstaging {count} x {size >> 10} kB: {json.dumps(report)} (goal {goal}: {'met' if reached else 'not met'})"
    )
