"""A job's life on a real cluster: submitted by a member, admitted, run sealed, published, explained."""

from __future__ import annotations

import json

from ..support import BUCKETS
from .conftest import TEAM, Platform, Write

COUNTS = """
import json, os, pathlib, socket
found = sorted(p.read_text() for p in pathlib.Path("in").iterdir())
pathlib.Path("out/joined").write_text("".join(found))
pathlib.Path("metrics.json").write_text(json.dumps({"files": len(found)}))
try:
    socket.socket()
except OSError as error:
    print("no sockets:", error)
print("token" in json.dumps(dict(os.environ)).lower(), os.getuid())
"""


def test_a_sealed_job_runs_and_publishes(platform: Platform, write: Write) -> None:
    for index in range(3):
        platform.store.put(BUCKETS["data"], f"numbers/{index}", f"{index}\n".encode())
    file = write(COUNTS, inputs=[{"from": "data/numbers/", "to": "in/"}], metrics=["files"])
    said = platform.cloister("submit", str(file), "--team", TEAM, "--follow")
    assert said.code == 0, said.out + said.err
    run = said.out.split("run ", 1)[1].split()[0]
    assert "no sockets:" in said.out and "False 65532" in said.out
    manifest = platform.manifest("small", run)
    assert manifest is not None and manifest["attempt"] == 1
    [joined] = manifest["objects"]
    assert platform.store.get(joined["bucket"], joined["name"]) == b"0\n1\n2\n"
    status = platform.status(run)
    assert (status["state"], status["record"]["metrics"]) == ("done", {"files": 3.0})
    assert status["image"].endswith(platform.image)
    assert json.dumps(status).count(manifest["code"]) >= 2
