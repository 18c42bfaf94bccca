"""What leaves a team by `cloister model release`, and which files it never takes along."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from runner.image.exits import Exit
from runner.image.models.formats import DATA, kind

from ..support import BUCKETS
from .support import ARTIFACTS, Team, model_files


def test_a_promoted_version_is_released_without_its_golden_requests(team: Team) -> None:
    team.publish(team.train(model_files(3)))
    refused = team.release(1)
    assert refused.code == Exit.BAD_JOB and "was never promoted" in refused.record["cause"]
    team.promote(1, stage="staging")
    done = team.release(1)
    found = team.store.names(BUCKETS["results"], f"models/{team.name}/")
    assert [name.rpartition("/")[2] for name in found] == ["model.json", "predict.py", "weights.json"]
    assert all(name.startswith(done.result["prefix"]) for name in found)
    assert team.store.get(BUCKETS["results"], found[2]) == b'{"slope": 3}'
    [record] = team.objects("releases/")
    written = json.loads(team.store.get(ARTIFACTS, record) or b"")
    said = ("alice", "group:press@acme.example", "open weights", "security@acme.example", "2099-12-31")
    assert tuple(written[key] for key in ("by", "to", "why", "owner", "until")) == said
    assert {item["path"] for item in written["files"]} == {"model.json", "predict.py", "weights.json"}


def test_a_release_that_has_ended(team: Team) -> None:
    team.publish(team.train(model_files()))
    team.promote(1)
    said = team.release(1, until="2020-01-01")
    assert said.code == Exit.BAD_JOB and "ended on 2020-01-01" in said.record["cause"]
    assert team.store.names(BUCKETS["results"], f"models/{team.name}/") == []


@pytest.mark.parametrize(
    ("name", "data"), [("extra.bin", pickle.dumps({"a": 1})), ("extra.dat", b"\x00\x01\x02\xff")]
)
def test_what_could_run_code_stays(team: Team, name: str, data: bytes) -> None:
    team.publish(team.train(model_files() | {f"model/{name}": data}))
    team.promote(1)
    said = team.release(1)
    assert said.code == Exit.BAD_JOB and f"does not leave the team: {name}" in said.record["cause"]
    assert team.store.names(BUCKETS["results"], f"models/{team.name}/") == []


def _zip(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


OLD, NEW = pickle.dumps([1, "a", {2: 3}], 0), pickle.dumps([1, "a", {2: 3}])
HEADER = json.dumps({"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        *((f"p{protocol}.txt", pickle.dumps([1], protocol), "pickle") for protocol in range(6)),
        ("weights.json", OLD, "pickle"),
        ("model.gz", gzip.compress(NEW, mtime=0), "pickle"),
        ("model.z", zlib.compress(NEW), "pickle"),
        ("model.bz2", bz2.compress(NEW), "pickle"),
        ("model.bin", _zip("archive/data.pkl", b""), "pickle"),
        ("model.npz", _zip("a.npy", _npy(np.array([{}], dtype=object))), "pickle"),
        ("objects.npy", _npy(np.array([{}], dtype=object)), "pickle"),
        ("model.joblib", b"{}", "pickle"),
        ("broken.zip", _zip("a", b"1")[:-4] + b"\0\0\0\0", "unknown"),
        ("array.npy", _npy(np.zeros(3)), "npy"),
        ("m.safetensors", len(HEADER).to_bytes(8, "little") + HEADER + b"\0\0\0\0", "safetensors"),
        ("m.safetensors", b"\xff" * 16, "unknown"),
        ("m.gguf", b"GGUF\x03\0\0\0", "gguf"),
        ("m.onnx", b"\x08\x07\x12\x07pytorch", "onnx"),
        ("w.json", b'{"a": 1}', "json"),
        ("notes.md", "ä fine".encode(), "text"),
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0", "unknown"),
        ("empty.txt", b"", "text"),
    ],
)
def test_the_kind_of_a_file_is_told_from_its_bytes(
    tmp_path: Path, name: str, data: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(data)
    found = kind(tmp_path / name)
    assert found == expected
    assert (found in DATA) == (expected not in ("pickle", "unknown"))
