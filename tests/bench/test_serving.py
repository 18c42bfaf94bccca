"""What serving costs: the same requests to the bare model through its pipes, and to the server over loopback.

Fifty connections send at a steady rate each, as callers do; medians are compared. Rates can be set:
CLOISTER_BENCH_RATE (500 requests a second in all), CLOISTER_BENCH_SECONDS (8).
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.client.object_store import ObjectStore
from runner.image.log import Log
from runner.serving.model import Model
from runner.serving.settings import read
from tests.runner.models.support import Team, model_files
from tests.runner.serving.support import served
from tests.runner.support import BUCKETS, StoreClient

CONNECTIONS = 50
RATE = float(os.environ.get("CLOISTER_BENCH_RATE", "500"))
SECONDS = float(os.environ.get("CLOISTER_BENCH_SECONDS", "8"))
GOAL = 2.0  # milliseconds over the bare model, at the median
BODY = json.dumps({"instances": [{"x": 2.5}]}).encode()
HEAD = f"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with ObjectStore() as embedded:
        store = StoreClient(embedded.url)
        for name in BUCKETS.values():
            store.make_bucket(name)
        made = Team(store, tmp_path / "work", uid=None)
        made.publish(made.train(model_files()))
        assert made.promote(1).code == 0
        yield made


async def _connection(port: int, number: int, begin: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    every = CONNECTIONS / RATE
    due = begin + number / RATE
    while due < begin + SECONDS:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sent = time.perf_counter()
        writer.write(HEAD.encode() + BODY)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        took.append(time.perf_counter() - sent)
        due += every
    writer.close()


def load(port: int) -> list[float]:
    """Milliseconds of each request, sorted."""

    async def all_of_them() -> list[float]:
        took: list[float] = []
        begin = time.perf_counter() + 0.2
        await asyncio.gather(*(_connection(port, n, begin, took) for n in range(CONNECTIONS)))
        return took

    return sorted(1e3 * each for each in asyncio.run(all_of_them()))


def bare(work: Path) -> list[float]:
    """The model alone, asked through its pipes at the same rate."""
    model = Model(read({"CLOISTER_TEAM": "fakespot", "CLOISTER_WORK": str(work), "CLOISTER_ADDRESS": "127.0.0.1"}), Log(os.open(os.devnull, os.O_WRONLY)), work)  # fmt: skip
    model.start()
    took, due = [], time.perf_counter()
    while len(took) < RATE * SECONDS / 2:
        time.sleep(max(0.0, due - time.perf_counter()))
        begun = time.perf_counter()
        model.ask([{"x": 2.5}], 5)
        took.append(1e3 * (time.perf_counter() - begun))
        due += 1 / RATE
    model.close()
    return sorted(took)


def told(name: str, took: list[float]) -> float:
    median = statistics.median(took)
    print(f"\n{name}: median {median:.2f} ms, p99 {took[len(took) * 99 // 100]:.2f} ms, {len(took)} requests")
    return median


def test_serving_over_the_bare_model(team: Team) -> None:
    with served(team) as server:
        load(server.port)  # warm
        through = told(f"served, {CONNECTIONS} connections at {RATE:g}/s", load(server.port))
        alone = told("the bare model", bare(server.work))
    print(f"\nserving adds {through - alone:.2f} ms at the median (goal {GOAL:g})")
    assert through - alone < GOAL
