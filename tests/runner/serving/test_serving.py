"""A promoted version behind HTTP: real pull, real server, real sealed model."""

from __future__ import annotations

import json
import signal
import threading
import time

import pytest

from runner.image.exits import Exit

from ..models.support import Team
from .conftest import Serve
from .support import kill_descendants


def test_a_promoted_version_answers(serve: Serve) -> None:
    server = serve()
    assert server.ask(1, 2.5) == (200, {"predictions": [{"y": 2}, {"y": 5.0}]})
    assert server.call("GET", "/health") == (200, {"up": True})
    status, text = server.call("GET", "/metrics")
    assert status == 200
    assert 'cloister_serving_requests_total{model="' in str(text) and 'code="200"} 1' in str(text)


def test_the_log_has_each_request_and_nothing_of_what_it_said(serve: Serve) -> None:
    server = serve()
    assert server.ask(31337.25)[0] == 200
    assert server.call(
        "POST", "/invocations", b'{"instances": [{"x": "sesame"}]}', {"Content-Type": "application/json"}
    ) == (400, {"error": "instance 0: x is not a double"})
    deadline = time.monotonic() + 5
    while len(server.events("request")) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    good, bad = server.events("request")
    assert (good["status"], good["instances"], good["caller"]) == (200, 1, "loopback")
    assert (bad["status"], bad["severity"]) == (400, "WARNING")
    said = json.dumps(server.entries)
    assert "31337" not in said and "62674.5" not in said and "sesame" not in said


def test_nothing_promoted_is_nothing_pulled(team: Team) -> None:
    found = team.ask("pull", name=team.name, stage="production")
    assert found.code == Exit.BAD_JOB and "nothing was promoted to production" in found.record["cause"]


def test_the_model_is_started_again_after_it_died(serve: Serve) -> None:
    server = serve("""
import json, os, sys
class Dies(dict):
    def __getitem__(self, key):
        if self.get(key) == 13:
            os._exit(3)
        return dict.__getitem__(self, key)
loads = json.loads
json.loads = lambda line: loads(line, object_hook=Dies)
""")
    assert server.ask(13) == (500, {"error": "the model failed on this request"})
    server.until_ready()
    assert server.ask(4) == (200, {"predictions": [{"y": 8}]})
    assert 'cloister_serving_model_starts_total{model="' in str(server.call("GET", "/metrics")[1])
    assert len(server.events("ready")) == 2


def test_a_late_answer_reaches_nobody(serve: Serve) -> None:
    server = serve(
        """
import time, json
loads = json.loads
def slowly(line):
    found = loads(line)
    if "instances" in found and found["instances"][0]["x"] == 99:
        time.sleep(2.5)
    return found
json.loads = slowly
""",
        CLOISTER_SECONDS="1",
    )
    assert server.ask(99) == (504, {"error": "the model did not answer in time"})
    server.until_ready()
    assert server.ask(5) == (200, {"predictions": [{"y": 10}]})


def test_a_model_that_speaks_out_of_turn_is_ended(serve: Serve) -> None:
    server = serve("""
import builtins
say = print
def twice(text, **how):
    say(text, **how)
    if "62" in text:
        say(text, **how)
builtins.print = print = twice
""")
    assert server.ask(31)[0] == 200
    time.sleep(0.1)
    status, answer = server.ask(1)
    assert status in (500, 503) and "predictions" not in answer  # never the other's answer
    server.until_ready()
    assert server.ask(1) == (200, {"predictions": [{"y": 2}]})


def test_a_model_that_does_not_stand_is_never_ready(serve: Serve) -> None:
    server = serve(ready=False)
    server.until_ready()
    # The model's own process may write to its files; its server reads their hashes before it starts it again.
    weights = server.work / "job/weights.json"
    weights.chmod(0o644)
    weights.write_text('{"slope": 3}')
    kill_descendants(server.process.pid)
    assert server.ask(1)[0] == 500
    time.sleep(0.5)
    assert server.call("GET", "/ready")[0] == 503 and server.ask(1)[0] == 503
    [told, *_] = server.events("not-ready")
    assert "weights.json of version 1" in told["message"] and "was changed here" in told["message"]


def test_it_ends_when_told_and_answers_what_it_has_in_hand(serve: Serve) -> None:
    server = serve("import time\n" + "_end = time.monotonic() + 0\n")
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(server.ask(1)[0])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == Exit.DONE
    assert answers == [200] * 20


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CLOISTER_ADDRESS": "0.0.0.0"}, "anybody could call"),
        ({"CLOISTER_AUDIENCE": "a"}, "nobody could say whose a token is"),
        ({"CLOISTER_PORTS": "1"}, "CLOISTER_PORTS is not a setting"),
        ({"CLOISTER_CALLERS": "team-a,*"}, "CLOISTER_CALLERS is not valid"),
    ],
)
def test_settings_fail_closed(settings: dict[str, str], said: str) -> None:
    from runner.image.exits import Failure
    from runner.serving.settings import read

    with pytest.raises(Failure, match=said):
        read({"CLOISTER_TEAM": "a", "CLOISTER_ADDRESS": "127.0.0.1", **settings})
