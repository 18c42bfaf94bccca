"""Promotions reach a server by themselves: real registry, real runner that follows it, real server, real sealed models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ..models.support import ARTIFACTS, Team, model_files
from .support import Server, following

PROMOTED_WITHIN = 15.0  # seconds


def until(holds: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def published(team: Team, number: int, slope: float, program: str = "") -> None:
    files = model_files(slope)
    files["model/predict.py"] = program.encode() + files["model/predict.py"]
    assert team.publish(team.train(files)).result["number"] == number


def answers(server: Server, x: float = 1) -> Any:
    status, answer = server.ask(x)
    return answer["predictions"][0]["y"] if status == 200 else status


def test_a_first_promotion_is_served_and_until_then_nothing_is(team: Team) -> None:
    with following(team) as (server, _):
        assert server.call("GET", "/health")[0] == 200
        assert server.call("GET", "/ready")[0] == 503
        assert server.ask(1) == (503, {"error": "the model is starting; ask again in a moment"})
        published(team, 1, 2)
        assert team.promote(1).code == 0
        server.until_ready()
        assert answers(server) == 2


def test_an_update_under_load_fails_no_request(team: Team) -> None:
    published(team, 1, 2)
    assert team.promote(1).code == 0
    with following(team) as (server, _):
        server.until_ready()
        published(team, 2, 3)
        seen: list[tuple[float, Any]] = []
        ended = threading.Event()

        def load() -> None:
            while not ended.is_set():
                seen.append((time.monotonic(), answers(server)))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        assert team.promote(2).code == 0
        until(lambda: seen[-1][1] == 3)
        time.sleep(0.5)
        ended.set()
        for thread in threads:
            thread.join()
        took = next(when for when, answer in seen if answer == 3) - begun
        print(f"\npromotion to serving: {took:.1f} s; {len(seen)} requests, none failed")
        assert {answer for _, answer in seen} == {2, 3}
        assert took < PROMOTED_WITHIN
        assert server.ask(1, 2)[0] == 200 and server.call("GET", "/ready")[0] == 200


def test_a_version_that_does_not_stand_takes_nobodys_place(team: Team) -> None:
    published(team, 1, 2)
    assert team.promote(1).code == 0
    with following(team) as (server, _):
        server.until_ready()
        # It answers its golden requests where it is promoted, and not where it serves.
        published(
            team,
            2,
            3,
            "import os\nif os.environ['CLOISTER_JOB'] == 'serve':\n    raise SystemExit(3)\n",
        )
        assert team.promote(2).code == 0
        until(lambda: server.events("not-ready"))
        assert answers(server) == 2 and server.call("GET", "/ready")[0] == 200
        assert team.rollback().result["number"] == 1
        published(team, 3, 5)
        assert team.promote(3).code == 0
        until(lambda: answers(server) == 5)


def test_a_version_whose_files_are_gone_is_told_and_not_served(team: Team) -> None:
    published(team, 1, 2)
    assert team.promote(1).code == 0
    with following(team) as (server, follower):
        server.until_ready()
        published(team, 2, 3)
        assert team.promote(2).code == 0
        rows = team.ask("show", name=team.name, number=2).rows
        [weights] = [row for row in rows if row["path"] == "weights.json"]
        # Before the server has it or after: what was promoted serves, or what was there before.
        team.store.put(ARTIFACTS, f"models/{team.name}/files/{weights['sha256']}", b"{}")
        time.sleep(2)
        assert answers(server) in (2, 3)
        assert follower.poll() is None and server.call("GET", "/ready")[0] == 200


def test_a_version_that_fails_on_requests_gives_its_place_back(team: Team) -> None:
    published(team, 1, 2)
    assert team.promote(1).code == 0
    with following(team) as (server, _):
        server.until_ready()
        published(team, 2, 3, """
import json
loads = json.loads
def picky(line):
    found = loads(line)
    if "instances" in found and found["instances"][0]["x"] > 90:
        raise SystemExit(3)
    return found
json.loads = picky
""")  # fmt: skip
        assert team.promote(2).code == 0
        until(lambda: answers(server) == 3)

        def fails() -> bool:
            return answers(server, 99) == 198  # as version 1 answers

        until(fails, 40)
        assert answers(server) == 2 and server.call("GET", "/ready")[0] == 200
        assert any("version 1 serves again" in entry["message"] for entry in server.events("not-ready"))
