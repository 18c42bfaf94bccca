"""Staging in and out against the real store, and against one that misbehaves."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from .proxy import Fault, FaultyStore, Plan, Sometimes, media, uploads
from .support import BUCKETS, Job, StoreClient

REVIEWS = [{"from": "data/reviews/", "to": "in/"}]
ARTIFACTS = [{"from": "out/", "to": "artifacts"}]
COPY = "import shutil; shutil.copytree('in', 'out', dirs_exist_ok=True)"
LARGE = 150 << 20  # five ranges


def copied(job: Job) -> dict[str, bytes | None]:
    """What a job that copies its input published, by name."""
    manifest = job.manifest()
    assert manifest is not None
    prefix = f"{job.prefix}1/out/"
    return {
        o["name"].removeprefix(prefix): job.store.get(o["bucket"], o["name"]) for o in manifest["objects"]
    }


def test_many_files_of_all_kinds_of_names(store: StoreClient, work: Path, uid: int | None) -> None:
    names = [
        "a.txt",
        "sub/b",
        "sub/deep/er/c",
        "quote'\"`$x",
        "sp ace",
        "ümlaut",
        "\u202eright-to-left",
        "-rf",
        "*?[",
        "%2e%2e",
    ]
    files = {name: os.urandom(50) for name in names} | {f"many/{i:03}": os.urandom(i) for i in range(200)}
    for name, data in files.items():
        store.put(BUCKETS["data"], f"reviews/{name}", data)
    store.put(BUCKETS["data"], "reviews/sub/", b"")  # how consoles mark folders
    store.put(BUCKETS["data"], "reviewsX/other", b"not asked for")
    job = Job(store, work, {"main.py": COPY}, inputs=REVIEWS, outputs=ARTIFACTS, uid=uid)
    result = job.finish()
    assert result.code == 0, result.why()
    assert copied(job) == files
    assert result.record["inputs"][0]["objects"] == len(files)


def test_an_input_may_be_one_object(store: StoreClient, work: Path) -> None:
    for name in ("reviews/a.txt", "reviews/a.txt.old"):
        store.put(BUCKETS["data"], name, name.encode())
    inputs = [{"from": "data/reviews/a.txt", "to": "in"}]
    job = Job(store, work, {"main.py": COPY}, inputs=inputs, outputs=ARTIFACTS)
    assert job.finish().code == 0
    assert copied(job) == {"a.txt": b"reviews/a.txt"}


def test_a_large_object_in_ranges(store: StoreClient, work: Path) -> None:
    data = os.urandom(1 << 20) * (LARGE >> 20) + b"tail"
    store.put(BUCKETS["data"], "reviews/large", data)
    faults = Sometimes("truncate", media, times=3)
    with FaultyStore(store.url, faults) as faulty:
        settings = {"CLOISTER_STORE": faulty.url}
        code = "import os, zlib; d = open('in/large', 'rb').read(); print(len(d), zlib.crc32(d)); os.link('in/large', 'out/large')"
        job = Job(store, work, {"main.py": code}, inputs=REVIEWS, outputs=ARTIFACTS, settings=settings)
        result = job.finish()
    assert result.code == 0, result.why()
    import zlib

    assert result.printed() == f"{len(data)} {zlib.crc32(data)}"
    assert store.get(BUCKETS["artifacts"], f"{job.prefix}1/out/large") == data
    ranges = [path for method, path in faulty.requests if media(method, path)]
    assert len(ranges) == 5 + 3, "each range once, and once more where it broke off"


@pytest.mark.parametrize(
    "plan",
    [
        Sometimes("truncate", media, 4),
        Sometimes("corrupt", media, 2),
        Sometimes(503, media, 5),
        Sometimes(429, media, 5),
        Sometimes("reset", media, 5),
        Sometimes(503, lambda method, path: True, 6),
        Sometimes("reset", lambda method, path: True, 4),
        Sometimes("reset", uploads, 3),
        Sometimes(503, uploads, 3),
        Sometimes("lost", uploads, 2),
        Sometimes("lost", lambda method, path: method == "POST" and "multipart" in path, 3),
    ],
    ids=[
        *("truncated", "corrupt", "503", "429", "reset", "503-anywhere", "reset-anywhere", "upload-reset"),
        *("upload-503", "upload-answer-lost", "document-answer-lost"),
    ],
)
def test_passing_faults_are_survived(store: StoreClient, work: Path, plan: Plan) -> None:
    files = {f"{i}.txt": os.urandom(300) for i in range(12)}
    for name, data in files.items():
        store.put(BUCKETS["data"], f"reviews/{name}", data)
    with FaultyStore(store.url, plan) as faulty:
        settings = {"CLOISTER_STORE": faulty.url, "CLOISTER_PATIENCE": "60"}
        job = Job(store, work, {"main.py": COPY}, inputs=REVIEWS, outputs=ARTIFACTS, settings=settings)
        result = job.finish()
    assert result.code == 0, result.why()
    assert copied(job) == files


@pytest.mark.slow
@pytest.mark.parametrize("fault", [503, "reset"])
def test_half_a_minute_without_a_store_is_survived(store: StoreClient, work: Path, fault: Fault) -> None:
    store.put(BUCKETS["data"], "reviews/a.txt", b"x" * 1000)
    begun: list[float] = []

    def outage(method: str, path: str) -> Fault:
        """From the first download on, and for thirty seconds, nothing answers."""
        if media(method, path) and not begun:
            begun.append(time.monotonic())
        return fault if begun and time.monotonic() < begun[0] + 30 else "pass"

    with FaultyStore(store.url, outage) as faulty:
        settings = {"CLOISTER_STORE": faulty.url, "CLOISTER_PATIENCE": None}
        job = Job(store, work, {"main.py": COPY}, inputs=REVIEWS, outputs=ARTIFACTS, settings=settings)
        result = job.finish()
    assert result.code == 0, result.why()
    assert result.record["durations"]["stage-in"] > 29
    assert copied(job) == {"a.txt": b"x" * 1000}


@pytest.mark.parametrize(
    ("fault", "about", "code", "says"),
    [
        ("corrupt", media, 65, "corrupt"),
        (503, media, 69, "did not answer"),
        ("reset", media, 69, "did not answer"),
        (403, media, 77, "may not read"),
        (404, media, 65, "not found"),
        (403, uploads, 77, "may not write"),
        (503, uploads, 69, "did not answer"),
        (503, lambda method, path: True, 69, "did not answer"),
        (403, lambda method, path: True, 77, "may not"),
    ],
    ids=["corrupt", "503", "reset", "403", "404", "upload-403", "upload-503", "503-anywhere", "403-anywhere"],
)
def test_lasting_faults_end_in_their_own_code(
    store: StoreClient, work: Path, fault: Fault, about: Plan, code: int, says: str
) -> None:
    store.put(BUCKETS["data"], "reviews/a.txt", b"x" * 1000)
    with FaultyStore(store.url, Sometimes(fault, about)) as faulty:
        settings = {"CLOISTER_STORE": faulty.url, "CLOISTER_PATIENCE": "1"}
        job = Job(store, work, {"main.py": COPY}, inputs=REVIEWS, outputs=ARTIFACTS, settings=settings)
        result = job.finish()
    assert result.code == code, result.why()
    assert says in result.record["cause"] and "\n" not in result.record["cause"]
    assert result.record["cure"]
    assert result.stray == ""
    assert job.manifest() is None


def test_a_store_that_is_not_there(store: StoreClient, work: Path) -> None:
    settings = {"CLOISTER_STORE": "http://127.0.0.1:9", "CLOISTER_PATIENCE": "1"}
    result = Job(store, work, {"main.py": ""}, settings=settings).finish()
    assert (result.code, result.record["exit_class"]) == (69, "unavailable")


def test_nothing_to_stage(store: StoreClient, work: Path) -> None:
    result = Job(store, work, {"main.py": ""}, inputs=REVIEWS).finish()
    assert result.code == 65
    assert f"gs://{BUCKETS['data']}/reviews/" in result.record["cause"]


@pytest.mark.parametrize(
    "name", ["reviews/../../x", "reviews/a//b", "reviews//x", "reviews/./x", "reviews/" + "n" * 256]
)
def test_names_no_file_can_have(store: StoreClient, work: Path, name: str) -> None:
    store.put(BUCKETS["data"], name, b"x")
    result = Job(store, work, {"main.py": ""}, inputs=REVIEWS).finish()
    assert result.code == 65, result.why()
    assert "Rename the object" in result.record["cure"]


def test_a_file_where_another_object_needs_a_folder(store: StoreClient, work: Path) -> None:
    for name in ("reviews/a", "reviews/a/b"):
        store.put(BUCKETS["data"], name, b"x")
    result = Job(store, work, {"main.py": ""}, inputs=REVIEWS).finish()
    assert result.code == 65 and "needs a folder" in result.record["cause"]


def test_inputs_and_code_do_not_overwrite_each_other(store: StoreClient, work: Path) -> None:
    store.put(BUCKETS["data"], "reviews/main.py", b"raise SystemExit(0)")
    inputs = [{"from": "data/reviews/", "to": "src"}]
    result = Job(store, work, {"main.py": "", "src/main.py": ""}, inputs=inputs).finish()
    assert result.code == 64 and "src/main.py" in result.record["cause"]


LINKS = {
    "link to a file": "os.symlink('/etc/passwd', 'out/x')",
    "link to a directory": "os.symlink('/etc', 'out/x')",
    "dangling link": "os.symlink('/nowhere', 'out/x')",
    "link inside": "os.symlink('a', 'out/x')",
    "link in place of the directory": "os.rename('out', 'old'); os.symlink('/etc', 'out')",
    "pipe": "os.mkfifo('out/x')",
    "socket": "import socket; socket.socket(socket.AF_UNIX).bind('out/x')",
    "name with a newline": "open('out/x\\ny', 'w')",
    "name that is no text": "open(b'out/\\xff', 'w')",
}


@pytest.mark.parametrize("what", LINKS)
def test_only_plain_files_are_published(store: StoreClient, work: Path, what: str, uid: int | None) -> None:
    code = f"import os\nopen('out/a', 'w').write('x')\n{LINKS[what]}"
    job = Job(store, work, {"main.py": code}, outputs=ARTIFACTS, uid=uid)
    result = job.finish()
    assert result.code == 64, result.why()
    assert result.record["cause"].startswith("output ")
    assert job.manifest() is None
    assert not [n for n in store.names(BUCKETS["artifacts"], job.prefix) if "/out/" in n], "nothing went up"


def test_a_file_of_another_user_is_not_published(store: StoreClient, work: Path) -> None:
    """A hard link can name a file that only the runner may read."""
    if os.geteuid() != 0:
        pytest.skip("needs root, whose command is another user")
    code = "import os, time\nopen('out/a', 'w')\nwhile not os.path.exists('out/planted'): time.sleep(0.01)"
    job = Job(store, work, {"main.py": code}, outputs=ARTIFACTS)
    process = job.start()
    secret = work.parent / "secret"
    secret.write_text("s")
    while not (work / "job/out/a").exists():
        assert process.poll() is None
    os.link(secret, work / "job/out/planted")
    from .support import finished

    result = finished(process)
    assert result.code == 64 and "another user" in result.record["cause"]


def test_archives_that_reach_out_are_refused(store: StoreClient, work: Path) -> None:
    import io
    import tarfile

    from .support import digest

    for name, kind, link in (
        ("../x", tarfile.REGTYPE, ""),
        ("/etc/x", tarfile.REGTYPE, ""),
        ("x", tarfile.SYMTYPE, "/etc/passwd"),
        ("x", tarfile.LNKTYPE, "../../../etc/passwd"),
        ("x", tarfile.CHRTYPE, ""),
        ("x", tarfile.FIFOTYPE, ""),
    ):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
        data = buffer.getvalue()
        store.put(BUCKETS["code"], f"code/{digest(data)[7:]}.tar.gz", data)
        result = Job(store, work, {}, spec={"code": digest(data)}).finish()
        assert result.code == 64, (name, result.why())


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\x00" + b"\0" * 20])
def test_a_code_package_that_is_none(store: StoreClient, work: Path, data: bytes) -> None:
    from .support import digest

    store.put(BUCKETS["code"], f"code/{digest(data)[7:]}.tar.gz", data)
    result = Job(store, work, {}, spec={"code": digest(data)}).finish()
    assert result.code == 64 and "archive" in result.record["cause"], result.why()


def test_metrics_are_read_as_data(store: StoreClient, work: Path) -> None:
    """Whatever stands where metrics.json should, the run is published and no more than numbers is recorded."""
    for code in (
        "import os; os.symlink('/etc/passwd', 'metrics.json')",
        "import os; os.mkfifo('metrics.json')",
        "import os; os.mkdir('metrics.json')",
        "open('metrics.json', 'w').write('[' * 100000)",
        "open('metrics.json', 'w').write('{\"accuracy\": \"0.5\"}')",
        "open('metrics.json', 'w').write('{\"accuracy\": true}')",
        "open('metrics.json', 'w').write('{\"accuracy\": ' + '1' * 70000 + '}')",
        "open('metrics.json', 'w').write('{\"accuracy\": 1' + '0' * 400 + '}')",
        "pass",
    ):
        result = Job(store, work, {"main.py": code}, metrics=["accuracy"]).finish()
        assert result.code == 0, result.why()
        assert result.record["metrics"] == {}
        assert result.events("metrics"), code
    json.dumps(result.record)
