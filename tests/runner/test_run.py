"""A run as a whole: staged, run, published, recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .support import BUCKETS, Job, StoreClient, digest, tar

REVIEWS = [{"from": "data/reviews/", "to": "in/"}]
ARTIFACTS = [{"from": "out/", "to": "artifacts"}]

UPPER = """
import json, os, pathlib
text = pathlib.Path("in/a.txt").read_text()
pathlib.Path("out/sub").mkdir()
pathlib.Path("out/sub/b.txt").write_text(text.upper())
json.dump({"accuracy": 0.75, "secret": 3, "loss": float("nan")}, open("metrics.json", "w"))
print("hello", os.getcwd())
"""
WRITE = "open('out/a', 'w').write('x')"


def test_end_to_end(store: StoreClient, work: Path, uid: int | None) -> None:
    generation = store.put(BUCKETS["data"], "reviews/a.txt", b"fine shoes")
    job = Job(
        store,
        work,
        {"main.py": UPPER},
        inputs=REVIEWS,
        outputs=ARTIFACTS,
        metrics=["accuracy", "loss"],
        settings={"CLOISTER_IMAGE": "runner@sha256:" + "0" * 64},
        uid=uid,
    )
    result = job.finish()
    assert result.code == 0, result.why()
    assert result.stray == ""
    assert result.printed() == "hello /work/job"

    record = result.record
    assert record["metrics"] == {"accuracy": 0.75}  # not what was not declared, nor what is no number
    assert record["exit_class"] == "done" and record["command_exit"] == 0
    assert record["inputs"] == [
        {"from": "data/reviews/", "objects": 1, "bytes": 10, "generation": generation}
    ]
    assert record["outputs"] == {"objects": 1, "bytes": 10}
    assert set(record["durations"]) == {"queue", "stage-in", "command", "publish"}
    assert record["image"].startswith("runner@sha256:")
    assert record["sealed"] and record["bounded"]

    manifest = job.manifest()
    assert manifest is not None and manifest["attempt"] == 1 and manifest["run_id"] == job.run_id
    [made] = manifest["objects"]
    assert made["name"] == f"{job.prefix}1/out/sub/b.txt"
    assert store.get(made["bucket"], made["name"]) == b"FINE SHOES"


def test_outputs_of_two_buckets_are_in_one_manifest(store: StoreClient, work: Path) -> None:
    code = "open('out/a', 'w').write('x'); open('final/b', 'w').write('y')"
    job = Job(store, work, {"main.py": code}, outputs=[*ARTIFACTS, {"from": "final", "to": "results"}])
    assert job.finish().code == 0
    manifest = job.manifest()
    assert manifest is not None
    assert {(o["bucket"], o["name"].removeprefix(job.prefix)) for o in manifest["objects"]} == {
        (BUCKETS["artifacts"], "1/out/a"),
        (BUCKETS["results"], "1/final/b"),
    }
    assert f"{job.prefix}manifest.json" not in store.names(BUCKETS["results"])


def test_a_published_run_is_not_done_twice(store: StoreClient, work: Path) -> None:
    job = Job(store, work, {"main.py": WRITE + "; print('ran')"}, outputs=ARTIFACTS)
    assert job.finish().printed() == "ran"
    before = store.names(BUCKETS["artifacts"], job.prefix)
    again = job.finish()
    assert again.code == 0 and again.events("already-done")
    assert again.printed() == ""
    assert store.names(BUCKETS["artifacts"], job.prefix) == before


def test_a_retry_reads_the_generations_of_the_first_attempt(store: StoreClient, work: Path) -> None:
    old = store.put(BUCKETS["data"], "reviews/a.txt", b"old")
    failing = "import sys; sys.exit(0 if open('in/a.txt').read() == 'old' and open('/work/home/x', 'w') and {now} else 3)"
    job = Job(store, work, {"main.py": failing.format(now=False)}, inputs=REVIEWS)
    assert job.finish().code == 3
    store.put(BUCKETS["data"], "reviews/b.txt", b"added later")
    retry = Job(store, work, {"main.py": failing.format(now=True)}, inputs=REVIEWS, run_id=job.run_id)
    result = retry.finish()
    assert result.code == 0, result.why()
    assert result.record["attempt"] == 2
    assert result.record["inputs"][0] == {
        "from": "data/reviews/",
        "objects": 1,
        "bytes": 3,
        "generation": old,
    }


def test_entries_have_cloud_loggings_shape(store: StoreClient, work: Path) -> None:
    result = Job(store, work, {"main.py": "print('x'); raise ValueError('boom')"}).finish()
    assert result.code == 1
    for entry in result.entries:
        assert entry["severity"] in ("INFO", "NOTICE", "WARNING", "ERROR")
        assert isinstance(entry["message"], str) and entry["message"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", entry["time"])
        labels = entry["logging.googleapis.com/labels"]
        assert (labels["team"], labels["job"], labels["shard"]) == ("fakespot", "evaluate", "0")
        assert labels["attempt"] == "1" and re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", labels["run"])
    [error] = result.events("command-failed")
    assert error["@type"].endswith("ReportedErrorEvent")
    assert error["serviceContext"]["service"] == "fakespot/evaluate"
    assert error["serviceContext"]["version"].startswith("sha256:")
    assert error["message"].startswith("Traceback (most recent call last):")
    assert error["message"].endswith("ValueError: boom")


@pytest.mark.parametrize(
    ("code", "expected"), [(3, 3), (1, 1), (64, 1), (75, 1), (79, 1), (126, 126), (255, 255)]
)
def test_the_commands_own_code_is_shown_and_never_taken_for_the_runners(
    store: StoreClient, work: Path, code: int, expected: int
) -> None:
    job = Job(store, work, {"main.py": f"import sys; sys.exit({code})"}, outputs=ARTIFACTS)
    result = job.finish()
    assert result.code == expected
    assert result.record["command_exit"] == code
    assert result.record["exit_class"] == "failed"
    assert job.manifest() is None


@pytest.mark.parametrize("isolation", ["container", "namespaces"])
def test_a_killed_command_is_137_and_says_why(store: StoreClient, work: Path, isolation: str) -> None:
    job = Job(
        store,
        work,
        {"main.py": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"},
        settings={"CLOISTER_ISOLATION": isolation},
    )
    result = job.finish()
    assert result.code == 137
    assert result.record["exit_class"] == "killed"
    assert "memory" in result.record["cause"] and "memory" in result.record["cure"]


def test_a_command_that_wants_the_network_is_told_so(store: StoreClient, work: Path) -> None:
    result = Job(
        store, work, {"main.py": "import socket; socket.create_connection(('127.0.0.1', 9))"}
    ).finish()
    assert result.code == 1
    assert "sealed" in result.record["cure"]


def test_no_such_command(store: StoreClient, work: Path) -> None:
    result = Job(store, work, {"main.py": ""}, run=["pyhton", "main.py"]).finish()
    assert result.code == 64
    assert "did not start" in result.record["cause"] and "pyhton" in result.record["cause"]


def test_arguments_reach_the_command_as_they_are(store: StoreClient, work: Path) -> None:
    arguments = ["", " ", "a b", "$HOME", "`id`", "'\"", "a\nb", "ü\u202e", "--x=*", "\\"]
    code = "import json, sys; json.dump(sys.argv[1:], open('out/a', 'w'))"
    job = Job(store, work, {"main.py": code}, run=["python", "main.py", *arguments], outputs=ARTIFACTS)
    assert job.finish().code == 0
    document = store.get(BUCKETS["artifacts"], f"{job.prefix}1/out/a")
    assert document is not None and json.loads(document) == arguments


def test_the_network_of_a_project_team_is_open_and_all_else_is_not(
    store: StoreClient, work: Path, uid: int | None
) -> None:
    code = """
import ctypes, errno, os, socket
socket.create_connection(("127.0.0.1", PORT)).close()
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == errno.EPERM
assert "Seccomp:\\t2" in open("/proc/self/status").read()
assert os.getuid() != 0
""".replace("PORT", store.url.rpartition(":")[2])
    job = Job(store, work, {"main.py": code}, settings={"CLOISTER_NETWORK": "project"}, uid=uid)
    result = job.finish()
    assert result.code == 0, result.why()
    assert result.record["sealed"] is False


def test_what_the_command_leaves_running_is_ended_before_outputs_are_read(
    store: StoreClient, work: Path, uid: int | None
) -> None:
    code = """
import os, subprocess, sys, time
for session in (True, False):
    subprocess.Popen([sys.executable, "-c", '''
import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
for i in range(1000):
    open("out/a", "a").write("x")
    time.sleep(0.005)
'''], start_new_session=session, stdout=subprocess.DEVNULL)
time.sleep(0.4)
print("left")
"""
    for isolation in ("container", "namespaces"):
        job = Job(
            store,
            work,
            {"main.py": code},
            outputs=ARTIFACTS,
            settings={"CLOISTER_ISOLATION": isolation},
            uid=uid,
        )
        result = job.finish()
        assert result.code == 0, result.why()
        assert result.record["durations"]["command"] < 3
        size = len(store.get(BUCKETS["artifacts"], f"{job.prefix}1/out/a") or b"")
        assert 0 < size < 1000
        assert (work / "job/out/a").stat().st_size == size, "nobody writes any more"


def test_credentials_among_the_arguments_are_not_recorded(store: StoreClient, work: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    arguments = [f"--token={secret}", "--name=x", "y" * 10000, "z"]
    result = Job(store, work, {"main.py": ""}, run=["python", "main.py", *arguments]).finish()
    assert result.code == 0, result.why()
    command = result.record["command"]
    assert command[:4] == ["python", "main.py", "--token=[redacted]", "--name=x"]
    assert secret not in json.dumps(result.entries) and len(json.dumps(command)) < 5000


def test_shards_publish_apart_and_each_its_manifest(store: StoreClient, work: Path) -> None:
    code = "import os; open('out/a', 'w').write(os.environ['CLOISTER_SHARD'] + '/' + os.environ['CLOISTER_SHARDS'])"
    job = Job(store, work, {"main.py": code}, outputs=ARTIFACTS)
    for shard in ("0", "1"):
        job.settings = {"CLOISTER_SHARDS": "2", "CLOISTER_SHARD": shard}
        result = job.finish()
        assert result.code == 0, result.why()
        assert result.record["shard"] == int(shard)
        document = store.get(BUCKETS["artifacts"], f"{job.prefix}manifest-{shard}.json")
        assert document is not None
        [made] = json.loads(document)["objects"]
        assert made["name"] == f"{job.prefix}1/shard-{shard}/out/a"
        assert store.get(made["bucket"], made["name"]) == f"{shard}/2".encode()
    assert job.manifest() is None


def test_an_environment_is_verified_unpacked_and_used(
    store: StoreClient, work: Path, uid: int | None
) -> None:
    archive = tar(
        {"library/__init__.py": "ANSWER = 42", "bin/tool": "#!/bin/sh\necho tool"}, {"bin/tool": 0o755}
    )
    code = """
import library, subprocess
print(library.ANSWER, subprocess.run(['tool'], capture_output=True).stdout)
try:
    open(library.__file__, 'w')
except OSError as error:
    print(type(error).__name__)
"""
    name = f"environments/{digest(archive)[7:]}.tar.gz"
    job = Job(store, work, {"main.py": code}, lock=digest(b"lock"), environment=digest(archive), uid=uid)
    missing = job.finish()
    assert (missing.code, missing.record["exit_class"]) == (65, "input")
    store.put(BUCKETS["code"], name, archive)
    result = job.finish()
    assert result.code == 0, result.why()
    assert result.printed().splitlines()[0] == "42 b'tool\\n'"
    assert result.printed().splitlines()[1] in ("OSError", "PermissionError")
    store.delete(BUCKETS["code"], name)
    store.put(BUCKETS["code"], name, tar({"library/__init__.py": "ANSWER = 'other'"}))
    job.run_id = job.run_id[:-1] + ("0" if job.run_id[-1] != "0" else "1")
    changed = job.finish()
    assert changed.code == 65 and "is not what its name says" in changed.record["cause"]


def test_a_lock_without_an_environment_is_a_bad_job(store: StoreClient, work: Path) -> None:
    result = Job(store, work, {"main.py": ""}, lock=digest(b"lock")).finish()
    assert result.code == 64 and "environment" in result.record["cause"]


def test_no_seal_without_isolated_mode(store: StoreClient, work: Path) -> None:
    import subprocess
    import sys

    from .support import finished

    job = Job(store, work, {"main.py": ""})
    command = [sys.executable, "-m", "runner.image"]
    process = subprocess.Popen(
        command, env=job.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
    )
    result = finished(process)
    assert result.code == 64 and "python -I" in result.entries[0]["message"]
