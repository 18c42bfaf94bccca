"""Admission policies are the whole cluster's: tests that put their own in force take turns."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = Path(__file__).parents[2] / ".cloister" / "policies.lock"


@contextmanager
def exclusive() -> Iterator[None]:
    """No other test's policies are in force meanwhile."""
    _LOCK.parent.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
