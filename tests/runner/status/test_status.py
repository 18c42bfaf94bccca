"""`cloister status` over recorded answers of both APIs: it counts right, and says what it could not read."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from urllib3.exceptions import HTTPError

from cloister.main import cli
from runner.client.status import ages
from runner.container.image import ROOT

from ..cluster import objects
from .apis import NOW, Apis, start

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"


def status(home: Path, *words: str, columns: int = 200) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(cli, ["status", "--directory", str(home), *words])


def answer(home: Path, *words: str) -> dict[str, Any]:
    said = status(home, "--format", "json", *words)
    assert said.stdout, said.stderr
    value: dict[str, Any] = json.loads(said.stdout)
    return value


def team(home: Path, name: str = "fakespot", *words: str) -> dict[str, Any]:
    [found] = answer(home, "--team", name, *words)["teams"]
    return dict(found)


def ago(**length: float) -> str:
    return f"{NOW - timedelta(**length):%Y-%m-%dT%H:%M:%SZ}"


def record(run: str, days: float, **changes: Any) -> dict[str, Any]:
    its = {
        "job": "small",
        "run_id": run,
        "exit": 0,
        "exit_class": "done",
        "finished": ago(days=days),
        "shards": 1,
    }
    return {"timestamp": ago(days=days), "jsonPayload": {"event": "run-record", "record": its | changes}}


def failed(run: str, days: float, **changes: Any) -> dict[str, Any]:
    return record(run, days, exit=1, exit_class="failed", **changes)


def cron_job(name: str = "nightly-eval", **changes: Any) -> dict[str, Any]:
    container = {"name": "run", "env": [{"name": "CLOISTER_IMAGE", "value": changes.pop("image", image())}]}
    spec = {"template": {"spec": {"containers": [container]}}}
    return {
        "metadata": {
            "name": name,
            "labels": {"cloister.dev/schedule": name},
            "creationTimestamp": ago(days=30),
        },
        "spec": {
            "schedule": "0 3 * * *",
            "timeZone": "Europe/Berlin",
            "jobTemplate": {"spec": spec},
            **changes.pop("spec", {}),
        },
        "status": changes,
    }


def image() -> str:
    from cloister.declarations import load

    return load(ROOT).platform.images.runner


# --- runs -------------------------------------------------------------------------------------------------


def test_runs_are_counted_by_week_from_records(apis: Apis, company: Path) -> None:
    apis.entries["team-fakespot"] = [
        record("a", 1), failed("b", 2), failed("c", 3.5, attempt=1), record("c", 3, attempt=2),
        record("d", 9), failed("e", 10), record("f", 30),
    ]  # fmt: skip
    runs = team(company)["runs"]
    assert [(week["done"], week["failed"]) for week in runs["weeks"]] == [(2, 1), (1, 1), (0, 0), (0, 0)]
    assert runs["success"] == pytest.approx(3 / 5)
    assert runs["last_success"] == ago(days=1)
    assert len(team(company, "fakespot", "--weeks", "5")["runs"]["weeks"]) == 5


def test_a_run_of_shards_is_done_when_all_of_them_are(apis: Apis, company: Path) -> None:
    apis.entries["team-fakespot"] = [
        record("a", 1, shard=0, shards=2), record("a", 1, shard=1, shards=2),
        record("b", 1, shard=0, shards=2), failed("b", 1, shard=1, shards=2),
        record("c", 1, shard=0, shards=2),  # the other shard goes on
        record("d", 1, exit=75, exit_class="preempted"),  # it will be tried again
    ]  # fmt: skip
    [newest, *_] = team(company)["runs"]["weeks"]
    assert (newest["done"], newest["failed"]) == (1, 1)


def test_kubernetes_knows_better_how_a_run_ended(apis: Apis, company: Path) -> None:
    """A run that was killed leaves no record; a cancelled one is no failure."""
    ends = [objects.condition("Failed", "BackoffLimitExceeded")]
    ends[0]["lastTransitionTime"] = ago(hours=2)
    names = {"k": {"annotations": None}, "x": {"annotations": {"cloister.dev/cancelled": "now"}}}
    apis.objects[("team-fakespot", "jobs")] = [
        objects.job(
            name=name,
            labels={"cloister.dev/job": "small", "cloister.dev/run": name},
            status={"conditions": ends},
            **more,
        )
        for name, more in names.items()
    ]
    apis.entries["team-fakespot"] = [record("a", 1), failed("x", 0.1)]
    [newest, *_] = team(company)["runs"]["weeks"]
    assert (newest["done"], newest["failed"]) == (1, 1)


def test_without_the_log_bucket_three_days_are_counted_and_that_is_said(apis: Apis, company: Path) -> None:
    apis.entries["team-fakespot"] = None
    apis.objects[("team-fakespot", "jobs")] = []
    found = team(company)
    assert len(found["runs"]["weeks"]) == 1
    counted = datetime.now(UTC) - datetime.fromisoformat(found["runs"]["since"])
    assert timedelta(days=3) <= counted < timedelta(days=3, minutes=1)
    [reason] = found["unread"]
    assert "Permission denied on view" in reason and "last 3 days only" in reason


# --- schedules, queue, quota ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status_", "missed"),
    [
        ({"lastScheduleTime": ago(days=3.01)}, 3),
        ({"lastScheduleTime": ago(minutes=1)}, 0),
        ({}, 30),
        ({"lastScheduleTime": ago(days=3), "active": [{"name": "x"}]}, 0),
    ],
    ids=["three", "none", "never since it was deployed", "the last run goes on"],
)
def test_missed_starts(apis: Apis, company: Path, status_: dict[str, Any], missed: int) -> None:
    apis.objects[("team-translations", "cronjobs")] = [cron_job(**status_)]
    [found] = team(company, "translations")["schedules"]
    assert abs(found["missed"] - missed) <= (1 if missed else 0)
    said = " ".join(answer(company)["attention"])
    assert ("translations: schedule nightly-eval missed" in said) == bool(missed)


def test_a_suspended_schedule_misses_nothing_and_an_old_runner_is_said(apis: Apis, company: Path) -> None:
    apis.objects[("team-translations", "cronjobs")] = [
        cron_job(lastScheduleTime=ago(days=9), spec={"suspend": True}, image="other@sha256:" + "0" * 64)
    ]
    found = answer(company)
    [schedule] = found["teams"][1]["schedules"]
    assert (schedule["missed"], schedule["state"], schedule["other_image"]) == (0, "suspended", True)
    assert any("pinned to another runner" in sentence for sentence in found["attention"])


def test_the_queue_says_what_the_oldest_waits_for(apis: Apis, company: Path) -> None:
    waits = objects.condition(
        "PodScheduled", "Unschedulable", "0/3 nodes are available: Insufficient cpu", "False"
    )
    apis.objects[("team-fakespot", "jobs")] = [objects.job()]
    apis.objects[("team-fakespot", "pods")] = [objects.pod(phase="Pending", conditions=[waits])]
    queue = team(company)["queue"]
    assert (queue["running"], queue["waiting"], queue["oldest"]) == (0, 1, "2026-11-25T02:40:11Z")
    assert "Insufficient cpu" in queue["why"] or "node" in queue["why"]


def test_quota_in_use(apis: Apis, company: Path) -> None:
    apis.objects[("team-fakespot", "resourcequotas")] = [
        {
            "metadata": {"name": "team"},
            "status": {
                "hard": {
                    "requests.cpu": "32",
                    "requests.memory": "128Gi",
                    "services.nodeports": "0",
                    "pods": "500",
                },
                "used": {"requests.cpu": "31500m", "requests.memory": "1Gi", "pods": "3"},
            },
        },
        {"metadata": {"name": "nvidia-l4"}, "status": {"hard": {"requests.nvidia.com/gpu": "0"}, "used": {}}},
    ]
    found = {each["what"]: (each["used"], each["hard"]) for each in team(company)["quota"]}
    assert found == {"CPUs": (31.5, 32), "memory": (2**30, 128 * 2**30), "pods": (3, 500)}
    assert "fakespot: 98% of CPUs is in use" in answer(company)["attention"]


# --- what ends, and the runner's age ----------------------------------------------------------------------


def test_what_ends_and_how_old_the_runner_is(apis: Apis, company: Path) -> None:
    found = answer(company)
    assert [(each["kind"], each["left"]) for each in found["expiries"]] == [
        ("exception", 12),
        ("attestation", 200),
    ]
    assert found["image"]["age"] in (40, 41)
    assert any(
        "exception IAM-01 on x ends in 12 days (a@acme.example)" in each for each in found["attention"]
    )
    assert not any("TF-01" in each for each in found["attention"])


def test_an_age_that_git_does_not_know_is_said(apis: Apis, company: Path) -> None:
    shutil.rmtree(company / ".git")
    found = answer(company)
    assert found["image"]["age"] is None
    assert any("in no git repository" in each for each in found["unread"])


# --- what cannot be read ----------------------------------------------------------------------------------


def test_what_is_refused_is_null_and_named_and_no_pass(apis: Apis, company: Path) -> None:
    for kind in ("jobs", "cronjobs", "resourcequotas"):
        apis.objects[("team-fakespot", kind)] = None
    apis.entries["team-fakespot"] = None
    said = status(company, "--team", "fakespot", "--format", "json")
    [found] = json.loads(said.stdout)["teams"]
    assert [found[key] for key in ("runs", "queue", "schedules", "quota")] == [None] * 4
    assert len(found["unread"]) == 4
    assert said.exit_code == 1
    text = status(company, "--team", "fakespot").stdout
    assert "Could not be read:" in text and "?" in text


def test_a_cluster_that_does_not_answer_is_waited_for_once(
    company: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And everybody is told the same, once."""
    with ExitStack() as stack:
        start(stack, Apis(), tmp_path, monkeypatch)
    asked = []
    monkeypatch.setattr(
        "kubernetes.client.rest.RESTClientObject.request",
        lambda *words, **options: asked.append(words) or _no_answer(),
    )
    found = answer(company)
    assert len(asked) == 1
    assert len([each for each in found["unread"] if "does not answer" in each]) == 1
    assert found["unread"][0].startswith("all teams: the cluster does not answer")


def _no_answer() -> None:
    raise HTTPError("connection refused")


def test_forty_teams_are_asked_at_once(apis: Apis, company: Path) -> None:
    file = (company / "teams/fakespot.yaml").read_text()
    for number in range(38):
        (company / f"teams/t{number}.yaml").write_text(file.replace("team: fakespot", f"team: t{number}"))
        apis.entries[f"team-t{number}"] = [record(f"r{number}", 1)]
    found = answer(company)
    assert [each["team"] for each in found["teams"]] == sorted(
        ["fakespot", "translations", *(f"t{n}" for n in range(38))]
    )
    assert sum(each["runs"]["weeks"][0]["done"] for each in found["teams"]) == 38
    assert all("/namespaces/team-" in path for path in apis.asked)


def test_nothing_to_do_is_exit_0(apis: Apis, company: Path) -> None:
    (company / "boundary.yaml").write_text((ROOT / "boundary.yaml").read_text())
    apis.objects[("team-translations", "cronjobs")] = [cron_job(lastScheduleTime=ago(minutes=1))]
    said = status(company)
    assert said.exit_code == 0, said.stdout
    assert "Nothing needs anybody." in said.stdout


def test_a_team_that_is_not_there(company: Path) -> None:
    said = status(company, "--team", "fakespt")
    assert said.exit_code == 2
    assert "did you mean fakespot" in said.stderr


# --- how it looks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_text_fits_the_terminal(apis: Apis, company: Path, columns: int) -> None:
    apis.entries["team-fakespot"] = [record("a", 1)]
    text = status(company, columns=columns).stdout
    assert max(len(line) for line in text.splitlines()) <= columns
    assert "1 done, 0 failed" in text


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.remote: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.remote += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_page_is_self_contained_and_hostile_names_stay_text(apis: Apis, company: Path) -> None:
    apis.objects[("team-fakespot", "jobs")] = [objects.job()]
    said = objects.condition("PodScheduled", "Unschedulable", HOSTILE, "False")
    apis.objects[("team-fakespot", "pods")] = [objects.pod(phase="Pending", conditions=[said])]
    page = company / "status.html"
    assert status(company, "--format", "html", "--output", str(page)).exit_code == 1
    text = page.read_text()
    found = _Page(text)
    assert not found.remote and "script" not in found.tags
    assert "\x1b" not in text and "\u202e" not in text
    assert "acme-ml-prod" in text and text.count("<tr>") >= 3


def test_the_oldest_commit_with_the_digest_counts(company: Path) -> None:
    """A later edit of platform.yaml does not make the runner younger."""
    from cloister.declarations import load

    (company / "platform.yaml").write_text((company / "platform.yaml").read_text() + "# a remark\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@acme.example", "commit", "-q", "-a", "-m", "n"]
    subprocess.run(git, cwd=company, check=True)
    assert (ages.image(load(company), NOW.date()).age or 0) >= 39
