"""What the runner costs around a command that does nothing. test_transfer.py has what it costs per byte and file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from runner.client.object_store import ObjectStore
from tests.runner.support import BUCKETS, Job, StoreClient

GOAL_SECONDS, GOAL_BYTES = 0.6, 80 << 20


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
