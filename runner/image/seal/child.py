"""The runner's end of the seal: start the launcher, learn whether the command started, and end all it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from runner.image.exits import SIGNALLED, Exit, Failure
from runner.image.seal import launch

MODULE = "runner.image.seal.launch"


@dataclass(frozen=True)
class Child:
    """A started command: its process (or its keeper's), and why it has no namespaces where it should have some."""

    process: subprocess.Popen[bytes]
    unbounded: str = ""

    def signal_all(self, number: signal.Signals) -> None:
        """Signal the command's process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def wait(self) -> int:
        """The command's exit code, signals as 128 + number."""
        code = self.process.wait()
        return code if code >= 0 else SIGNALLED - code


def start(request: launch.Request, fallback: launch.Request) -> Child:
    """Start the command sealed. Where the kernel allows no namespaces, `fallback` is started without them.

    Raises Failure BAD_JOB where the command does not start or the seal cannot be put on.
    """
    process, report = _launch(request)
    unbounded = ""
    if request.binds is not None and report.startswith("namespaces: "):
        unbounded = report.removeprefix("namespaces: ")
        process, report = _launch(replace(fallback, binds=None))
    if report == launch.STARTED.decode():
        return Child(process, unbounded)
    stage, _, reason = report.removeprefix(launch.STARTED.decode()).partition(": ")
    if stage == "command":
        raise Failure(Exit.BAD_JOB, f"the command did not start: {reason}", "Correct `run` in job.yaml")
    raise Failure(
        Exit.BAD_JOB,
        f"the seal could not be put on: {report or 'the launcher ended'}",
        "Ask the platform team",
    )


def _launch(request: launch.Request) -> tuple[subprocess.Popen[bytes], str]:
    read_fd, write_fd = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", MODULE, str(write_fd)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(write_fd,),
            env={},
            cwd="/",
            start_new_session=True,
        )
    finally:
        os.close(write_fd)
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(request.dump())
        process.stdin.flush()
    if not request.fed:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdin = None  # communicate() would flush it again
    with open(read_fd, "rb") as status:
        report = status.read().decode(errors="replace")
    if report != launch.STARTED.decode():
        _, errors = process.communicate()
        report = report or errors.decode(errors="replace")[-500:]
    return process, report


def end_all_left(keep: Collection[int] = ()) -> None:
    """Kill what the command left behind, so that nothing writes to outputs while they are read.

    Orphans become this process's children (PR_SET_CHILD_SUBREAPER); killing them orphans their own, until none is
    left but those to `keep`. In the command's own namespaces the kernel has ended them with its process 1.
    """
    while left := [pid for pid in _children() if pid not in keep]:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> Sequence[int]:
    own = str(os.getpid())
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = (
                stat.read_text(errors="replace").rpartition(")")[2].split()
            )  # after the name: state, parent
            if fields[1] == own:
                found.append(int(stat.parent.name))
    return found
