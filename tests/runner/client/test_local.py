"""`cloister job run` as a person types it: a process of its own, the real store, the real runner."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..reach import open_up
from ..support import NOBODY

ROOT = Path(__file__).parents[3]
DECLARATIONS = ROOT / "tests" / "cases" / "declarations" / "base"
CLOISTER = [sys.executable, "-m", "cloister"]
JOB = """name: evaluate
run: [python, main.py]
code: ./src
inputs:
  - {from: data/reviews/, to: in/}
outputs:
  - {from: out/, to: artifacts}
  - {from: final/, to: results}
resources: {cpu: 1, memory: 1Gi}
metrics: [accuracy]
"""
MAIN = """
import json
text = open("in/a.txt").read()
open("out/b.txt", "w").write(text.upper())
open("final/c.txt", "w").write(text)
json.dump({"accuracy": 0.5}, open("metrics.json", "w"))
print("read", len(text))
"""


@pytest.fixture
def tree() -> Iterator[Path]:
    """Declarations and a job beside them, in a place that uid 1000 can reach."""
    parent = Path(tempfile.mkdtemp(prefix="cloister-local-", dir="/var/tmp"))
    parent.chmod(0o755)
    tree = parent / "tree"
    shutil.copytree(DECLARATIONS, tree)
    (tree / "src").mkdir()
    (tree / "src" / "main.py").write_text(MAIN)
    (tree / "job.yaml").write_text(JOB)
    (tree / "data" / "reviews").mkdir(parents=True)
    (tree / "data" / "reviews" / "a.txt").write_text("fine shoes")
    yield tree
    shutil.rmtree(parent, ignore_errors=True)


def start(tree: Path, *arguments: str, uid: int | None = None, **variables: str) -> subprocess.Popen[str]:
    home = tree.parent / "home"
    home.mkdir(exist_ok=True)
    if uid is not None:
        for path in (home, tree, *tree.rglob("*")):
            os.chown(path, uid, uid)

    def become() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background inherits it ignored
        if os.geteuid() == 0:
            open_up()
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)

    return subprocess.Popen(
        [*CLOISTER, "job", "run", "job.yaml", "--team", "fakespot", *arguments],
        cwd=tree,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "SOURCE_DATE_EPOCH": "1780315200", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=become,
    )


def run(tree: Path, *arguments: str, uid: int | None = None, **variables: str) -> tuple[int, str, str]:
    process = start(tree, *arguments, uid=uid, **variables)
    out, err = process.communicate(timeout=90)
    return process.returncode, out, err


def leftovers(tree: Path) -> list[str]:
    """Processes whose command line or environment names the tree, and work directories that were not removed."""
    found = [str(path) for path in (tree / ".cloister" / "work").glob("*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(tree).encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("who", ["root", "user"])
def test_a_run_shows_what_happens_and_keeps_the_outputs(tree: Path, who: str) -> None:
    if os.geteuid() != 0 and who == "root":
        pytest.skip("not root here")
    uid = NOBODY if who == "user" and os.geteuid() == 0 else None
    code, out, err = run(tree, uid=uid)
    assert (code, err) == (0, ""), out + err
    lines = out.splitlines()
    assert "  | read 10" in lines and "accuracy 0.5" in lines
    assert "is not a boundary" not in out
    [runs] = (tree / ".cloister" / "runs").iterdir()
    assert any(str(runs.relative_to(tree)) in line for line in lines)
    assert (runs / "artifacts" / "out" / "b.txt").read_text() == "FINE SHOES"
    assert (runs / "results" / "final" / "c.txt").read_text() == "fine shoes"
    assert json.loads((runs / "record.json").read_text())["exit_class"] == "done"
    assert json.loads((runs / "manifest.json").read_text())["attempt"] == 1
    assert all(json.loads(line)["severity"] for line in (runs / "log.jsonl").read_text().splitlines())
    assert lines[-1].startswith("done in ")
    assert leftovers(tree) == []


def test_json(tree: Path) -> None:
    code, out, err = run(tree, "--format", "json")
    assert code == 0, err
    report = json.loads(out)
    assert (report["version"], report["team"], report["job"], report["exit"]) == (
        1,
        "fakespot",
        "evaluate",
        0,
    )
    assert report["outputs"] == [
        {"path": "artifacts/out/b.txt", "bytes": 10},
        {"path": "results/final/c.txt", "bytes": 10},
    ]
    assert report["record"]["metrics"] == {"accuracy": 0.5}
    assert Path(tree, report["directory"]).is_dir()
    assert "  | read 10" in err.splitlines()


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        ("import sys; sys.exit(3)", "failed (exit 3): the command ended with code 3"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "The command runs sealed"),
        (
            "import os; os.symlink('/etc/passwd', 'out/x')",
            "bad-job (exit 64): output out/x is a symbolic link",
        ),
        ("print('\\x1b[2J\\x1b]0;x\\x07')\nraise SystemExit(1)", r"\x1b[2J\x1b]0;x\x07"),
    ],
)
def test_a_failed_job_explains_itself(tree: Path, main: str, expected: str) -> None:
    (tree / "src" / "main.py").write_text(main)
    code, out, err = run(tree)
    assert (code, err) == (1, ""), out + err
    assert expected in out
    assert "Traceback" not in out or "  | Traceback" in out
    assert "log.jsonl" in out
    assert leftovers(tree) == []


def test_shards(tree: Path) -> None:
    (tree / "job.yaml").write_text(JOB + "shards: 2\n")
    (tree / "src" / "main.py").write_text("import os; open('out/n', 'w').write(os.environ['CLOISTER_SHARD'])")
    code, out, err = run(tree, "--format", "json")
    assert code == 0, err
    report = json.loads(out)
    texts = {o["path"]: Path(tree, report["directory"], o["path"]).read_text() for o in report["outputs"]}
    assert texts == {"artifacts/shard-0/out/n": "0", "artifacts/shard-1/out/n": "1"}


def test_interrupted(tree: Path) -> None:
    (tree / "src" / "main.py").write_text("import time; print('begun'); time.sleep(60)")
    process = start(tree)
    assert process.stdout is not None
    for line in process.stdout:
        if "begun" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "interrupted" in err and "Traceback" not in out + err
    assert leftovers(tree) == []


def test_killed(tree: Path) -> None:
    (tree / "src" / "main.py").write_text("import time; print('begun'); time.sleep(60)")
    process = start(tree)
    assert process.stdout is not None
    for line in process.stdout:
        if "begun" in line:
            break
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while [found for found in leftovers(tree) if not found.startswith(str(tree))]:
        assert time.monotonic() < deadline, leftovers(tree)
        time.sleep(0.05)


HASH = " --hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("lock", "lines"),
    [
        ("six==1.17.0\n", ['1: found "six==1.17.0" without a hash']),
        (f"# a comment\n\nsix>=1{HASH}\n", ['3: found "six>=1']),
        (f"six==1.17.0 \\\n   {HASH}\n--no-binary :all:\n", ['3: found the option "--no-binary :all:"']),
        (f"six==1.17.0{HASH} --global-option=x\n", ["1: found the option"]),
        ("-r other.txt\n--index-url https://x.example/\n", ["1: found the option", "2: found the option"]),
        (f"six @ https://x.example/six.whl{HASH}\n./local\n", ["1: found", "2: found"]),
        ("-e .\nno requirement at all\n", ["1: found the option", "2: found"]),
    ],
)
def test_locks_are_pinned_hashed_and_nothing_else(tree: Path, lock: str, lines: list[str]) -> None:
    (tree / "job.yaml").write_text(JOB + "environment: requirements.lock\n")
    (tree / "requirements.lock").write_text(lock)
    code, out, err = run(tree)
    assert (code, out) == (2, "")
    found = err.splitlines()
    assert len(found) == len(lines)
    assert all(
        line.startswith(f"requirements.lock:{start}") for line, start in zip(found, lines, strict=True)
    ), err


@pytest.mark.parametrize(
    "source", [{"PIP_NO_INDEX": "1"}, {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}]
)
def test_an_environment_that_cannot_be_built(tree: Path, source: dict[str, str]) -> None:
    (tree / "job.yaml").write_text(JOB + "environment: requirements.lock\n")
    (tree / "requirements.lock").write_text(f"six==1.17.0{HASH}\n")
    code, out, err = run(tree, PIP_CONFIG_FILE="/dev/null", **source)
    assert code == 2, out + err
    assert err.count("\n") == 1 and err.startswith("requirements.lock: cannot be installed: "), err
    assert "six==1.17.0" in err and "a package index must be reachable" in err
    assert not (tree / ".cloister" / "runs").exists()
    assert not list((tree.parent / "home").rglob("building-*"))


def test_an_environment_is_built_once(tree: Path) -> None:
    """From a wheel of a directory of this machine, so that no index is needed."""
    wheel = make_wheel(tree.parent)
    identity = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tree / "requirements.lock").write_text(f"tiny==1.0 --hash=sha256:{identity}\n")
    (tree / "job.yaml").write_text(JOB + "environment: requirements.lock\n")
    (tree / "src" / "main.py").write_text("import tiny; print('answer', tiny.ANSWER)")
    found = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent), "PIP_CONFIG_FILE": "/dev/null"}
    code, out, err = run(tree, **found)
    assert code == 0, out + err
    assert "building the environment" in out and "  | answer 42" in out
    code, out, err = run(tree)  # neither index nor wheel any more
    assert code == 0, out + err
    assert "building" not in out and "  | answer 42" in out


def make_wheel(folder: Path) -> Path:
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "ANSWER = 42\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return path


def test_links_out_of_the_code_are_refused(tree: Path) -> None:
    (tree / "src" / "secret").symlink_to("/etc/passwd")
    (tree / "src" / "also").symlink_to("main.py")
    code, _, err = run(tree)
    assert code == 2
    assert sorted(line.partition(":")[0] for line in err.splitlines()) == ["src/also", "src/secret"]
    assert all("expected a file; copy it here" in line for line in err.splitlines())


def test_a_project_team_may_run_unsealed_and_a_job_may_ask_for_less(tree: Path) -> None:
    team = tree / "teams" / "fakespot.yaml"
    team.write_text(team.read_text() + "network: project\n")
    (tree / "src" / "main.py").write_text("import socket; socket.socket().close(); print('open')")
    code, out, err = run(tree)
    assert code == 0 and "not sealed" in out, out + err
    (tree / "job.yaml").write_text(JOB + "network: sealed\n")
    code, out, err = run(tree)
    assert code == 1 and "The command runs sealed" in out


def test_proxies_of_the_environment_are_for_the_index(tree: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    code, out, err = run(tree, http_proxy=nowhere, HTTP_PROXY=nowhere, https_proxy=nowhere, ALL_PROXY=nowhere)
    assert code == 0, out + err
