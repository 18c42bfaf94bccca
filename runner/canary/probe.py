"""A try of one way out, and what became of it."""

from __future__ import annotations

import errno
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import Any, TypeVar

Found = TypeVar("Found")

# What whoever reads a packet dump, an access log or a bucket finds of the canary.
MARK = b"cloister-canary-harmless-bytes"
PATIENCE = 5.0  # seconds for one answer of the network
LONGEST = 120  # seconds for one probe, but the one that listens


class Outcome(StrEnum):
    """Held: refused, unanswered or without a route. Escaped: it succeeded. Untried: nobody knows."""

    HELD = "held"
    ESCAPED = "escaped"
    UNTRIED = "untried"


@dataclass(frozen=True)
class Result:
    """What became of a try, and by what that is known, in words."""

    outcome: Outcome
    how: str


class Untried(Exception):
    """Why something could not be tried, in one line."""


class _Late(Untried):
    """The probe's time is up."""


@dataclass(frozen=True)
class Probe:
    """A way out: its name, the channels of the catalogue it watches, what it tries, and the try itself."""

    name: str
    channels: tuple[str, ...]
    tries: str
    attempt: Callable[[], Result]
    longest: int = LONGEST

    def record(self) -> dict[str, Any]:
        """Try it, and everything known of it: the fields of its log entry. Raises nothing."""
        start = time.monotonic()
        try:
            with _ends_within(self.longest):
                result = self.attempt()
        except Untried as error:
            result = Result(Outcome.UNTRIED, str(error))
        except Exception as error:  # one broken try must not hide the others
            result = Result(Outcome.UNTRIED, f"{type(error).__name__}: {error}")
        return {
            "probe": self.name,
            "channels": list(self.channels),
            "tries": self.tries,
            "outcome": result.outcome.value,
            "how": result.how,
            "seconds": round(time.monotonic() - start, 1),
        }


def held(how: str) -> Result:
    return Result(Outcome.HELD, how)


def escaped(how: str) -> Result:
    return Result(Outcome.ESCAPED, how)


# How a network, a filter or a kernel says no. Any other error is no answer to the question.
_REFUSALS = {
    errno.ECONNREFUSED: "refused",
    errno.ENETUNREACH: "no route",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETDOWN: "the network is down",
    errno.EADDRNOTAVAIL: "no address of that family",
    errno.EAFNOSUPPORT: "no such family",
    errno.EPROTONOSUPPORT: "no such protocol",
    errno.ESOCKTNOSUPPORT: "no such socket",
    errno.EPERM: "not permitted",
    errno.EACCES: "not permitted",
    errno.ETIMEDOUT: "no answer",
    errno.ECONNRESET: "reset",
}


def refusal(error: OSError) -> Result:
    """Held, where the error is one of the network's or the kernel's refusals. Raises Untried where it is another."""
    if isinstance(error, TimeoutError):
        return held(f"no answer in {PATIENCE:.0f} s")
    if error.errno in _REFUSALS:
        return held(_REFUSALS[error.errno])
    raise Untried(f"{type(error).__name__}: {error}") from None


def each(tries: Mapping[str, Callable[[], Result]]) -> Result:
    """One result for many tries of a kind, by what is tried: escaped before untried before held."""
    results: dict[str, Result] = {}
    for what, attempt in tries.items():
        try:
            results[what] = attempt()
        except Untried as error:
            results[what] = Result(Outcome.UNTRIED, str(error))
            if isinstance(error, _Late):
                break
    for outcome in (Outcome.ESCAPED, Outcome.UNTRIED):
        if found := [f"{what}: {got.how}" for what, got in results.items() if got.outcome == outcome]:
            return Result(outcome, f"{'; '.join(found[:8])}{f'; {len(found) - 8} more' if found[8:] else ''}")
    ways = Counter(result.how for result in results.values())
    return held(", ".join(f"{how} ({count})" if count > 1 else how for how, count in ways.items()))


def once(ask: Callable[[], Found]) -> Callable[[], Found]:
    """Ask when it is first wanted, and once: the answer, or Untried, is every later one too."""
    found: list[Found] = []
    failed: list[Untried] = []

    def answer() -> Found:
        if not found and not failed:
            try:
                found.append(ask())
            except Untried as error:
                failed.append(error)
        if failed:
            raise Untried(str(failed[0]))
        return found[0]

    return answer


@contextmanager
def _ends_within(seconds: int) -> Iterator[None]:
    """Raises Untried in the main thread when that time is up, whatever it waits for."""

    def late(_: int, __: FrameType | None) -> None:
        raise _Late(f"no end in {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
