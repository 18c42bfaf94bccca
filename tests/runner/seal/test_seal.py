"""Every way out of the seal, tried for real: as root and as uid 1000, in a container's place and in namespaces."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..support import BUCKETS, NOBODY, Job, Result, StoreClient, digest, tar

BEFORE = """
status = open("/proc/self/status").read()
if "Seccomp:\\t0" in status:
    open({marker!r}, "a").write(__file__ + "\\n")
"""


@dataclass(frozen=True)
class Sealed:
    """What the attempts found."""

    found: dict[str, Any]
    result: Result
    namespaces: bool
    root: bool
    before_the_seal: str


def hand_out(listener: socket.socket, gift: socket.socket) -> None:
    """Give a connected TCP socket to everyone who connects."""
    while True:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                socket.send_fds(connection, [b"x"], [gift.fileno()])
            continue
        return


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A metadata server on loopback, and AF_UNIX listeners where daemons have them."""
    metadata = socket.create_server(("127.0.0.1", 0))
    gift = socket.create_connection(metadata.getsockname())
    names = [f"@cloister-test-{os.getpid()}", f"/tmp/cloister-test-{os.getpid()}.sock"]
    if os.access("/run", os.W_OK):
        names += [f"/run/cloister-test-{os.getpid()}.sock"]
    listeners = []
    for name in names:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        if not name.startswith("@"):
            os.chmod(name, 0o777)
        listener.listen()
        threading.Thread(target=hand_out, args=(listener, gift), daemon=True).start()
        listeners.append(listener)
    # The listeners work: whoever reaches them gets a TCP socket.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(names[1])
        assert len(socket.recv_fds(client, 10, 1)[1]) == 1
    yield {"metadata": list(metadata.getsockname()), "listeners": names}
    for listener, name in zip(listeners, names, strict=True):
        listener.close()
        with suppress(OSError):
            os.unlink(name)
    metadata.close()


@pytest.fixture(
    scope="module",
    params=[(a, b) for a in ("root", "user") for b in ("container", "namespaces")],
    ids=lambda pair: f"{pair[0]}-{pair[1]}",
)
def sealed(
    request: pytest.FixtureRequest,
    server: StoreClient,
    host: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sealed]:
    who, isolation = request.param
    if os.geteuid() != 0 and who == "root":
        pytest.skip("not root here: run the tests as root to see the seal put on by root")
    for name in BUCKETS.values():
        server.make_bucket(name)
    parent = Path(tempfile.mkdtemp(prefix="cloister-seal-", dir="/var/tmp"))
    parent.chmod(0o777)
    marker = str(parent / "before")
    evil = BEFORE.format(marker=marker)
    trap = parent / "trap"
    trap.mkdir()
    for name in ("sitecustomize", "usercustomize", "startup"):
        (trap / f"{name}.py").write_text(evil)
    environment = tar({f"{name}.py": evil for name in ("sitecustomize", "usercustomize", "runner")})
    server.put(BUCKETS["code"], f"environments/{digest(environment)[7:]}.tar.gz", environment)
    facts = {**host, "runner_pid": 0, "hidden": ["/tmp", "/run", "/var/run", "/home", "/root", str(parent)]}
    server.put(BUCKETS["data"], "facts/facts.json", json.dumps(facts).encode())
    attempts = (Path(__file__).parent / "attempts.py").read_text(encoding="utf-8")
    job = Job(
        server,
        parent / "work",
        {
            "main.py": attempts,
            # What the interpreter looks for on its own, and modules the runner imports, where the command starts.
            **{
                f"{name}.py": evil
                for name in ("sitecustomize", "usercustomize", "runner", "resource", "startup")
            },
        },
        inputs=[{"from": "data/facts/", "to": "in"}],
        outputs=[{"from": "out", "to": "artifacts"}],
        lock="sha256:" + "0" * 64,
        environment=digest(environment),
        settings={"CLOISTER_ISOLATION": isolation},
        environ={
            "PYTHONPATH": str(trap),
            "PYTHONSTARTUP": str(trap / "startup.py"),
            "PYTHONINSPECT": "1",
            "LD_LIBRARY_PATH": str(trap),
            "LD_BIND_NOW": "1",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent.json",
            "SECRET": "hunter2",
        },
        uid=NOBODY if who == "user" and os.geteuid() == 0 else None,
    )
    result = job.finish()
    try:
        assert result.code == 0, result.why()
        document = server.get(BUCKETS["artifacts"], f"{job.prefix}1/out/found.json")
        assert document is not None
        before = Path(marker).read_text() if Path(marker).exists() else ""
        yield Sealed(json.loads(document), result, isolation == "namespaces", who == "root", before)
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def denied(answers: Any) -> bool:
    """Whether no answer, however nested, says OPEN."""
    return "OPEN" not in json.dumps(answers)


def test_the_machine_lets_namespaces_be_made(sealed: Sealed) -> None:
    assert not sealed.result.events("unbounded"), "this machine cannot show the seal at its full strength"


def test_only_unix_sockets(sealed: Sealed) -> None:
    assert set(sealed.found["sockets"]) == {"EPERM"}


def test_the_metadata_server_is_out_of_reach(sealed: Sealed) -> None:
    assert sealed.found["metadata_server"] == ["EPERM", "EPERM"]


def test_no_descriptor_from_a_listener_of_the_host(sealed: Sealed) -> None:
    if not sealed.namespaces:
        pytest.skip("a container has no other process to listen; there its own namespaces do this")
    assert sealed.found["unix_listeners"]
    assert set(sealed.found["unix_listeners"].values()) <= {"ENOENT", "ECONNREFUSED"}


def test_the_runners_memory_is_closed(sealed: Sealed) -> None:
    answers = sealed.found["runner_memory"]
    # In its own namespaces the only other process is the keeper, which is as sealed as the command.
    assert set(answers.values()) <= {"EACCES", "EPERM", "ENOENT"}, answers


def test_no_environment_with_the_runners_settings(sealed: Sealed) -> None:
    assert sealed.found["other_environments"] == []


def test_no_process_of_the_host_is_seen(sealed: Sealed) -> None:
    if sealed.namespaces:
        assert len(sealed.found["processes"]) == 2 and 1 in sealed.found["processes"]


def test_three_pipes_are_the_only_descriptors(sealed: Sealed) -> None:
    assert sealed.found["descriptors"] == {"0": "pipe", "1": "pipe", "2": "pipe"}
    assert sealed.found["stdin"] == ""


def test_no_descriptor_is_taken_from_the_runner(sealed: Sealed) -> None:
    assert set(sealed.found["take_descriptor"].values()) <= {"EPERM", "ESRCH", "EINVAL"}


def test_identity_stays(sealed: Sealed) -> None:
    identity = sealed.found["identity"]
    assert denied(identity), identity
    assert identity["uid"] == identity["euid"] != 0
    if os.geteuid() == 0:
        assert identity["uid"] == (65532 if sealed.root else NOBODY)
        assert identity["groups"] == []


def test_no_privilege_is_left(sealed: Sealed) -> None:
    status = sealed.found["status"]
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    capabilities = ["CapInh", "CapPrm", "CapEff", "CapAmb"]
    if sealed.root or sealed.namespaces:
        capabilities.append("CapBnd")  # dropping it takes CAP_SETPCAP; without it no_new_privs does the work
    assert {status[name] for name in capabilities} == {"0000000000000000"}


def test_the_commands_keeper_is_as_confined(sealed: Sealed) -> None:
    if sealed.namespaces:
        assert sealed.found["keeper"] == sealed.found["status"]


def test_no_new_namespaces(sealed: Sealed) -> None:
    answers = dict(sealed.found["namespaces"])
    assert answers.pop("clone3") == "ENOSYS"
    assert set(answers.values()) == {"EPERM"}


def test_no_mounts(sealed: Sealed) -> None:
    assert set(sealed.found["mounts"].values()) == {"EPERM"}


@pytest.mark.parametrize(
    "call",
    [
        *(
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "ptrace attach",
            "ptrace seize",
            "ptrace me",
        ),
        *("process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "bpf", "perf_event_open"),
        *("userfaultfd", "keyctl", "add_key", "request_key", "name_to_handle_at", "open_by_handle_at"),
    ],
)
def test_the_call_is_refused(sealed: Sealed, call: str) -> None:
    assert sealed.found["kernel_surface"][call] == "EPERM"


def test_other_doors_into_the_kernel_kill(sealed: Sealed) -> None:
    killed = -31  # SIGSYS; the 32-bit entry of a kernel without it is SIGSEGV
    answers = sealed.found["other_architectures"]
    assert answers.get("x32", killed) == killed
    assert answers.get("i386", killed) in (killed, -11)


def test_nothing_of_the_team_runs_before_the_seal(sealed: Sealed) -> None:
    assert sealed.before_the_seal == ""
    assert sealed.result.stray == ""


def test_the_environment_is_made_from_nothing(sealed: Sealed) -> None:
    expected = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "HOME", "TMPDIR", "LANG", "TZ"}
    expected |= {
        f"CLOISTER_{n}"
        for n in ("TEAM", "JOB", "RUN_ID", "ATTEMPT", "SHARD", "SHARDS", "METRICS", "CHECKPOINT")
    }
    expected |= {"MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"}
    assert set(sealed.found["environ"]) - {"LC_CTYPE"} == expected
    assert "hunter2" not in json.dumps(sealed.found["environ"])


def test_the_command_has_a_session_of_its_own(sealed: Sealed) -> None:
    session, pid, group = sealed.found["session"]
    assert session == pid == group


def test_its_own_file_system(sealed: Sealed) -> None:
    answers = sealed.found["files"]
    assert answers["tty"] in ("ENOENT", "ENXIO")
    if not sealed.namespaces:
        pytest.skip("a container's file system is the pod's to close")
    assert {answers[name] for name in ("/etc/x", "/usr/x", "/x", "/work/env/x")} == {
        errno.errorcode[errno.EROFS]
    }
    assert answers["/sys/x"] in ("EROFS", "EACCES")
    for name in ("/tmp", "/run", "/var/run", "/home"):
        assert answers[f"list {name}"] == "OPEN: []", name
    hidden = next(name for name in answers if "cloister-seal-" in name)
    assert answers[hidden] == "ENOENT"
    assert answers["list /dev/pts"] == "ENOENT"


def test_honest_code_runs(sealed: Sealed) -> None:
    assert sealed.found["works"] == ["x", [1, 2], "42"]
