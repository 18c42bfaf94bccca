"""Staging that is broken off: by a kill within a large object, by a clock that jumps, by a limit on memory."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from .proxy import FaultyStore, media
from .support import BUCKETS, Job, StoreClient
from .test_faults import hanging, wait_for

REVIEWS = [{"from": "data/reviews/", "to": "in/"}]
READ = "import zlib; d = open('in/large', 'rb').read(); print(len(d), zlib.crc32(d))"
LARGE = 100 << 20  # four ranges
DAY = 86400


@pytest.fixture(scope="module")
def large() -> bytes:
    return os.urandom(1 << 20) * (LARGE >> 20) + b"tail"


def killed_within(store: StoreClient, work: Path, ranges: int) -> Job:
    """A job whose runner was killed when so many ranges of its input had arrived and the next hung."""
    plan = hanging(media, ranges)
    with FaultyStore(store.url, plan) as faulty:
        job = Job(store, work, {"main.py": READ}, inputs=REVIEWS)
        job.settings = {"CLOISTER_STORE": faulty.url}
        process = job.start()
        wait_for(lambda: len(plan.seen) > ranges, process)  # type: ignore[attr-defined]
        # Ranges arrive several at a time: those before the one that hangs are let end.
        wait_for(lambda: sum(1 for path in lists(work) for _ in path.open()) >= ranges, process)
        process.kill()
        process.communicate()
    return job


def lists(work: Path) -> list[Path]:
    return list((work / "arriving").glob("*.ranges"))


def again(job: Job) -> tuple[str, int]:
    """What the job prints when it runs again, and how many downloads of its input that took."""
    with FaultyStore(job.store.url, lambda method, path: "pass") as counting:
        job.settings = {"CLOISTER_STORE": counting.url}
        result = job.finish()
        downloads = sum(media(method, path) for method, path in counting.requests)
    assert result.code == 0, result.why()
    assert not list((job.work / "arriving").iterdir()), "nothing is left beside the working directory"
    return result.printed(), downloads


def sums(data: bytes) -> str:
    import zlib

    return f"{len(data)} {zlib.crc32(data)}"


def test_a_large_object_goes_on_where_a_kill_left_it(store: StoreClient, work: Path, large: bytes) -> None:
    store.put(BUCKETS["data"], "reviews/large", large)
    job = killed_within(store, work, 2)
    assert not (work / "job/in/large").exists() or (work / "job/in/large").stat().st_size == 0
    printed, downloads = again(job)
    assert printed == sums(large)
    assert downloads == 2, "two of four ranges were there"


@pytest.mark.parametrize("harm", ["bytes", "cut", "list", "torn list"])
def test_what_a_killed_attempt_left_is_checked(
    store: StoreClient, work: Path, large: bytes, harm: str
) -> None:
    store.put(BUCKETS["data"], "reviews/large", large)
    job = killed_within(store, work, 2)
    [listed] = lists(work)
    data = listed.with_suffix("")
    if harm == "bytes":
        with data.open("r+b") as file:
            file.seek(40 << 20)
            file.write(b"not what arrived")
    elif harm == "cut":
        os.truncate(data, 10 << 20)
    elif harm == "list":  # agrees with bytes that are not the object's: the whole is checked as well
        import google_crc32c

        with data.open("r+b") as file:
            file.write(b"x")
            file.seek(0)
            crc = google_crc32c.extend(0, file.read(32 << 20))
        listed.write_text(f"0 {32 << 20} {crc}\n1 2 3\nno line\n")
    else:
        listed.write_text(listed.read_text()[:-5])
    printed, downloads = again(job)
    assert printed == sums(large)
    assert downloads > 2


@pytest.fixture(scope="session")
def jump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes the clock on the wall jump for the process it is loaded into."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: apt-get install gcc")
    built = tmp_path_factory.mktemp("jump") / "jump.so"
    source = Path(__file__).with_name("jump.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(source), "-ldl"], check=True)
    return built


def jumping(jump: Path, seconds: int) -> dict[str, str]:
    return {"LD_PRELOAD": str(jump), "JUMP_AFTER": "2", "JUMP_BY": str(seconds)}


def stamps(entries: list[dict[str, object]]) -> list[datetime]:
    return [datetime.fromisoformat(str(entry["time"])) for entry in entries]


@pytest.mark.parametrize("by", [DAY, -DAY], ids=["ahead", "back"])
def test_a_jump_of_the_clock_ends_no_run(store: StoreClient, work: Path, jump: Path, by: int) -> None:
    """It jumps while the store is away for longer than half of the patience, and again counts as no time at all."""
    store.put(BUCKETS["data"], "reviews/large", b"x")
    begun: list[float] = []

    def away(method: str, path: str) -> int | str:
        if media(method, path) and not begun:
            begun.append(time.monotonic())
        return 503 if begun and time.monotonic() < begun[0] + 3 else "pass"

    with FaultyStore(store.url, away) as faulty:
        settings = {"CLOISTER_STORE": faulty.url, "CLOISTER_PATIENCE": "20"}
        code = READ + "; import time; time.sleep(1)"
        job = Job(store, work, {"main.py": code}, inputs=REVIEWS, timeout=20, settings=settings)
        job.environ = jumping(jump, by)
        result = job.finish()
    assert result.code == 0, result.why()
    seen = stamps(result.entries)
    assert abs((seen[-1] - seen[0]).total_seconds() - by) < 60, "the runner's clock did jump"
    assert 2 < result.record["durations"]["stage-in"] < 15
    assert 0.9 < result.record["durations"]["command"] < 10


def test_a_clock_set_back_prolongs_no_timeout(store: StoreClient, work: Path, jump: Path) -> None:
    job = Job(store, work, {"main.py": "import time; time.sleep(60)"}, timeout=3, environ=jumping(jump, -DAY))
    begun = time.monotonic()
    result = job.finish()
    assert result.code == 78, result.why()
    assert time.monotonic() - begun < 20
    seen = stamps(result.entries)
    assert (seen[-1] - seen[0]).total_seconds() < -DAY / 2


def test_a_command_over_its_memory_ends_in_one_sentence(store: StoreClient, work: Path) -> None:
    """A limit on the process' address space; the cgroup's is tried on the cluster."""
    code = "import sys\ndata = bytearray(1 << 30)\nsys.exit('it had the memory')"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))

    result = Job(store, work, {"main.py": code}, before=limit).finish()
    assert result.code == 1, result.why()
    assert re.fullmatch(r"the command ended with code 1", result.record["cause"])
    assert "MemoryError" in "".join(entry["message"] for entry in result.events("command-failed"))
