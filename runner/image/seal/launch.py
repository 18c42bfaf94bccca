"""The launcher: a fresh process without a secret in it that puts the seal on and becomes the command.

`python -I -m runner.image.seal.launch FD` reads one line of JSON from stdin, its request, and nothing after it: that is
the command's, where the request says it is fed, and else empty. It reports on descriptor FD, which closes by itself when the command starts: STARTED
before the command, and `stage: reason` where something went wrong. Everything here is single-threaded, so forking is safe.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import NoReturn

from runner.image.seal import kernel, view

STARTED = b"started\n"  # the whole report when all went well
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Request:
    """What to start and how. `binds` None: no namespaces, a container isolates files and processes.

    `fed`: its stdin stays open, and the runner writes to it once the command has started.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: str
    network: bool
    uid: int
    gid: int
    root: str
    binds: list[view.Bind] | None
    fed: bool = False

    def dump(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"


def parse(data: bytes) -> Request:
    """The request as the runner wrote it."""
    value = json.loads(data)
    binds = value.pop("binds")
    return Request(**value, binds=None if binds is None else [view.Bind(**bind) for bind in binds])


def _seal(request: Request) -> None:
    """Every privilege away, then the filter: from here on this process is as confined as the command."""
    parent = os.getppid()
    kernel.drop_bounding_set()
    if os.geteuid() == 0:
        kernel.become(request.uid, request.gid)
        if request.binds is not None:
            _own_user_namespace(request.uid, request.gid)
    kernel.drop_capabilities()
    kernel.no_new_privileges()
    kernel.harden_self()
    kernel.die_with_parent(parent)
    kernel.install_filter(network=request.network)


def _own_user_namespace(uid: int, gid: int) -> None:
    """For root's command too, where the kernel has them; the other namespaces hold without it."""
    kernel.prctl(
        kernel.PR_SET_DUMPABLE, 1
    )  # changing user cleared it, and with it the right to write uid_map
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
    except OSError:
        return
    view.map_self(uid, gid)
    kernel.drop_bounding_set()


def _become_command(request: Request, status: int) -> NoReturn:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them; the command expects the defaults
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o022)
    try:
        os.chdir(request.cwd)
        os.write(status, STARTED)
        os.execvpe(request.argv[0], request.argv, request.env)
    except (OSError, ValueError) as error:
        os.write(status, f"command: {error}".encode(errors="replace"))
    os._exit(127)


def _init(request: Request, status: int) -> NoReturn:
    """Process 1 of the command's namespaces: starts it, passes signals on, reaps, and ends all with it."""
    try:
        view.build(request.root, request.binds or [])
    except OSError as error:
        os.write(status, f"namespaces: {error}".encode(errors="replace"))
        os._exit(1)
    _seal(request)
    child = os.fork()
    if child == 0:
        os.setsid()
        _become_command(request, status)
    os.close(status)
    for fd in (0, 1, 2):
        os.close(fd)  # the pipes end with the command, not with this process
    while True:
        received = signal.sigwait((signal.SIGCHLD, *FORWARDED))
        if received != signal.SIGCHLD:
            _pass_on(child, received)
            continue
        while True:
            try:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == child:
                os._exit(_shell_code(wait_status))
            if pid == 0:
                break


def _pass_on(child: int, received: int) -> None:
    try:
        os.killpg(child, received)
    except ProcessLookupError:
        os.kill(child, received)  # it has not made its own group yet


def _shell_code(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


def launch(request: Request, status: int) -> NoReturn:
    """Seal this process and become the command, or (with namespaces) its keeper."""
    if request.binds is None:
        _seal(request)
        _become_command(request, status)
    kernel.die_with_parent(os.getppid())
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD, *FORWARDED))
    try:
        view.enter_namespaces()
    except OSError as error:
        os.write(status, f"namespaces: {error}".encode(errors="replace"))
        os._exit(1)
    init = os.fork()
    if init == 0:
        _init(request, status)
    os.close(status)
    for fd in (0, 1, 2):
        os.close(fd)
    _, wait_status = os.waitpid(init, 0)
    os._exit(_shell_code(wait_status))


def _request_line() -> bytes:
    """The request; unbuffered, since nothing that follows it is this process's to read."""
    line = bytearray()
    while not line.endswith(b"\n") and (piece := os.read(0, 1 << 16)):
        line += piece
    return bytes(line)


def main(arguments: list[str]) -> NoReturn:
    status = int(arguments[0])
    os.set_inheritable(status, False)
    request = parse(_request_line())
    try:
        launch(request, status)
    except OSError as error:
        os.write(status, f"seal: {error}".encode(errors="replace"))
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
