"""Child processes of the command line end with it, also when it is killed."""

from __future__ import annotations

import os
from collections.abc import Callable

from runner.image.seal import kernel


def dies_with_us() -> Callable[[], None]:
    """A function for a child to call before it starts its program."""
    parent = os.getpid()
    return lambda: kernel.die_with_parent(parent)
