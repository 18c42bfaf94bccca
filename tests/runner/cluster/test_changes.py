"""What `job deploy --check` calls a change, over manifests of two deployments."""

from __future__ import annotations

import copy
import json
from typing import Any

from cloister.declarations import load
from cloister.declarations.schedule import Schedule
from runner.client.cluster.changes import Change, changes
from runner.client.cluster.manifests import schedule_manifest
from runner.container.image import ROOT

from .test_manifests import job, pinned, place

DECLARED = load(ROOT)


def cron_job(cron: str = "0 3 * * *", code: str = "sha256:aa", **job_changes: Any) -> dict[str, Any]:
    schedule = Schedule.model_validate(
        {"name": "nightly", "cron": cron, "time_zone": "Europe/Berlin", "job": "jobs/small.yaml"}
    )
    its = pinned(place(), job(**job_changes), json.dumps({"code": code, "run": ["true"]}))
    return schedule_manifest(its, schedule)


def test_the_same_is_no_change_in_whatever_order_and_with_what_the_server_adds() -> None:
    before = cron_job()
    before["status"] = {"lastScheduleTime": "2026-11-25T02:00:00Z"}
    before["metadata"] |= {"uid": "1", "resourceVersion": "7", "managedFields": [{}]}
    [container] = before["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    container["env"].reverse()
    assert changes(before, cron_job()) == []


def test_each_change_has_the_name_people_know_it_by() -> None:
    after = cron_job("0 4 * * *", "sha256:bb", resources={"cpu": 3, "memory": "4Gi"}, retries=2)
    found = {change.what: (change.before, change.after) for change in changes(cron_job(), after)}
    assert found["code"] == ("sha256:aa", "sha256:bb")
    assert found["schedule"] == ("0 3 * * *", "0 4 * * *")
    assert found["resources.requests.cpu"] == ("2.0", "3.0")
    assert found["job.spec.backoffLimit"] == (0, 2)
    assert {"run", "image"}.isdisjoint(found)


def test_what_was_added_by_hand_or_is_new_is_a_change() -> None:
    by_hand = copy.deepcopy(cron_job())
    [container] = by_hand["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    container["env"].append({"name": "DEBUG", "value": "1"})
    assert changes(by_hand, cron_job()) == [
        Change("DEBUG.name", "DEBUG", None),
        Change("DEBUG.value", "1", None),
    ]
    assert all(change.before is None for change in changes(None, cron_job()))
