"""How the runner ends: exit codes that Kubernetes' podFailurePolicy and people act on."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The runner's own exit codes (sysexits.h where one fits). Any other code is the team's own."""

    DONE = 0
    BAD_JOB = 64  # the job as submitted cannot run; a retry will not help
    INPUT = 65  # an input is missing or arrives corrupt
    UNAVAILABLE = 69  # the object store did not answer in time; retry
    CONFLICT = 73  # another attempt published this run
    PREEMPTED = 75  # SIGTERM: the node goes away; retry resumes from the checkpoint
    NO_PERMISSION = 77  # the team's identity may not do this
    TIMEOUT = 78  # the job ran longer than its `timeout`
    DISK_FULL = 79  # no space left under /work


OWN = frozenset(int(code) for code in Exit)

# Signals reach a shell's exit code as 128 + number; 137 is SIGKILL, most often the kernel's out-of-memory killer.
SIGNALLED = 128
KILLED = SIGNALLED + 9


def exit_class(code: int) -> str:
    """The one word for an exit code in run records and `job list`."""
    if code in OWN:
        return Exit(code).name.lower().replace("_", "-")
    return "killed" if code == KILLED else "failed"


def team_exit(code: int) -> int:
    """The code to end with when the team's command ended with `code`.

    A command that happens to use one of the runner's own codes would be retried, or not, for the wrong reason:
    it becomes 1, and the run record keeps what it was.
    """
    return 1 if code in OWN and code != Exit.DONE else code


class Failure(Exception):
    """An end other than the team's own: an exit code, the cause in one sentence, and the next step."""

    def __init__(self, code: Exit, cause: str, cure: str = "") -> None:
        self.code = code
        self.cause = cause
        self.cure = cure
        super().__init__(f"{cause}. {cure}" if cure else cause)
