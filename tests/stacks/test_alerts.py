"""What people are told: metrics that count what runners and watch write, alerts on them, dashboards Google can read."""

from __future__ import annotations

import json
import operator as operator_
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import Team, names
from runner.canary import __main__ as canary
from runner.canary.probe import Outcome, Probe, Result, escaped, held
from runner.canary.settings import Settings
from runner.image.config import read
from runner.image.exits import Exit, exit_class
from runner.image.log import Log
from runner.image.record import Record
from runner.watch import __main__ as watch
from runner.watch import teams
from runner.watch.judge import Declared, Schedule
from stacks.team.dashboard import _cost
from tests.stacks.trees import stacks

pytestmark = pytest.mark.engine
# The discovery document of Cloud Monitoring's API v1, revision 20260903, as google-api-python-client 2.202.0 carries it
# (Apache-2.0): the schema Dashboard and what it refers to, without their descriptions.
SCHEMAS = json.loads((Path(__file__).parent / "dashboard-schema.json").read_text())["schemas"]
TEAM_ENTRY = {"type": "k8s_container", "labels": {"namespace_name": "team-vision"}}
CANARY_ENTRY = {"type": "k8s_container", "labels": {"namespace_name": "cloister-canary"}}
SERVING_ENTRY = {"type": "k8s_container", "labels": {"namespace_name": "team-vision-serving"}}
WATCH_ENTRY = {"type": "k8s_container", "labels": {"namespace_name": "cloister-system"}}


# --- the filters, evaluated ---------------------------------------------------------------------------------


def matches(filter_: str, entry: dict[str, Any]) -> bool:
    """Whether Cloud Logging's query language takes an entry: as far as the stacks use it, turned into Python."""
    comparison = re.compile(r'([A-Za-z_]+(?:\.[a-z_]+)+)(=~|>=|<|>|=)(\([^()]*\)|"[^"]*"|[a-z0-9]+)')
    values: list[bool] = []

    def judged(match: re.Match[str]) -> str:
        values.append(_compares(_at(entry, match[1]), match[2], match[3]))
        return f"values[{len(values) - 1}]"

    words = {"AND": "and", "OR": "or", "NOT": "not"}
    python = re.sub(r"\b(AND|OR|NOT)\b", lambda word: words[word[1]], comparison.sub(judged, filter_))
    assert re.fullmatch(r"(values\[\d+\]|and|or|not|[() ])+", python), python
    return bool(eval(python, {"values": values}))


def _at(entry: Any, path: str) -> Any:
    for part in path.split("."):
        entry = entry.get(part) if isinstance(entry, dict) else None
    return entry


def _compares(found: Any, operator: str, text: str) -> bool:
    if text.startswith("("):
        return any(_compares(found, operator, each) for each in text[1:-1].split(" OR "))
    if found is None:
        return False
    if operator == "=~":
        return re.search(json.loads(text), found) is not None
    wanted = json.loads(text)
    return bool(
        {"=": operator_.eq, "<": operator_.lt, ">": operator_.gt, ">=": operator_.ge}[operator](found, wanted)
    )


def counted(metrics: dict[str, Any], entry: dict[str, Any]) -> set[str]:
    """The metrics that take an entry."""
    return {metric["name"] for metric in metrics.values() if matches(metric["filter"], entry)}


@pytest.fixture
def metrics(grown_tree: Path) -> dict[str, Any]:
    return dict(stacks(grown_tree)["foundation"]["resource"]["google_logging_metric"])


def run_record(folder: Path, code: Exit, *, shard: int = 0, attempt: int = 1) -> dict[str, Any]:
    """The log entry by which the runner's own code tells how an attempt ended."""
    settings = {f"CLOISTER_BUCKET_{kind.upper()}": "abc" for kind in names.BUCKET_KINDS} | {
        "CLOISTER_TEAM": "vision", "CLOISTER_NETWORK": "project", "CLOISTER_JOB": "train", "CLOISTER_SPEC": "{}",
        "CLOISTER_RUN_ID": "20260101-000000-00000000", "CLOISTER_SHARDS": "4", "CLOISTER_SHARD": str(shard),
    }  # fmt: skip
    record = Record(read(settings), attempt=attempt)
    if attempt == 1:
        record.durations["queue"] = 12.5
    with (folder / "log").open("wb") as file:
        record.write(Log(file.fileno()), code, "", "")
    return {"resource": TEAM_ENTRY, "jsonPayload": json.loads((folder / "log").read_text())}


@pytest.mark.parametrize(
    ("code", "shard", "attempt", "expected"),
    [
        (Exit.DONE, 0, 1, {"cloister-runs", "cloister-ended", "cloister-queue-wait"}),
        (Exit.DONE, 3, 1, {"cloister-queue-wait"}),  # a shard's end is not its run's
        (Exit.DONE, 0, 2, {"cloister-runs", "cloister-ended"}),
        (Exit.TIMEOUT, 3, 2, {"cloister-failures", "cloister-ended"}),
        (Exit.PREEMPTED, 0, 2, set()),
        (Exit.CONFLICT, 0, 2, set()),
    ],
)
def test_metrics_count_what_the_runner_writes(
    metrics: dict[str, Any], tmp_path: Path, code: Exit, shard: int, attempt: int, expected: set[str]
) -> None:
    entry = run_record(tmp_path, code, shard=shard, attempt=attempt)
    assert entry["jsonPayload"]["event"] == names.RUN_RECORD
    assert counted(metrics, entry) == expected
    assert set(names.NO_FAILURE) <= {exit_class(each) for each in Exit}
    # What others print, or the same words from another namespace, count for nothing.
    assert not counted(metrics, entry | {"resource": WATCH_ENTRY})
    entry["jsonPayload"]["event"] = "output"
    assert not counted(metrics, entry)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"event": "request", "status": 200, "milliseconds": 3.5}, {"cloister-served", "cloister-latency"}),
        ({"event": "request", "status": 403, "milliseconds": 0.2}, {"cloister-served", "cloister-latency"}),
        ({"event": "request", "status": 504, "milliseconds": 9e3}, {"cloister-unserved", "cloister-latency"}),
        ({"event": "not-ready"}, {"cloister-unready"}),
        ({"event": "ready"}, set()),
    ],
)
def test_metrics_count_what_servers_write(
    metrics: dict[str, Any], said: dict[str, Any], expected: set[str]
) -> None:
    """The words are those that tests/runner/serving read in the server's own log."""
    assert counted(metrics, {"resource": SERVING_ENTRY, "jsonPayload": said}) == expected
    assert not counted(metrics, {"resource": TEAM_ENTRY, "jsonPayload": said})


def schedule_record(succeeded: str | None, *, declared: bool = True) -> dict[str, Any]:
    long_ago, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 25, 12, tzinfo=UTC)
    status = {"lastSuccessfulTime": succeeded, "lastScheduleTime": succeeded} if succeeded else {}
    job = {
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"schedule": "0 3 * * *"},
        "status": status,
    }
    said = Declared("nightly", "0 3 * * *", "UTC", long_ago) if declared else None
    record = {"team": "vision", **Schedule("nightly", said, job).record(now)}
    return {"resource": WATCH_ENTRY, "jsonPayload": {"event": watch.SCHEDULE, **record}}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (schedule_record("2026-11-25T03:20:00Z"), {"cloister-since-success"}),
        (schedule_record("2026-11-24T03:20:00Z"), {"cloister-since-success", "cloister-missed"}),
        (schedule_record(None), {"cloister-missed"}),
        (schedule_record(None, declared=False), set()),
        ({"resource": WATCH_ENTRY, "jsonPayload": {"event": watch.WATCH, "complete": True}}, {"cloister-watched"}),
        ({"resource": WATCH_ENTRY, "jsonPayload": {"event": watch.WATCH, "complete": False}}, set()),
    ],
)  # fmt: skip
def test_metrics_count_what_the_watch_writes(
    metrics: dict[str, Any], entry: dict[str, Any], expected: set[str]
) -> None:
    assert counted(metrics, entry) == expected
    assert not counted(metrics, entry | {"resource": TEAM_ENTRY}), "a team must not speak for the watch"


def canary_entries(folder: Path, result: Result) -> list[dict[str, Any]]:
    """The log entries of the canary's own code, where one way out ended like that."""
    with (folder / "log").open("wb") as file:
        canary.look(iter([Probe("internet-tcp", ("NET-02",), "TCP", lambda: result)]), Log(file.fileno()))
    lines = (folder / "log").read_text().splitlines()
    return [{"resource": CANARY_ENTRY, "jsonPayload": json.loads(line)} for line in lines]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (held("refused"), [set(), {"cloister-tried"}]),
        (escaped("connected"), [{"cloister-escaped"}, {"cloister-tried"}]),
        (Result(Outcome.UNTRIED, "nobody knows"), [set(), set()]),
    ],
)
def test_metrics_count_what_the_canary_writes(
    metrics: dict[str, Any], tmp_path: Path, result: Result, expected: list[set[str]]
) -> None:
    entries = canary_entries(tmp_path, result)
    assert [counted(metrics, entry) for entry in entries] == expected
    for entry in entries:
        assert not counted(metrics, entry | {"resource": TEAM_ENTRY}), "a team must not speak for the canary"


def test_the_canary_and_the_stacks_use_the_same_words(grown_tree: Path) -> None:
    assert (canary.PROBE, canary.CANARY) == (names.PROBE_RECORD, names.CANARY_RECORD)
    job = stacks(grown_tree)["guardrails"]["resource"]["kubernetes_cron_job_v1"]["canary"]["spec"]
    [container] = job["job_template"]["spec"]["template"]["spec"]["container"]
    environ = {
        each["name"]: each["value"] if "value" in each else each["value_from"]["field_ref"]["field_path"]
        for each in container["env"]
    }
    settings = Settings.read(environ)
    assert settings.namespace == names.PLATFORM_NAMESPACE and settings.job and settings.node
    assert settings.kinds == names.BUCKET_KINDS


def test_the_watch_and_the_stacks_use_the_same_words() -> None:
    assert (teams.TEAM_LABEL, watch.SCHEDULE, watch.WATCH, teams.KEY) == (
        names.TEAM_LABEL,
        names.SCHEDULE_RECORD,
        names.WATCH_RECORD,
        names.SCHEDULES_KEY,
    )


def test_values_and_labels_are_fields_of_the_records(metrics: dict[str, Any], tmp_path: Path) -> None:
    entries = {
        "team": run_record(tmp_path, Exit.DONE),
        "system": schedule_record("2026-11-24T03:20:00Z"),
        "canary": canary_entries(tmp_path, escaped("connected"))[0],
        "serving": {"jsonPayload": {"event": "request", "status": 200, "milliseconds": 3.5}},
    }
    for metric in metrics.values():
        [entry] = [
            entry
            for who, entry in entries.items()
            if re.search(f'namespace_name.*"[^"]*{who}', metric["filter"])
            and ("-serving" in metric["filter"]) == (who == "serving")
        ]
        extracted = [*metric.get("label_extractors", {}).values(), metric.get("value_extractor")]
        for path in (each.removeprefix("EXTRACT(").removesuffix(")") for each in extracted if each):
            assert _at(entry, path) is not None, path
        declared = {label["key"] for label in metric["metric_descriptor"].get("labels", [])}
        assert declared == set(metric.get("label_extractors", {}))
        # Labels reach people: none is cut out of what a tenant writes.
        assert not declared or 'namespace_name="cloister-' in metric["filter"]
        distribution = metric["metric_descriptor"]["value_type"] == "DISTRIBUTION"
        assert ("value_extractor" in metric) == ("bucket_options" in metric) == distribution


# --- the alerts ---------------------------------------------------------------------------------------------


def filters(policy: dict[str, Any]) -> Iterator[str]:
    for condition in policy["conditions"]:
        for kind in ("condition_threshold", "condition_absent"):
            if kind in condition:
                yield condition[kind]["filter"]


def test_every_alert_stands_on_a_metric_that_is_there_before_it(
    grown_tree: Path, metrics: dict[str, Any]
) -> None:
    known = {f'metric.type="logging.googleapis.com/user/{metric["name"]}"' for metric in metrics.values()}
    tree = stacks(grown_tree)
    for name in ("guardrails", "team-fakespot", "team-translations", "team-vision"):
        for policy in tree[name]["resource"]["google_monitoring_alert_policy"].values():
            assert policy["notification_channels"] == [
                "${google_monitoring_notification_channel.channel_0.name}"
            ]
            for filter_ in filters(policy):
                assert filter_.partition(" AND ")[0] in known


def test_missed_schedules_alert_where_there_are_schedules(grown_tree: Path) -> None:
    tree = stacks(grown_tree)
    alerts = {
        team: tree[f"team-{team}"]["resource"]["google_monitoring_alert_policy"]
        for team in ("fakespot", "translations", "vision")
    }
    assert {team for team, found in alerts.items() if "alert_missed" in found} == {"translations", "vision"}
    assert all("alert_failures" in found for found in alerts.values())
    (filter_,) = filters(alerts["vision"]["alert_missed"])
    assert filter_.endswith('metric.labels.team="vision"')
    (filter_,) = filters(alerts["vision"]["alert_failures"])
    assert filter_.endswith('resource.labels.namespace_name="team-vision"')


# --- the dashboards -----------------------------------------------------------------------------------------


def mistakes(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    """What the API would refuse about a dashboard."""
    if "$ref" in schema:
        yield from mistakes(value, SCHEMAS[schema["$ref"]], at)
        return
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
    }
    if not isinstance(value, kinds[schema["type"]]):
        yield f"{at}: {value!r} is no {schema['type']}"
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        for key, item in value.items():
            if key in known or "additionalProperties" in schema:
                yield from mistakes(item, known.get(key) or schema["additionalProperties"], f"{at}.{key}")
            else:
                yield f"{at}.{key}: no such field"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from mistakes(item, schema["items"], f"{at}[{index}]")
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"


def dashboards(tree: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, stack in stacks(tree).items():
        for resource in stack["resource"].get("google_monitoring_dashboard", {}).values():
            yield name, json.loads(resource["dashboard_json"])


def test_google_can_read_the_dashboards(grown_tree: Path) -> None:
    found = dict(dashboards(grown_tree))
    assert len(found) == 3
    for name, dashboard in found.items():
        assert list(mistakes(dashboard, {"$ref": "Dashboard"}, name)) == []


def test_tiles_lie_side_by_side(grown_tree: Path) -> None:
    for name, dashboard in dashboards(grown_tree):
        layout, cells = dashboard["mosaicLayout"], set()
        for tile in layout["tiles"]:
            left, top = tile.get("xPos", 0), tile.get("yPos", 0)
            assert left + tile["width"] <= layout["columns"]
            covered = {(left + x, top + y) for x in range(tile["width"]) for y in range(tile["height"])}
            assert not covered & cells, f"{name}: {tile['widget']['title']} lies over another tile"
            cells |= covered


def test_no_value_is_written_that_google_leaves_out_of_its_answer(grown_tree: Path) -> None:
    """Zeros, false and empty lists: the provider would see a difference at every deploy."""

    def written(value: Any) -> Iterator[Any]:
        yield value
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from written(item)

    for name, dashboard in dashboards(grown_tree):
        assert all(value for value in written(dashboard)), name


def test_a_dashboard_shows_what_it_is_for(grown_tree: Path) -> None:
    titles = {
        name: {tile["widget"]["title"] for tile in dashboard["mosaicLayout"]["tiles"]}
        for name, dashboard in dashboards(grown_tree)
    }
    everyones = {
        "Runs done a week",
        "Success rate this week",
        "Queue wait, from asking for a run to its start (s)",
    }
    since = "Time since the last success, by schedule (s)"
    assert all(everyones <= found for found in titles.values())
    assert {name for name, found in titles.items() if since in found} == {"team-translations", "team-vision"}


def test_what_google_would_refuse_is_seen() -> None:
    chart = {
        "timeSeriesFilter": {"filter": "", "aggregation": {"perSeriesAligner": "ALIGN_TOTAL", "period": "1s"}}
    }
    wrong = {
        "mosaicLayout": {"columns": "12", "tiles": [{"widget": {"scorecard": {"timeSeriesQuery": chart}}}]}
    }
    found = list(mistakes(wrong, {"$ref": "Dashboard"}, "d"))
    assert [mistake.partition(":")[0].rpartition(".")[2] for mistake in found] == [
        "columns",
        "perSeriesAligner",
        "period",
    ]


# --- the cost -----------------------------------------------------------------------------------------------


SERIES = re.compile(
    r"\(sum\(kubernetes_io:container_(\w+)"
    r'\{monitored_resource="k8s_container",namespace_name="([\w-]+)"\}\) or vector\(0\)\)'
)


def prometheus_queries(dashboard: dict[str, Any]) -> dict[str, str]:
    """PromQL by the title of its tile."""
    found = {}
    for tile in dashboard["mosaicLayout"]["tiles"]:
        query = re.search(r'"prometheusQuery": ("(?:[^"\\]|\\.)*")', json.dumps(tile))
        if query:
            found[tile["widget"]["title"]] = json.loads(query[1])
    return found


def test_cost_is_what_pods_ask_for_at_the_platforms_prices(grown_tree: Path) -> None:
    costs = {name: prometheus_queries(dashboard) for name, dashboard in dashboards(grown_tree)}
    asked = {"cpu_request_cores": 8, "memory_request_bytes": 32 << 30, "accelerator_request": 2}
    for name, queries in costs.items():
        (month, hour) = sorted(queries, key=len, reverse=True)
        assert "estimated" in month and "estimated" in hour and "(EUR)" in hour
        assert queries[month] == f"sum_over_time(({queries[hour]})[30d:1h])"
        assert {match[2] for match in SERIES.finditer(queries[hour])} == {name}
        sums = SERIES.sub(lambda match: str(asked[match[1]]), queries[hour])
        gpus = 0 if name == "team-fakespot" else 2 * 0.24
        assert eval(sums, {}) == pytest.approx(8 * 0.012 + 32 * 0.0016 + gpus)


def test_without_prices_the_dashboard_says_so() -> None:
    (tile,) = _cost(Team.model_construct(team="vision"), None)
    assert "declares no `prices`" in tile["text"]["content"]
    assert list(mistakes(tile, {"$ref": "Widget"}, "tile")) == []
