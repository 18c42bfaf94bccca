"""Manifests: what a job becomes, whatever is written in it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloister.declarations import Job, load, names
from cloister.declarations.schedule import Schedule
from runner.client.cluster import manifests
from runner.client.cluster.manifests import Pinned, parallelism, run_manifest, schedule_manifest
from runner.client.cluster.place import Place
from runner.container.image import ROOT
from runner.image import config, spec
from runner.image.exits import Exit
from tests.stacks.admission_local import refusals, selected

RUN_ID = "20261125-024011-0123abcd"
DECLARED = load(ROOT)


def place(team: str = "fakespot", **changes: Any) -> Place:
    its = DECLARED.teams[team].model_copy(update=changes)
    return Place(DECLARED, its)


def job(**changes: Any) -> Job:
    content = {
        "name": "small",
        "run": ["true"],
        "code": "src",
        "resources": {"cpu": 2, "memory": "4Gi"},
        **changes,
    }
    return Job.model_validate(content)


def pinned(there: Place, its: Job, text: str = "{}") -> Pinned:
    return Pinned(there, its, text)


def pod(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def variables(manifest: dict[str, Any]) -> dict[str, Any]:
    return {variable["name"]: variable for variable in pod(manifest)["containers"][0]["env"]}


@given(st.text())
def test_any_text_arrives_as_it_is(text: str) -> None:
    specification = json.dumps({"run": [text]})
    found = variables(run_manifest(pinned(place(), job(), specification), RUN_ID))["CLOISTER_SPEC"]["value"]
    assert json.loads(found) == {"run": [text]}
    assert "$" not in found  # or Kubernetes would look for variables in it


KEYS = st.text(max_size=60)  # YAML takes no longer ones in braces, and labels have none


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)
    )
)
def test_any_value_in_a_template_reads_back(value: Any) -> None:
    text = manifests._quoted(value)
    if not any("\ud800" <= character <= "\udfff" for character in json.dumps(value, ensure_ascii=False)):
        assert yaml.safe_load(f"- {text}") == [value]


def test_the_runner_takes_the_variables() -> None:
    found = variables(run_manifest(pinned(place(), job(shards=3)), RUN_ID))
    given_ = {name: variable["value"] for name, variable in found.items() if "value" in variable}
    platform = {name: "p-fakespot-x" for name in found if name.startswith("CLOISTER_BUCKET_")}
    read = config.read(
        {
            **given_,
            **platform,
            "CLOISTER_TEAM": "fakespot",
            "CLOISTER_NETWORK": "sealed",
            "CLOISTER_SHARD": "2",
        }
    )
    assert (read.run_id, read.shard, read.shards, read.job) == (RUN_ID, 2, 3, "small")
    assert set(given_) <= set(names.SUBMIT_VARIABLES)
    assert set(found) - set(given_) <= {*names.PLATFORM_VARIABLES, *names.FIELD_VARIABLES}


def test_a_job_that_asks_for_less_than_its_team_is_sealed() -> None:
    there = place(network="project")
    assert "CLOISTER_NETWORK" in variables(run_manifest(pinned(there, job()), RUN_ID))
    assert "CLOISTER_NETWORK" not in variables(run_manifest(pinned(there, job(network="sealed")), RUN_ID))


def test_every_code_of_the_runners_has_its_rule() -> None:
    single, indexed = (
        run_manifest(pinned(place(), job(shards=n, retries=2)), RUN_ID)["spec"] for n in (1, 4)
    )
    for manifest, action in ((single, "FailJob"), (indexed, "FailIndex")):
        rules = manifest["podFailurePolicy"]["rules"]
        decided = {
            code: rule["action"] for rule in rules for code in rule.get("onExitCodes", {}).get("values", [])
        }
        again = (Exit.DONE, Exit.UNAVAILABLE, Exit.PREEMPTED)
        assert decided == {int(code): action for code in Exit if code not in again}
        assert {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        } in rules
    assert (single["backoffLimit"], indexed["backoffLimitPerIndex"], indexed["completions"]) == (2, 2, 4)
    assert "backoffLimit" not in indexed and "completionMode" not in single


def test_deadlines_stay_within_the_teams() -> None:
    for timeout, deadline in (("15m", 900 + 3600), ("12h", 12 * 3600)):
        manifest = run_manifest(pinned(place(), job(timeout=timeout, retries=1)), RUN_ID)
        assert pod(manifest)["activeDeadlineSeconds"] == deadline
        assert manifest["spec"]["activeDeadlineSeconds"] > 2 * deadline


@pytest.mark.parametrize(
    ("asked", "shards", "at_once"),
    [
        ({"cpu": 2, "memory": "4Gi"}, 100, 16),
        ({"cpu": 1, "memory": "64Gi"}, 100, 2),
        ({"cpu": 32, "memory": "1Gi"}, 4, 1),
    ],
)
def test_shards_at_once_fit_the_quota(asked: dict[str, Any], shards: int, at_once: int) -> None:
    assert parallelism(place(), job(resources=asked, shards=shards)) == at_once


def test_a_gpu_has_its_class_and_node() -> None:
    asked = {"cpu": 4, "memory": "16Gi", "gpus": {"nvidia-l4": 2}}
    its = pod(run_manifest(pinned(place("translations"), job(resources=asked)), RUN_ID))
    assert its["priorityClassName"] == "cloister-nvidia-l4"
    assert its["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    resources = its["containers"][0]["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == "2"


def test_a_schedules_pods_are_those_of_a_run_but_for_the_id() -> None:
    schedule = Schedule(name="nightly", cron="0 3 * * *", time_zone="Europe/Berlin", job="job.yaml")
    made = schedule_manifest(pinned(place(), job()), schedule)
    assert (made["spec"]["timeZone"], made["spec"]["concurrencyPolicy"]) == ("Europe/Berlin", "Forbid")
    assert "suspend" not in made["spec"]
    theirs, ours = made["spec"]["jobTemplate"]["spec"], run_manifest(pinned(place(), job()), RUN_ID)["spec"]
    assert {v["name"] for v in pod({"spec": theirs})["containers"][0]["env"]} ^ set(
        variables({"spec": ours})
    ) == {
        "CLOISTER_RUN_ID",
        "CLOISTER_OCCASION",
        "CLOISTER_OCCASION_UID",
    }
    for content in (theirs, ours):
        content["template"]["spec"]["containers"][0].pop("env")
        content["template"].pop("metadata")
    assert theirs == ours


def test_the_longest_specification_is_what_linux_takes() -> None:
    whole = spec.Spec(("x",), "sha256:" + "0" * 64, None, None, (), (), 60, ())
    assert len(spec.dump(dataclasses.replace(whole, run=("x" * 127_000,)))) < 128_000


TEAMS = {
    "sealed": place(),
    "with GPUs": place("translations"),
    "on the network": place(network="project"),
    "dedicated": place(isolation="dedicated"),
}
ASKED = {"with GPUs": {"cpu": 4, "memory": "16Gi", "gpus": {"nvidia-l4": 1}}}


@pytest.mark.parametrize("kind", ["run", "shards", "schedule"])
@pytest.mark.parametrize("team", TEAMS)
def test_admission_takes_every_template(team: str, kind: str) -> None:
    from stacks.base import Stack
    from stacks.guardrails.admission import binding_manifest, policies, policy_manifest
    from stacks.team.namespace import namespace_labels

    there = TEAMS[team]
    its = job(resources=ASKED.get(team, {"cpu": 2, "memory": "4Gi"}), shards=3 if kind == "shards" else 1)
    schedule = Schedule(name="nightly", cron="0 3 * * *", time_zone="Europe/Berlin", job="job.yaml")
    made = pinned(there, its)
    manifest = schedule_manifest(made, schedule) if kind == "schedule" else run_manifest(made, RUN_ID)
    labels = namespace_labels(there.team)
    judged = [
        p for p in policies(Stack(None, DECLARED)) if p.over_pods and selected(binding_manifest(p), labels)
    ]
    assert {policy.name for policy in judged} >= {"pods", "metadata"}
    for policy in judged:
        assert refusals(policy_manifest(policy), labels, manifest) == [], policy.name
