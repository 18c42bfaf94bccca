"""A server as its pod has it: a version pulled by one process, served by another, and asked over plain sockets."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.image.exits import Exit

from ..models.support import Team
from ..reach import open_up

SERVER = [sys.executable, "-I", "-m", "runner.serving"]


@dataclass
class Server:
    """A running server. `entries` is its log so far."""

    process: subprocess.Popen[bytes]
    port: int
    work: Path
    entries: list[dict[str, Any]] = field(default_factory=list)

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any] | str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        is_json = response.headers.get("content-type") == "application/json"
        return response.status, json.loads(text) if is_json else text

    def ask(self, *x: float, **headers: str) -> tuple[int, Any]:
        body = json.dumps({"instances": [{"x": value} for value in x]}).encode()
        return self.call("POST", "/invocations", body, {"Content-Type": "application/json", **headers})

    def raw(self, data: bytes, seconds: float = 15) -> bytes:
        """What comes back for these very bytes, until the server closes or answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            found = b""
            while piece := connection.recv(1 << 16):
                found += piece
            return found

    def events(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry.get("event") == event]

    def until_ready(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while self.call("GET", "/ready")[0] != 200:
            assert time.monotonic() < deadline, self.entries
            time.sleep(0.02)


@contextmanager
def served(team: Team, *, ready: bool = True, **settings: str) -> Iterator[Server]:
    """Pull what is in production and serve it on loopback, as uid 1000 where the tests run as root."""
    work = _work(team)
    before, team.settings = team.settings, {**team.settings, "CLOISTER_WORK": str(work)}
    assert team.ask("pull", name=team.name, stage="production").code == 0
    team.settings = before
    with _serving(team, work, settings) as server:
        if ready:
            server.until_ready()
        yield server


@contextmanager
def following(team: Team, **settings: str) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
    """Serve whatever is in production, as a serving pod does: the server, and the runner that follows the stage."""
    work = _work(team)
    before, team.settings = team.settings, {**team.settings, "CLOISTER_WORK": str(work)}
    follower = team.start("follow", name=team.name, stage="production")
    team.settings = before
    assert follower.stdout is not None
    threading.Thread(target=follower.stdout.read, daemon=True).start()
    try:
        with _serving(team, work, settings) as server:
            yield server, follower
    finally:
        follower.send_signal(signal.SIGTERM)
        assert follower.wait(10) == Exit.PREEMPTED


def _work(team: Team) -> Path:
    work = team.work.with_name(f"serve-{secrets.token_hex(4)}")
    work.mkdir()
    if team.uid is not None:
        os.chown(work, team.uid, team.uid)
    return work


@contextmanager
def _serving(team: Team, work: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    process = subprocess.Popen(
        SERVER,
        env={
            "CLOISTER_TEAM": "fakespot",
            "CLOISTER_WORK": str(work),
            "CLOISTER_ADDRESS": "127.0.0.1",
            "CLOISTER_PORT": "0",
            **settings,
        },
        cwd="/",
        stdout=subprocess.PIPE,
        preexec_fn=lambda: _become(team.uid),
    )
    server = Server(process, 0, work)
    reader = threading.Thread(target=_read, args=(server,), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + 20
        while not server.port:
            assert process.poll() is None and time.monotonic() < deadline, server.entries
            time.sleep(0.01)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(5)


def kill_descendants(pid: int, seconds: float = 10) -> None:
    """Kill the model, which is a child of its seal's processes, and come back when none of them runs."""
    found, parents = [], [pid]
    while parents:
        parents = [child for parent in parents for child in _children(parent)]
        found += parents
    assert found
    for each in reversed(found):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while any(_runs(each) for each in found):
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    return [int(child) for child in os.popen(f"pgrep -P {pid}").read().split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _become(uid: int | None) -> None:
    if os.geteuid() == 0:
        open_up()
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _read(server: Server) -> None:
    assert server.process.stdout is not None
    for line in server.process.stdout:
        entry = json.loads(line)
        server.entries.append(entry)
        if entry.get("event") == "listening":
            server.port = entry["port"]
