"""Another team's pod: the second pod of the canary's Job, under the very network policies of a team's namespace.

It listens for a while, and nothing may reach it. That it runs is Kubernetes' word, so that silence is a refusal.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from runner.canary import internet
from runner.canary.probe import MARK, Probe, Result, Untried, each, escaped, held
from runner.canary.settings import Settings
from runner.watch.api import Api

PORT = 8443  # TCP and UDP
LISTENS = 240  # seconds
_WAITS = 90.0  # seconds for the other pod to run
_TURN = 1.0


def probes(settings: Settings, api: Callable[[], Api], namespace: Callable[[], str]) -> Iterator[Probe]:
    """Where there is a second pod."""
    if settings.job:
        yield Probe(
            "other-pod",
            ("TEN-07", "K8S-07"),
            f"TCP and UDP to port {PORT} of another pod",
            lambda: _reach(api(), namespace(), settings.job),
        )


def listener() -> Probe:
    """Be the other pod: what reaches it is an escape as well, seen from this end."""
    return Probe(
        "other-pod-seen",
        ("TEN-07",),
        f"to be reached by another pod within {LISTENS} s",
        partial(listen, PORT, LISTENS),
        longest=LISTENS + 10,
    )


def _reach(api: Api, namespace: str, job: str) -> Result:
    address = _await(api, namespace, job)
    result = each(
        {
            "TCP": partial(internet.tcp, address, PORT),
            "UDP": partial(internet.udp, address, PORT, MARK),
        }
    )
    if result.outcome == "held" and _address(_peer(api, namespace, job)) != address:
        raise Untried(f"the other pod ended meanwhile, and was at {address}")
    return result


def _await(api: Api, namespace: str, job: str) -> str:
    """The other pod's address, once it listens."""
    deadline = time.monotonic() + _WAITS
    while not (address := _address(_peer(api, namespace, job))):
        if time.monotonic() > deadline:
            raise Untried(f"the other pod did not run within {_WAITS:.0f} s")
        time.sleep(_TURN)
    time.sleep(2 * _TURN)  # it runs, and listens a moment later
    return address


def _peer(api: Api, namespace: str, job: str) -> dict[str, Any]:
    wanted = f"batch.kubernetes.io/job-name={job},batch.kubernetes.io/job-completion-index=1"
    pods = list(api.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=wanted))
    return next((pod for pod in pods if pod.get("status", {}).get("phase") == "Running"), {})


def _address(pod: dict[str, Any]) -> str:
    return str(pod.get("status", {}).get("podIP", ""))


def listen(port: int, seconds: float) -> Result:
    """Whether anything comes to a port, TCP or UDP, in that time."""
    with (
        selectors.DefaultSelector() as selector,
        socket.create_server(("", port)) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("", port))
        for listener in (stream, datagrams):
            selector.register(listener, selectors.EVENT_READ)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if key.fileobj is stream:
                    connection, origin = stream.accept()
                    connection.close()
                else:
                    _, origin = datagrams.recvfrom(4096)
                    datagrams.sendto(MARK, origin)
                # Said at once, while there is somebody to say it.
                return escaped(f"{origin[0]} reached it")
        return held("nothing came")
