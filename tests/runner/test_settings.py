"""Settings and specification: a closed list each, every mistake named, nothing else of the environment used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloister.declarations import names
from runner.image import config, spec
from runner.image.exits import OWN, Exit, Failure, exit_class, team_exit
from runner.image.layout import RunLayout

GOOD = {
    "CLOISTER_TEAM": "fakespot",
    "CLOISTER_NETWORK": "sealed",
    "CLOISTER_BUCKET_CODE": "p-fakespot-code",
    "CLOISTER_BUCKET_DATA": "p-fakespot-data",
    "CLOISTER_BUCKET_ARTIFACTS": "p-fakespot-artifacts",
    "CLOISTER_BUCKET_RESULTS": "p-fakespot-results",
    "CLOISTER_JOB": "evaluate",
    "CLOISTER_RUN_ID": "20270101-120000-0123abcd",
    "CLOISTER_SPEC": "{}",
}
SPEC: dict[str, Any] = {
    "version": 1,
    "run": ["python", "main.py"],
    "code": "sha256:" + "0" * 64,
    "lock": None,
    "environment": None,
    "inputs": [{"from": "data/reviews/", "to": "in/"}],
    "outputs": [{"from": "./out/", "to": "artifacts"}],
    "timeout": 60,
    "metrics": ["accuracy"],
}


def refused(action: Any) -> str:
    with pytest.raises(Failure) as failure:
        action()
    assert failure.value.code == Exit.BAD_JOB
    return failure.value.cause


def test_defaults() -> None:
    found = config.read({**GOOD, "PATH": "/bin", "OTHER": "x"})
    assert found.sealed and found.namespaces and found.work == Path("/work")
    assert found.buckets["data"] == "p-fakespot-data"
    assert (found.shard, found.shards, found.store, found.environments) == (0, 1, "", None)
    assert not config.read({**GOOD, "CLOISTER_NETWORK": "project"}).sealed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOISTER_TEAM", "Fakespot"),
        ("CLOISTER_TEAM", ""),
        ("CLOISTER_NETWORK", "open"),
        ("CLOISTER_NETWORK", "sealed\n"),
        ("CLOISTER_BUCKET_DATA", "a/b"),
        ("CLOISTER_JOB", "../x"),
        ("CLOISTER_RUN_ID", "1"),
        ("CLOISTER_STORE", "ftp://x"),
        ("CLOISTER_STORE", "http://x/path"),
        ("CLOISTER_SHARD", "1"),
        ("CLOISTER_SHARDS", "0"),
        ("CLOISTER_LOG_LIMIT", "-1"),
        ("CLOISTER_ISOLATION", "none"),
        ("CLOISTER_WORK", "relative"),
        ("CLOISTER_UNKNOWN", "x"),
    ],
)
def test_wrong_settings_are_named(name: str, value: str) -> None:
    assert name in refused(lambda: config.read({**GOOD, name: value}))


def test_a_run_is_sealed_unless_the_platform_says_otherwise() -> None:
    assert config.read({name: value for name, value in GOOD.items() if name != "CLOISTER_NETWORK"}).sealed


def test_a_scheduled_run_is_named_after_its_job() -> None:
    unnamed = {name: value for name, value in GOOD.items() if name != "CLOISTER_RUN_ID"}
    uid = "89abcdef-0000-4000-8000-000000000000"
    scheduled = {"CLOISTER_OCCASION": "nightly-eval-29900000", "CLOISTER_OCCASION_UID": uid}
    assert (
        config.read(unnamed | scheduled).run_id == "20261106-212000-89abcdef"
    )  # minute 29,900,000 since 1970
    for wrong in ("CLOISTER_OCCASION", "CLOISTER_OCCASION_UID"):
        assert "CLOISTER_RUN_ID" in refused(
            lambda wrong=wrong: config.read(unnamed | scheduled | {wrong: ""})
        )
    assert "CLOISTER_RUN_ID" in refused(
        lambda: config.read(unnamed | scheduled | {"CLOISTER_OCCASION": "by-hand"})
    )


def test_every_wrong_setting_at_once() -> None:
    cause = refused(lambda: config.read({}))
    assert all(name in cause for name in GOOD.keys() - {"CLOISTER_NETWORK"})


def test_the_environment_is_forgotten() -> None:
    environ = {**GOOD, "HTTPS_PROXY": "http://x", "GOOGLE_APPLICATION_CREDENTIALS": "x"}
    config.forget(environ)
    assert environ == {}


def test_every_variable_says_who_may_set_it() -> None:
    assert len({variable.name for variable in config.VARIABLES}) == len(config.VARIABLES)
    platform = {v.name for v in config.VARIABLES if v.source == "platform"}
    assert {"CLOISTER_NETWORK", "CLOISTER_STORE", "CLOISTER_METADATA", "CLOISTER_BUCKET_DATA"} <= platform


def test_a_specification_survives_the_way() -> None:
    parsed = spec.parse(json.dumps(SPEC))
    assert parsed.inputs == (spec.Input("data", "reviews/", "in"),)
    assert parsed.outputs == (spec.Output("out", "artifacts"),)
    assert spec.parse(spec.dump(parsed)) == parsed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 2}, "version"),
        ({"run": []}, "run"),
        ({"run": "python main.py"}, "run"),
        ({"run": ["python", 3]}, "run"),
        ({"run": ["a\0b"]}, "run"),
        ({"code": "sha256:abc"}, "code"),
        ({"code": None}, "code"),
        ({"lock": "latest"}, "lock"),
        ({"inputs": [{"from": "code/x", "to": "in"}]}, "inputs"),
        ({"inputs": [{"from": "data", "to": "in"}]}, "inputs"),
        ({"inputs": [{"from": "data/x", "to": "../in"}]}, "inputs"),
        ({"inputs": [{"from": "data/x", "to": "/in"}]}, "inputs"),
        ({"inputs": [{"from": "data/x", "to": "in", "more": 1}]}, "inputs"),
        ({"inputs": {"from": "data/x", "to": "in"}}, "inputs"),
        ({"outputs": [{"from": "out", "to": "data"}]}, "outputs"),
        ({"outputs": [{"from": "..", "to": "results"}]}, "outputs"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"timeout": 1.5}, "timeout"),
        ({"metrics": ["a b"]}, "metrics"),
        ({"env": {"LD_PRELOAD": "x"}}, "env"),
    ],
)
def test_wrong_specifications_are_named(change: dict[str, Any], says: str) -> None:
    assert says in refused(lambda: spec.parse(json.dumps({**SPEC, **change})))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100000])
def test_no_specification(text: str) -> None:
    refused(lambda: spec.parse(text))


def test_every_mistake_of_a_specification_at_once() -> None:
    cause = refused(lambda: spec.parse("{}"))
    assert all(f"{key} is missing" in cause for key in SPEC)


def test_the_layout_is_the_one_everybody_else_derives() -> None:
    """The image cannot import the declarations; what it repeats of them is the same."""
    plain = RunLayout("evaluate", "20270101-120000-0123abcd", 0, 1)
    assert plain.outputs(3) == names.run_prefix("evaluate", "20270101-120000-0123abcd", 3)
    assert plain.manifest == names.manifest("evaluate", "20270101-120000-0123abcd")
    shard = RunLayout("evaluate", "20270101-120000-0123abcd", 2, 4)
    assert shard.manifest == names.manifest("evaluate", "20270101-120000-0123abcd", 2)
    assert shard.outputs(1).startswith(names.run_prefix("evaluate", "20270101-120000-0123abcd", 1))


def test_exit_codes() -> None:
    assert sorted(OWN) == [0, 64, 65, 69, 73, 75, 77, 78, 79]
    assert [exit_class(code) for code in (0, 65, 75, 137, 1)] == [
        "done",
        "input",
        "preempted",
        "killed",
        "failed",
    ]
    assert all(team_exit(code) == 1 for code in OWN - {0})
    assert [team_exit(code) for code in (0, 2, 137)] == [0, 2, 137]


def test_the_readme_names_every_setting_and_exit_code() -> None:
    readme = (Path(config.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| ")]
    by_source = {
        "platform": "the platform's ConfigMap",
        "submit": "who submits",
        "pod": "the pod's own fields",
        "image": "the image",
        "local": "`cloister job run`",
    }
    for variable in config.VARIABLES:
        [row] = [row for row in rows if row.startswith(f"| {by_source[variable.source]}")]
        assert f"`{variable.name}`" in row
    assert all(any(row.startswith(f"| {code} |") for row in rows) for code in OWN)
