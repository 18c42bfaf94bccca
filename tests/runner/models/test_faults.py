"""What goes wrong with a model is one clear answer, and nothing is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.image.exits import Exit

from ..support import StoreClient
from .support import ARTIFACTS, CARD, Team, model_files


def publish(team: Team, files: dict[str, bytes], **changes: Any) -> tuple[int, str]:
    said = team.publish(team.train(files), **changes)
    return said.code, said.record["cause"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a": b"1"}, "the run has no model.json among its artifacts"),
        (model_files() | model_files(folder="other/"), "the run has 2 files model.json"),
        (model_files(run=[]), "run: expected the command"),
        (model_files(license="do what you want"), "license: expected an SPDX identifier"),
        (model_files(golden="../golden.jsonl"), "golden: expected a file beside this one"),
        (model_files(golden="absent.jsonl"), "absent.jsonl is not there"),
        (model_files(signature={"inputs": [], "outputs": []}), "signature.inputs: expected named columns"),
        (model_files(more=1), "unknown key 'more'"),
        (model_files() | {"model/model.json": b"{" * 5000}, "not JSON"),
        (model_files() | {"model/model.json": b"[" * 70000}, "over 65536 bytes"),
        (model_files() | {"model/golden.jsonl": b""}, "expected 1 to 1000 lines, found 0"),
        (model_files() | {"model/golden.jsonl": b'{"instance": {"x": "1"}, "prediction": {"y": 1}}'}, "x is not a double"),
        (model_files() | {"model/golden.jsonl": b'{"instance": {"x": 1}, "prediction": {}}'}, "prediction: y is missing"),
    ],
)  # fmt: skip
def test_a_run_that_is_no_model(team: Team, files: dict[str, bytes], why: str) -> None:
    code, cause = publish(team, files)
    assert code == Exit.BAD_JOB and why in cause
    assert team.objects() == []


def test_the_folder_chooses(team: Team) -> None:
    run = team.train(model_files() | model_files(3, folder="deep/other/"))
    assert team.publish(run, folder="out/deep/other/").result["number"] == 1
    refused = team.publish(run, folder="deep")
    assert refused.code == Exit.BAD_JOB and "the run has no deep/model.json" in refused.record["cause"]


def test_a_run_that_is_not_there(team: Team) -> None:
    said = team.publish("20260101-000000-00000000")
    assert said.code == Exit.INPUT and "has published nothing" in said.record["cause"]


@pytest.mark.parametrize("how", ["gone", "other"])
def test_an_artifact_that_is_gone_or_another(team: Team, how: str) -> None:
    run = team.train(model_files())
    name = f"runs/evaluate/{run}/1/out/model/weights.json"
    team.store.delete(ARTIFACTS, name)
    if how == "other":
        team.store.put(ARTIFACTS, name, b'{"slope": 9}')
    said = team.publish(run)
    assert said.code == Exit.INPUT
    assert ("is missing" if how == "gone" else "is not what the run published") in said.record["cause"]
    assert team.objects() == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "weights.json of version 1"), (b'{"slope": 9}', "is not the one that was published")],
)
def test_a_version_whose_file_changed_does_not_come_up(team: Team, content: bytes | None, why: str) -> None:
    [row] = [r for r in team.publish(team.train(model_files())).rows if r["path"] == "weights.json"]
    name = f"models/{team.name}/files/{row['sha256']}"
    team.store.delete(ARTIFACTS, name)
    if content is not None:
        team.store.put(ARTIFACTS, name, content)
    said = team.promote(1)
    assert said.code == Exit.BAD_JOB and why in said.record["cause"]
    assert team.objects("stages/") == []


def test_a_version_that_vanished(team: Team) -> None:
    for slope in (1, 2):
        team.publish(team.train(model_files(slope)))
        team.promote(slope)
    team.store.delete(ARTIFACTS, f"models/{team.name}/versions/1.json")
    said = team.rollback()
    assert said.code == Exit.INPUT and "has no version 1; it has versions 2" in said.record["cause"]
    assert team.ask("show", name=team.name, number=2).result["stages"] == ["production"]


def test_a_version_that_was_edited(team: Team) -> None:
    team.publish(team.train(model_files()))
    where = f"models/{team.name}/versions/1.json"
    document = json.loads(team.store.get(ARTIFACTS, where) or b"")
    document["files"][0]["sha256"] = "0" * 64
    team.store.put(ARTIFACTS, where, json.dumps(document).encode())
    said = team.promote(1)
    assert said.code == Exit.INPUT and "is not what was published" in said.record["cause"]


def test_a_history_that_was_edited(team: Team) -> None:
    for slope in (1, 2):
        team.publish(team.train(model_files(slope)))
        team.promote(slope)
    where = f"models/{team.name}/stages/production/000001.json"
    document = json.loads(team.store.get(ARTIFACTS, where) or b"")
    team.store.put(ARTIFACTS, where, json.dumps({**document, "by": "mallory"}).encode())
    said = team.rollback()
    assert said.code == Exit.INPUT and "the history was changed" in said.record["cause"]


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise SystemExit('cannot load')", "the model's command ended"),
        ("import sys\nfor l in sys.stdin: print('no', flush=True)", "its answer is not JSON"),
        ("import sys\nfor l in sys.stdin: print('{\"predictions\": []}', flush=True)", "expected 1 predictions"),
        ("import sys\nfor l in sys.stdin: print('{\"predictions\": [{\"y\": \"1\"}]}', flush=True)", "y is not a double"),
        ("import sys\nfor l in sys.stdin: print('{\"predictions\": [{\"y\": 7}]}', flush=True)", "answered otherwise: y differs"),
        ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "its answer is over"),
        ("import socket\nsocket.socket()", "the model's command ended"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_answer_as_it_should(team: Team, program: str, why: str) -> None:
    files = model_files() | {"model/predict.py": program.encode()}
    team.publish(team.train(files))
    said = team.promote(1)
    assert said.code == Exit.BAD_JOB and why in said.record["cause"], said.why
    assert team.objects("stages/") == []


def test_a_store_that_fails_is_worth_another_try(team: Team) -> None:
    team.publish(team.train(model_files()))
    broken = Team(StoreClient("http://127.0.0.1:9"), team.work, team.name)
    said = broken.promote(1)
    assert said.code == Exit.UNAVAILABLE and "did not answer" in said.record["cause"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"verb": "drop"},
        {"verb": "list"},
        {"verb": "list", "name": "../x"},
        {"verb": "list", "name": None, "more": 1},
        {"verb": "show", "name": "a", "number": True},
        {"verb": "show", "name": "a", "number": -1},
        {"verb": "rollback", "name": "a", "stage": "prod", "by": "x", "reason": ""},
        {"verb": "rollback", "name": "a", "stage": "staging", "by": "x\n", "reason": ""},
        [],
    ],
)
def test_a_request_that_cannot_be_answered(asked: Any) -> None:
    from runner.image.exits import Failure
    from runner.image.models.request import read

    with pytest.raises(Failure) as raised:
        read(json.dumps({"version": 1, "model": asked}))
    assert raised.value.code == Exit.BAD_JOB


def test_what_the_card_of_these_tests_says_is_public_only(team: Team) -> None:
    """The record has names, hashes and types, and nothing of a golden request."""
    run = team.train(model_files(12345.678))
    said = team.publish(run)
    assert "12345" not in said.why and CARD["license"] in said.why
    assert "12345" not in team.promote(1).why
