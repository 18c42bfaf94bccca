"""The seal: the program `inside` is started as the runner starts a team's command, and tries to get out of it.

At `mediated` this is what holds the foreign bucket, so nothing else of the canary goes there: its own pod, unlike a team's
command, has sockets, and reaches Google's addresses as the runner does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial

from runner.canary.inside import TRIES
from runner.canary.probe import Outcome, Probe, Result, Untried, once
from runner.canary.settings import Settings
from runner.image.command import user
from runner.image.exits import Failure
from runner.image.seal import child, kernel, launch

_SECONDS = 30
_CHANNELS = ("API-01", "API-02")


def probes(settings: Settings) -> Iterator[Probe]:
    """What one sealed process found, a probe for each of its tries."""
    found = once(lambda: _run(settings))

    def one(name: str) -> Result:
        if name not in found():
            raise Untried("the sealed program did not say")
        return found()[name]

    for name, tries in TRIES.items():
        yield Probe(f"sealed-{name}", _CHANNELS, f"from inside the seal, {tries}", partial(one, name))


def request(settings: Settings) -> launch.Request:
    """As runner/image/command.py starts a sealed command in a container."""
    uid, gid = user()
    return launch.Request(
        argv=[sys.executable, "-I", "-m", "runner.canary.inside", settings.api, settings.metadata],
        env={},
        cwd="/",
        network=False,
        uid=uid,
        gid=gid,
        root="",
        binds=None,
    )


def _run(settings: Settings) -> dict[str, Result]:
    kernel.harden_self()  # as the runner does, before there is a command
    asked = request(settings)
    try:
        started = child.start(asked, asked)
    except Failure as error:
        raise Untried(error.cause) from None
    try:
        out, err = started.process.communicate(timeout=_SECONDS)
    finally:
        started.process.kill()
    try:
        said = json.loads(out)
        return {name: Result(Outcome(outcome), how) for name, (outcome, how) in said.items()}
    except (ValueError, TypeError, AttributeError):
        raise Untried(f"the sealed program said {(out + err)[-300:]!r}") from None
