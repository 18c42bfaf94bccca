"""Admission policies are the whole cluster's: tests that put different ones in force take turns."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = Path(__file__).parents[2] / ".cloister" / "policies.lock"


@contextmanager
def in_force(*, of_the_example: bool) -> Iterator[None]:
    """No other policies are in force meanwhile. Those of the example as it stands are the same in every process."""
    _LOCK.parent.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if of_the_example else fcntl.LOCK_EX)
        yield
