"""What records and logs tell: fingerprints, comparisons, schedules, and Cloud Logging's answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cloister.declarations import load
from cloister.declarations.schedule import Schedule
from runner.client.cluster import compare, failures, shown
from runner.client.cluster.cloud_logging import CloudLogging
from runner.client.cluster.entries import Entry, Unreadable, label, parse, record_of
from runner.client.cluster.failures import Failure, fingerprint, grouped
from runner.client.cluster.place import Place
from runner.client.cluster.runs import runs
from runner.client.cluster.schedules import installed, next_starts
from runner.container.image import ROOT
from runner.image.log import LABELS

from . import objects
from .store import serving

TRACE = """Traceback (most recent call last):
  File "/work/job/main.py", line {line}, in <module>
    load({value!r})
  File "/work/job/data.py", line 7, in load
    return table[name]
KeyError: {value!r}"""
DECLARED = load(ROOT)
PLACE = Place(DECLARED, DECLARED.teams["fakespot"])


def record(run: str, **changes: Any) -> Entry:
    its = {"job": "small", "run_id": run, "exit": 1, "exit_class": "failed", "cause": "it ended with code 1"}
    time = changes.pop("time", "2026-11-25T02:41:30Z")
    return {
        "event": "run-record",
        "time": time,
        LABELS: {"run": run, "shard": "0", "attempt": "1"},
        "record": its | changes,
    }


def reported(run: str, trace: str) -> Entry:
    return {
        "event": "command-failed",
        "@type": "x",
        "message": trace,
        LABELS: {"run": run, "shard": "0", "attempt": "1"},
    }


# --- fingerprints -----------------------------------------------------------------------------------------


def test_the_same_mistake_on_another_line_is_the_same() -> None:
    marks = {
        fingerprint("failed", TRACE.format(line=line, value=value)) for line, value in ((3, "a"), (90, "bb"))
    }
    assert len(marks) == 1
    other = TRACE.format(line=3, value="a").replace("in load", "in save")
    assert fingerprint("failed", other) not in marks
    assert (
        fingerprint("failed", TRACE.format(line=3, value="a").replace("KeyError", "IndexError")) not in marks
    )


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_and_names_with_digits_do_not_tell_sentences_apart(one: int, other: int) -> None:
    def sentence(n: int) -> str:
        return f"gs://acme-data/part-{n}.csv has {n} bytes where '{n}' were expected"

    assert fingerprint("input", sentence(one)) == fingerprint("input", sentence(other))
    assert fingerprint("input", sentence(one)) != fingerprint("unavailable", sentence(other))


def test_failures_are_grouped_with_the_run_where_they_began() -> None:
    found = [
        reported("r1", TRACE.format(line=3, value="a")), record("r1", time="2026-11-25T02:41:30Z"),
        record("good", exit=0, exit_class="done"), record("away", exit=75, exit_class="preempted"),
        reported("r2", TRACE.format(line=9, value="b")), record("r2", time="2026-11-26T02:41:30Z"),
        record("r3", exit=65, exit_class="input", cause="data/x7 is not there", time="2026-11-25T12:00:00Z"),
    ]  # fmt: skip
    key, missing = grouped(failures.of_entries(found))
    assert (key.count, key.runs, key.began_in, key.sentence) == (2, 2, "r1", "KeyError: 'b'")
    assert (key.first.day, key.last.day) == (25, 26)
    assert (missing.word, missing.began_in, missing.sentence) == ("input", "r3", "data/x7 is not there")


def test_out_of_memory_is_one_error_wherever_it_strikes() -> None:
    [run] = runs([objects.job()], [objects.pod("p1", exit=137, reason="OOMKilled")])
    [lost] = failures.of_run(run, seen=set())
    [told] = failures.of_entries(
        [reported("r", TRACE.format(line=1, value="a")), record("r", exit=137, exit_class="killed")]
    )
    assert told.fingerprint == lost.fingerprint and told.word == "oom"


def test_pods_that_left_no_record_count_too() -> None:
    [run] = runs(
        [objects.job()], [objects.pod("p1", exit=137, reason="OOMKilled"), objects.pod("p2", exit=3)]
    )
    [failure] = failures.of_run(run, seen={"p2"})
    assert isinstance(failure, Failure) and (failure.word, failure.run_id) == ("oom", objects.RUN_ID)


# --- comparisons ------------------------------------------------------------------------------------------


def facts(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs = [{"from": "data/x/", "objects": 3, "bytes": 30, "generation": changes.pop("generation", 1)}]
    whole = {
        "code": "sha256:a", "environment": None, "lock": None, "image": "i", "command": ["true"], "shards": 1,
        "inputs": inputs, "inputs_digest": "d", "metrics": {"accuracy": 0.9}, "exit_class": "done", "durations": {},
    }  # fmt: skip
    return compare.facts(None, whole | changes)


def test_equal_runs_differ_in_nothing() -> None:
    changes, same = compare.compare(facts(), facts())
    assert changes == [] and {"code", "environment", "image", "inputs", "metric accuracy"} <= set(same)


def test_times_that_differ_a_little_are_no_news() -> None:
    changes, same = compare.compare(facts(durations={"command": 10.0}), facts(durations={"command": 11.5}))
    assert changes == [] and "seconds in command" in same
    changes, _ = compare.compare(facts(durations={"command": 10.0}), facts(durations={"command": 14.0}))
    assert [change.what for change in changes] == ["seconds in command"]


def test_causes_come_before_what_came_out() -> None:
    after = facts(
        code="sha256:b", environment="sha256:e", generation=2, metrics={"accuracy": 0.4, "loss": 1.0}
    )
    changes, _ = compare.compare(facts(), after)
    assert [change.what for change in changes] == [
        "code", "environment", "input data/x/", "metric accuracy", "metric loss",
    ]  # fmt: skip
    assert (changes[3].before, changes[3].after, changes[4].before) == (0.9, 0.4, None)


def test_a_run_without_a_record_is_compared_by_its_job() -> None:
    [run] = runs([objects.job()], [objects.pod(exit=137)])
    changes, same = compare.compare(facts(), compare.facts(run, None))
    assert [(c.what, c.after) for c in changes[:1]] == [("code", "sha256:aa")]
    assert not any(change.what.startswith("input") for change in changes)
    assert "shards" in same and not any(change.what == "environment" for change in changes)


# --- schedules --------------------------------------------------------------------------------------------


def test_next_starts_are_those_of_kubernetes() -> None:
    """`*/2` restricts the days, so that it and the weekday are alternatives; other crons want both."""
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)  # a Sunday
    starts = next_starts("0 0 */2 * 1", "UTC", 4, now)
    assert [start.day for start in starts] == [2, 3, 5, 7]


def test_next_starts_are_in_the_schedules_zone_across_the_change_of_clocks() -> None:
    now = datetime(2026, 10, 24, 12, tzinfo=UTC)  # clocks go back in Berlin that night
    starts = next_starts("0 3 * * *", "Europe/Berlin", 3, now)
    assert [f"{start:%d %H:%M}" for start in starts] == ["25 03:00", "26 03:00", "27 03:00"]
    assert [f"{start.astimezone(UTC):%H:%M}" for start in starts] == ["02:00", "02:00", "02:00"]
    assert (
        f"{next_starts('0 3 * * *', 'Europe/Berlin', 1, now - timedelta(days=1))[0].astimezone(UTC):%H}"
        == "01"
    )


def cron_job(name: str, cron: str = "0 3 * * *", **spec: Any) -> dict[str, Any]:
    marks = {"cloister.dev/schedule": name}
    return {
        "metadata": {"name": name, "labels": marks},
        "spec": {"schedule": cron, "timeZone": "UTC", **spec},
    }


def test_states_of_schedules() -> None:
    declared = tuple(Schedule(name=name, cron="0 3 * * *", job="job.yaml") for name in ("a", "b", "c", "d"))
    team = DECLARED.teams["fakespot"].model_copy(update={"schedules": declared})
    deployed = [cron_job("b"), cron_job("c", suspend=True), cron_job("d", "0 4 * * *"), cron_job("e")]
    deployed.append({"metadata": {"name": "by-hand", "labels": {}}, "spec": {"schedule": "* * * * *"}})
    said = {each.name: each.state for each in installed(team, deployed)}
    assert list(said) == ["a", "b", "c", "d", "e"]
    assert (said["b"], said["c"]) == ("active", "suspended")
    for name, words in (
        ("a", "not deployed"),
        ("d", "declared otherwise since"),
        ("e", "no longer declared"),
    ):
        assert words in said[name] and "cloister job deploy" in said[name]
    assert [len(each.next(5)) for each in installed(team, deployed)] == [0, 5, 0, 5, 5]


# --- log entries ------------------------------------------------------------------------------------------


def test_lines_that_are_not_the_runners_are_messages() -> None:
    for line in ("Fatal Python error", "{broken", "[1]", '"x"', "{" * 100_000):
        assert parse(line)["message"] == line and parse(line)["event"] == "output"
    entry = parse('{"event":"run-record","record":{"exit":0},"logging.googleapis.com/labels":{"run":"r"}}')
    assert record_of(entry) == {"exit": 0} and label(entry, "run") == "r"
    assert (
        record_of(parse('{"event":"output","record":{"exit":0}}')) is None
    )  # a command may print what it likes


class _Logging(BaseHTTPRequestHandler):
    """entries.list of Cloud Logging v2: two pages, and refusals."""

    asked: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(query)
        if self.path != "/v2/entries:list" or "denied" in query["filter"]:
            return self._answer(403, {"error": {"code": 403, "message": "Permission denied on view"}})
        written = {
            "timestamp": "2026-11-25T02:41:00Z",
            "severity": "NOTICE",
            "labels": {"run": objects.RUN_ID},
            "jsonPayload": {"event": "run-record", "message": "m", "record": {"exit": 0}},
        }
        if "pageToken" not in query:
            return self._answer(200, {"entries": [{"textPayload": "plain"}], "nextPageToken": "2"})
        return self._answer(200, {"entries": [written]})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def logging() -> Iterator[CloudLogging]:
    _Logging.asked = []
    with serving(_Logging, "127.0.0.1") as address:
        yield CloudLogging(PLACE, requests.Session(), f"http://{address}")


def test_cloud_logging_is_read_page_by_page_through_the_teams_view(logging: CloudLogging) -> None:
    plain, run = logging.of(objects.RUN_ID)
    assert (plain["message"], record_of(run), label(run, "run")) == ("plain", {"exit": 0}, objects.RUN_ID)
    first, second = _Logging.asked
    view = "projects/acme-ml-prod/locations/europe-west1/buckets/team-fakespot/views/team-fakespot"
    assert first["resourceNames"] == [view] and second["pageToken"] == "2"
    assert (
        first["filter"] == f'resource.labels.namespace_name="team-fakespot" AND labels.run="{objects.RUN_ID}"'
    )
    assert [record_of(entry) for entry in logging.ends(datetime(2026, 11, 1, tzinfo=UTC))] == [
        None,
        {"exit": 0},
    ]
    assert 'timestamp>="2026-11-01T00:00:00+00:00"' in _Logging.asked[-1]["filter"]


def test_the_last_entries_come_in_order(logging: CloudLogging) -> None:
    assert [entry.get("message") for entry in logging.of(objects.RUN_ID, last=2)] == ["m", "plain"]
    assert _Logging.asked[0]["orderBy"] == "timestamp desc"


def test_what_cloud_logging_refuses_is_one_line(logging: CloudLogging) -> None:
    with pytest.raises(
        Unreadable, match=r"^needs Cloud Logging: .*views/team-fakespot: Permission denied on view$"
    ):
        list(logging.of("denied"))
    gone = CloudLogging(PLACE, requests.Session(), "http://127.0.0.1:9")
    with pytest.raises(Unreadable, match=r"^needs Cloud Logging: "):
        list(gone.of("x"))


def test_nobody_without_credentials_is_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(Unreadable, match="gcloud auth application-default login"):
        CloudLogging(PLACE)


# --- what people see --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.4, "0s"), (59.4, "59s"), (61, "1m01s"), (3600, "1h00m"), (90061, "1d01h")],
)
def test_lengths_of_time(seconds: float | None, text: str) -> None:
    assert shown.lasted(seconds) == text


def test_digests_are_short() -> None:
    assert shown.short("sha256:" + "ab" * 32) == "abababababab"
    assert shown.short("registry/x/runner@sha256:" + "cd" * 32) == "runner@cdcdcdcdcdcd"
    assert shown.short(None) == "-"
