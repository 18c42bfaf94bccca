"""`python -I -m runner.canary`: a line for every way out, and one that counts them.

0: everything was tried, whatever came of it; 1: something could not be tried, which the records say. As the second pod of its
Job it listens instead, and a line says whether anything reached it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from runner.canary import api_server, buckets, internet, metadata, node, peer, seal, tunnel
from runner.canary.probe import Outcome, Probe, Untried, once
from runner.canary.settings import BadSettings, Settings
from runner.image.log import Log
from runner.watch.api import ACCOUNT, Api, Unread
from runner.watch.teams import Watched, watched

# stacks and tests know these by cloister/declarations/names.py; the image has no declarations.
PROBE, CANARY = "probe", "canary"
_SEVERITIES = {Outcome.HELD: "INFO", Outcome.ESCAPED: "CRITICAL", Outcome.UNTRIED: "WARNING"}


def probes(settings: Settings) -> Iterator[Probe]:
    """Every way out that the settings name."""

    def connection() -> Api:
        try:
            return Api.of_the_pod(os.environ)
        except Unread as error:
            raise Untried(str(error)) from None

    def read() -> list[Watched]:
        try:
            return list(watched(api(), settings.namespace))
        except Unread as error:
            raise Untried(f"the teams cannot be read: {error}") from None

    api, teams = once(connection), once(read)

    def namespace() -> str:
        return (ACCOUNT / "namespace").read_text(encoding="utf-8").strip()

    yield from peer.probes(settings, api, namespace)  # first: the other pod listens for a while only
    yield from internet.probes(settings)
    yield from tunnel.probes(settings)
    yield from metadata.probes(settings)
    yield from node.probes(settings)
    yield from buckets.probes(settings, lambda: [each.team for each in teams()])
    if settings.namespace:
        yield from api_server.probes(api, lambda: [name for each in teams() for name in each.namespaces])
    yield from seal.probes(settings)


def look(every: Iterator[Probe], log: Log) -> bool:
    """Try them all; whether all of them could be tried."""
    found: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for probe in every:
        record = probe.record()
        outcome = Outcome(record["outcome"])
        found[outcome].append(probe.name)
        log.event(_SEVERITIES[outcome], PROBE, f"{probe.name}: {outcome}: {record['how']}", **record)
    out, unknown = found[Outcome.ESCAPED], found[Outcome.UNTRIED]
    complete = not unknown and any(found.values())
    log.event(
        "CRITICAL" if out else "ERROR" if unknown else "NOTICE",
        CANARY,
        f"{len(found[Outcome.HELD])} ways out are held"
        + (f"; OPEN: {', '.join(out)}" if out else "")
        + (f"; could not be tried: {', '.join(unknown)}" if unknown else ""),
        complete=complete,
        held=len(found[Outcome.HELD]),
        escaped=out,
        untried=unknown,
    )
    return complete


def main() -> int:
    """The exit code."""
    log = Log()
    try:
        settings = Settings.read(os.environ)
    except BadSettings as error:
        log.event("ERROR", CANARY, str(error), complete=False)
        return 1
    if not settings.peer:
        return 0 if look(probes(settings), log) else 1
    found = peer.listener().record()
    outcome = Outcome(found["outcome"])
    log.event(_SEVERITIES[outcome], PROBE, f"{found['probe']}: {outcome}: {found['how']}", **found)
    return 0  # a pod that fails may take the other one with it, which has more to say


if __name__ == "__main__":
    sys.exit(main())
