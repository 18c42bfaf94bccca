"""What goes wrong around a run: kills, preemption, timeouts, races, full disks, machines without namespaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.image.seal import kernel

from .proxy import FaultyStore, Sometimes, media, uploads
from .support import BUCKETS, Job, StoreClient, finished

REVIEWS = [{"from": "data/reviews/", "to": "in/"}]
ARTIFACTS = [{"from": "out/", "to": "artifacts"}]
COPY = "import shutil; shutil.copytree('in', 'out', dirs_exist_ok=True)"


def wait_for(what: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, "the runner ended before its time"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(stat.parent.name), *children_of(int(stat.parent.name))]
    return found


def hanging(about: Callable[[str, str], bool], after: int) -> Callable[[str, str], str]:
    """Passes the first `after` matching requests; the next hangs, so that the runner is found in that phase."""
    seen: list[str] = []

    def plan(method: str, path: str) -> str:
        if about(method, path):
            seen.append(path)
            return "hang" if len(seen) > after else "pass"
        return "pass"

    plan.seen = seen  # type: ignore[attr-defined]
    return plan


PHASES: dict[str, tuple[Callable[[str, str], bool], int]] = {
    "first request": (lambda method, path: True, 0),
    "claim": (lambda method, path: "multipart" in path, 0),
    "inputs pinned": (lambda method, path: "multipart" in path, 1),
    "staging begun": (media, 0),
    "staging half done": (media, 6),
    "code": (lambda method, path: path.startswith("/download/") and "-code/" in path, 0),
    "publishing begun": (uploads, 0),
    "publishing half done": (uploads, 6),
    "manifest": (lambda method, path: "multipart" in path, 2),
}


@pytest.mark.parametrize("phase", PHASES)
def test_kill_at_every_phase(store: StoreClient, work: Path, phase: str) -> None:
    files = {f"{i:02}.txt": os.urandom(100) for i in range(12)}
    for name, data in files.items():
        store.put(BUCKETS["data"], f"reviews/{name}", data)
    plan = hanging(*PHASES[phase])
    with FaultyStore(store.url, plan) as faulty:
        job = Job(store, work, {"main.py": COPY}, inputs=REVIEWS, outputs=ARTIFACTS)
        job.settings = {"CLOISTER_STORE": faulty.url}
        process = job.start()
        wait_for(lambda: len(plan.seen) > PHASES[phase][1], process)  # type: ignore[attr-defined]
        time.sleep(0.05)
        process.kill()
        process.communicate()
        assert job.manifest() is None, "nothing half published is visible"
    job.settings = {}
    result = job.finish()
    assert result.code == 0, result.why()
    manifest = job.manifest()
    assert manifest is not None
    published = {o["name"].rpartition("/")[2]: store.get(o["bucket"], o["name"]) for o in manifest["objects"]}
    assert published == files
    assert all(f"/{manifest['attempt']}/" in o["name"] for o in manifest["objects"])


def test_staged_files_of_a_killed_attempt_are_checked_and_kept(store: StoreClient, work: Path) -> None:
    for i in range(12):
        store.put(BUCKETS["data"], f"reviews/{i}", os.urandom(100))
    plan = hanging(lambda method, path: path.startswith("/download/") and "-code/" in path, 0)
    with FaultyStore(store.url, plan) as faulty:
        job = Job(store, work, {"main.py": COPY}, inputs=REVIEWS, outputs=ARTIFACTS)
        job.settings = {"CLOISTER_STORE": faulty.url}
        process = job.start()
        wait_for(lambda: bool(plan.seen), process)  # type: ignore[attr-defined]
        process.kill()
        process.communicate()
    # Whoever ran here meanwhile may have changed anything.
    (work / "job/in/3").write_bytes(b"x" * 100)
    (work / "job/in/4").unlink()
    (work / "job/in/4").symlink_to("/etc/passwd")
    (work / "job/in/5").write_bytes((work / "job/in/5").read_bytes()[:50])
    (work / "job/in/extra").write_text("not an input")
    (work / "job/out").mkdir(exist_ok=True)
    (work / "job/out/old").write_text("not of this attempt")
    with FaultyStore(store.url, lambda method, path: "pass") as counting:
        job.settings = {"CLOISTER_STORE": counting.url}
        result = job.finish()
        downloads = sum(media(method, path) for method, path in counting.requests)
    assert result.code == 0, result.why()
    assert downloads == 3
    assert Path("/etc/passwd").read_text().startswith("root:")
    manifest = job.manifest()
    assert manifest is not None
    assert sorted(o["name"].rpartition("/")[2] for o in manifest["objects"]) == sorted(
        str(i) for i in range(12)
    )


@pytest.mark.parametrize("isolation", ["container", "namespaces"])
def test_when_the_runner_is_killed_the_command_ends_too(
    store: StoreClient, work: Path, uid: int | None, isolation: str
) -> None:
    code = "import time; open('out/a', 'w'); time.sleep(60)"
    settings = {"CLOISTER_ISOLATION": isolation}
    job = Job(store, work, {"main.py": code}, outputs=ARTIFACTS, settings=settings, uid=uid)
    process = job.start()
    wait_for(lambda: (work / "job/out/a").exists(), process)
    family = children_of(process.pid)
    assert family
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in family):
        assert time.monotonic() < deadline, "something of the command is left"
        time.sleep(0.02)


STEPS = """
import os, pathlib, signal, sys, time
saved = pathlib.Path(os.environ["CLOISTER_CHECKPOINT"]) / "step"
step = int(saved.read_text()) if saved.exists() else 0
print("from step", step)
signal.signal(signal.SIGTERM, lambda *_: (saved.write_text(str(step)), sys.exit(0)))
while step < 100:
    step += 1
    pathlib.Path("out/seen").write_text(str(step))
    if step < 40 or os.environ["CLOISTER_ATTEMPT"] == "1":
        time.sleep(0.03)
print("done at", step)
"""


@pytest.mark.parametrize("isolation", ["container", "namespaces"])
def test_preemption_keeps_a_checkpoint_and_the_next_attempt_goes_on(
    store: StoreClient, work: Path, uid: int | None, isolation: str
) -> None:
    job = Job(
        store,
        work,
        {"main.py": STEPS},
        outputs=ARTIFACTS,
        settings={"CLOISTER_ISOLATION": isolation},
        uid=uid,
    )
    process = job.start()
    wait_for(lambda: (work / "job/out/seen").exists() and (work / "job/out/seen").read_text() > "5", process)
    process.send_signal(signal.SIGTERM)
    first = finished(process)
    assert first.code == 75, first.why()
    assert first.record["exit_class"] == "preempted"
    assert job.manifest() is None, "a command that saved its work and ended with 0 is not done"
    again = job.finish()
    assert again.code == 0, again.why()
    assert int(again.printed().split()[2]) >= 5
    manifest = job.manifest()
    assert manifest is not None and manifest["attempt"] == 2


def test_a_command_that_fails_keeps_a_checkpoint_and_its_own_code(store: StoreClient, work: Path) -> None:
    code = """
import os, pathlib, sys
kept = pathlib.Path("checkpoint/x")
if not kept.exists():
    kept.write_text("half")
    pathlib.Path("out/a").write_text("half")
    sys.exit(3)
pathlib.Path("out/a").write_text(kept.read_text() + " and whole")
"""
    job = Job(store, work, {"main.py": code}, outputs=ARTIFACTS)
    first = job.finish()
    assert first.code == 3, first.why()
    assert job.manifest() is None
    again = job.finish()
    assert again.code == 0, again.why()
    assert store.get(BUCKETS["artifacts"], f"{job.prefix}2/out/a") == b"half and whole"


def test_a_checkpoint_that_cannot_be_kept_hides_no_failure(store: StoreClient, work: Path) -> None:
    code = "import os, sys; os.symlink('/etc/passwd', 'checkpoint/x'); sys.exit(3)"
    result = Job(store, work, {"main.py": code}, outputs=ARTIFACTS).finish()
    assert result.code == 3, result.why()
    [said] = result.events("checkpoint")
    assert said["severity"] == "WARNING" and "checkpoint/ is not kept" in said["message"]


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace(store: StoreClient, work: Path) -> None:
    code = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("checkpoint/x", "w").write("kept")
open("out/a", "w")
time.sleep(60)
"""
    job = Job(store, work, {"main.py": code}, outputs=ARTIFACTS, settings={"CLOISTER_GRACE": "1"})
    process = job.start()
    wait_for(lambda: (work / "job/out/a").exists(), process)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    result = finished(process)
    assert result.code == 75, result.why()
    assert 1 <= time.monotonic() - begun < 4
    assert result.record["command_exit"] == 137
    assert store.get(BUCKETS["artifacts"], f"{job.prefix}1/checkpoint/x") == b"kept"


@pytest.mark.parametrize("about", [media, lambda method, path: True], ids=["download", "document"])
def test_sigterm_before_the_command_ends_the_run_at_once(
    store: StoreClient, work: Path, about: Callable[[str, str], bool]
) -> None:
    store.put(BUCKETS["data"], "reviews/a", b"x")
    plan = hanging(about, 0)
    with FaultyStore(store.url, plan) as faulty:
        settings = {"CLOISTER_STORE": faulty.url}
        process = Job(store, work, {"main.py": ""}, inputs=REVIEWS, settings=settings).start()
        wait_for(lambda: bool(plan.seen), process)  # type: ignore[attr-defined]
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        result = finished(process)
    assert result.code == 75, result.why()
    assert time.monotonic() - begun < 3, "a store that hangs must not use up the grace period"


def test_a_timeout_is_the_runners_and_not_the_commands(
    store: StoreClient, work: Path, uid: int | None
) -> None:
    result = Job(store, work, {"main.py": "import time; time.sleep(60)"}, timeout=1, uid=uid).finish()
    assert result.code == 78, result.why()
    assert result.record["exit_class"] == "timeout"
    assert "timeout" in result.record["cause"] and "job.yaml" in result.record["cure"]


def test_two_attempts_at_once(store: StoreClient, work: Path) -> None:
    """Both run; the first to publish wins, the other says who won, and readers see one attempt whole."""
    code = "import os, time; time.sleep(1); [open(f'out/{i}', 'w').write(os.environ['CLOISTER_ATTEMPT']) for i in range(20)]"
    jobs = [Job(store, work.with_name(f"work{i}"), {"main.py": code}, outputs=ARTIFACTS) for i in range(2)]
    jobs[1].run_id = jobs[0].run_id
    results = [finished(process) for process in [job.start() for job in jobs]]
    assert sorted(result.code for result in results) == [0, 73], [r.why() for r in results]
    [loser] = [result for result in results if result.code == 73]
    manifest = jobs[0].manifest()
    assert manifest is not None
    assert f"attempt {manifest['attempt']} published" in loser.record["cause"]
    contents = {store.get(o["bucket"], o["name"]) for o in manifest["objects"]}
    assert contents == {str(manifest["attempt"]).encode()}
    assert len(manifest["objects"]) == 20


@pytest.fixture
def small_disk(work: Path) -> Path:
    """A work directory on a file system of eight megabytes."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    work.mkdir()
    kernel.mount("tmpfs", str(work), "tmpfs", 0, "size=8m,mode=0755")
    yield work
    subprocess.run(["umount", "--lazy", str(work)], check=True)


def test_inputs_larger_than_the_disk_are_not_begun(store: StoreClient, small_disk: Path) -> None:
    store.put(BUCKETS["data"], "reviews/large", bytes(9 << 20))
    result = Job(store, small_disk, {"main.py": ""}, inputs=REVIEWS).finish()
    assert result.code == 79, result.why()
    assert "no space left" in result.record["cause"]


def test_a_package_larger_than_the_disk(store: StoreClient, small_disk: Path) -> None:
    result = Job(store, small_disk, {"main.py": "", "large": bytes(9 << 20)}).finish()
    assert result.code == 79, result.why()


def test_a_command_that_fills_the_disk(store: StoreClient, small_disk: Path) -> None:
    result = Job(
        store, small_disk, {"main.py": "open('out/x', 'wb').write(bytes(20 << 20))"}, outputs=ARTIFACTS
    ).finish()
    assert result.code == 79, result.why()
    assert "work disk is full" in result.record["cause"]


def no_namespaces() -> None:
    """Be in a container that lets nobody make namespaces."""
    kernel.no_new_privileges()
    kernel.install_filter(network=True)


def test_where_the_kernel_gives_no_namespaces_one_line_says_so(
    store: StoreClient, work: Path, uid: int | None
) -> None:
    code = "import socket, os; print(os.getcwd()); socket.socket()"
    job = Job(store, work, {"main.py": code}, uid=uid, before=no_namespaces)
    result = job.finish()
    assert result.code == 1 and "sealed" in result.record["cure"], "the filter holds all the same"
    [warning] = result.events("unbounded")
    assert warning["message"].startswith("the seal is not a boundary on this machine: ")
    assert warning["severity"] == "WARNING"
    assert result.record["bounded"] is False
    assert result.printed() == str(work / "job")


def test_output_is_redacted_capped_and_counted(store: StoreClient, work: Path) -> None:
    code = """
import sys
print("token ya29.a0AfH6SMBx1234567890abcdefghij end")
print("-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0\\n-----END PRIVATE KEY----- after")
print("x" * 20000)
sys.stdout.buffer.write(b"\\xff\\xfe not text\\n")
print('{"severity": "ERROR", "message": "mine", "logging.googleapis.com/labels": {"team": "other"}}')
for i in range(100000):
    print("line", i)
"""
    result = Job(store, work, {"main.py": code}, settings={"CLOISTER_LOG_LIMIT": "100000"}).finish()
    assert result.code == 0, result.why()
    text = result.printed()
    assert "ya29" not in text and "MIIEv" not in text
    assert "token [redacted] end" in text and "[redacted] after" in text
    assert "\ufffd\ufffd not text" in text
    output = result.record["output"]
    assert 90000 < output["bytes"] <= 100000
    assert output["dropped"] > 1_000_000 - 100000
    assert output["redacted"] >= 2
    assert result.events("output-limit")[0]["dropped"] == output["dropped"]
    [mine] = [e for e in result.events("output") if e["message"] == "mine"]
    assert mine["severity"] == "ERROR"
    assert mine["logging.googleapis.com/labels"]["team"] == "fakespot", "labels are the runner's to set"
    assert max(len(json.dumps(entry)) for entry in result.entries) < 16384


def test_a_hanging_store_is_given_up(store: StoreClient, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from runner.image import media as media_module
    from runner.image.exits import Exit, Failure
    from runner.image.store import Credentials, Object, Store

    monkeypatch.setattr(media_module, "READ_TIMEOUT", 0.5)
    with FaultyStore(store.url, Sometimes("hang", media)) as faulty:
        source = Object(BUCKETS["data"], "reviews/a", 1, 1, "")
        client = media_module.Media(Store(faulty.url, Credentials(faulty.url, ""), patience=1))
        with pytest.raises(Failure) as failure:
            client.download(source, 0, 1, lambda offset, piece: None)
    assert failure.value.code == Exit.UNAVAILABLE
