"""Admission policies are the whole cluster's: tests that put different ones in force take turns."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tests.cluster.node import kubeconfig


@contextmanager
def in_force(*, of_the_example: bool) -> Iterator[None]:
    """No other policies are in force meanwhile. Those of the example as it stands are the same in every process."""
    cluster = sha256(str(kubeconfig().resolve()).encode()).hexdigest()[
        :12
    ]  # one for all worktrees that use it
    with (Path(tempfile.gettempdir()) / f"cloister-policies-{cluster}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if of_the_example else fcntl.LOCK_EX)
        yield
