"""A run as a whole: staged, run, published, recorded."""

from __future__ import annotations

from pathlib import Path

from .support import BUCKETS, Job, StoreClient

MAIN = """
import json, os, pathlib
text = pathlib.Path("in/a.txt").read_text()
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/sub").mkdir()
pathlib.Path("out/sub/b.txt").write_text(text.upper())
json.dump({"accuracy": 0.75, "secret": 3, "loss": float("nan")}, open("metrics.json", "w"))
print("hello", os.getcwd())
"""


def test_a_run_end_to_end(store: StoreClient, work: Path, uid: int | None) -> None:
    store.put(BUCKETS["data"], "reviews/a.txt", b"fine shoes")
    job = Job(
        store,
        work,
        {"main.py": MAIN},
        inputs=[{"from": "data/reviews/", "to": "in/"}],
        outputs=[{"from": "out/", "to": "artifacts"}],
        metrics=["accuracy", "loss"],
        uid=uid,
    )
    result = job.finish()
    assert result.code == 0, result.why()
    assert result.stray == ""
    assert result.printed() == "hello /work/job"
    assert result.record["metrics"] == {"accuracy": 0.75}
    manifest = job.manifest()
    assert manifest is not None and manifest["attempt"] == 1
    [made] = manifest["objects"]
    assert made["name"] == f"{job.prefix}1/out/sub/b.txt"
    assert store.get(made["bucket"], made["name"]) == b"FINE SHOES"
