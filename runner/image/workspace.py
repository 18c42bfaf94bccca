"""The directories of one run under the work directory, and what the command sees of them.

job/   the working directory: code, staged inputs, outputs, checkpoint/ and metrics.json
home/  HOME
arriving/  large inputs that are not whole yet; empty when the command runs
env/   the job's environment, where it was unpacked here
bin/   `python`, the interpreter the environment was built for
root/  where the command's own file system is put together (namespaces only)
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.image import paths
from runner.image.exits import Exit, Failure
from runner.image.seal.view import Bind

SEEN = Path("/work")  # where the command sees the workspace in a container and in its own namespaces
METRICS = "metrics.json"
CHECKPOINT = "checkpoint"
UNPRIVILEGED = 65532  # "nonroot" of distroless images: no account owns files under it


@dataclass(frozen=True)
class Workspace:
    """Paths of one run. `environment` is the directory PYTHONPATH names, or None."""

    root: Path
    environment: Path | None = None

    @property
    def job(self) -> Path:
        return self.root / "job"

    @property
    def arriving(self) -> Path:
        return self.root / "arriving"

    def arrived(self) -> int:
        """Bytes of large inputs that an attempt which was killed here has fetched."""
        with os.scandir(self.arriving) as entries:
            return sum(entry.stat(follow_symlinks=False).st_blocks * 512 for entry in entries)

    def all_arrived(self) -> None:
        """Leave nothing beside the working directory that was on its way into it."""
        with paths.Beneath(self.arriving) as top:
            paths.clear(top.fd)

    def prepare(self, keep: frozenset[tuple[str, ...]]) -> None:
        """Empty directories, but for the staged files in `keep` (component tuples below job/)."""
        self.root.mkdir(parents=True, exist_ok=True)
        with paths.Beneath(self.root) as root:
            with root.directory(("arriving",), create=True):
                pass  # kept: what is wrong in it is found by its checksums
            for name in ("job", "home", "env", "bin", "root"):
                with root.directory((name,), create=True) as fd:
                    paths.clear(fd, keep if name == "job" else frozenset())
        for name in ("python", "python3"):
            (self.root / "bin" / name).symlink_to(_interpreter())

    def give_to(self, uid: int) -> None:
        """Make the command's directories the command's own, where it runs as another user than the runner."""
        for name in ("job", "home"):
            with paths.Beneath(self.root / name) as top:
                os.fchown(top.fd, uid, uid)
                for entry in paths.walk(top.fd):
                    with top.directory(entry.parts[:-1]) as fd:
                        os.chown(entry.parts[-1], uid, uid, dir_fd=fd, follow_symlinks=False)

    def binds(self) -> list[Bind]:
        """What of the host the command sees in its own file system, beside the system's directories."""
        found = [
            Bind(str(self.job), str(SEEN / "job"), writable=True),
            Bind(str(self.root / "home"), str(SEEN / "home"), writable=True),
            Bind(str(self.root / "bin"), str(SEEN / "bin")),
            Bind(str(self.environment or self.root / "env"), str(SEEN / "env")),
        ]
        prefix = str(Path(sys.base_prefix).resolve())
        if not prefix.startswith("/usr"):
            found.append(Bind(prefix, prefix))
        return found


def _interpreter() -> str:
    """The interpreter under the runner's own: the command gets none of the runner's libraries."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def free_bytes(path: Path) -> int:
    """What an unprivileged process may still write there."""
    return shutil.disk_usage(path).free


@contextmanager
def disk(doing: str) -> Iterator[None]:
    """Turn what a disk refuses into the run's failures."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise full(doing) from None
        raise Failure(
            Exit.BAD_JOB, f"could not {doing}: {error.strerror}", "Check the names in job.yaml"
        ) from None


def full(doing: str) -> Failure:
    return Failure(
        Exit.DISK_FULL,
        f"no space left on the work disk to {doing}",
        "Stage less, or ask the platform team for a larger work disk",
    )
