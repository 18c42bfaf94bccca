"""The node's kubelet, which listens where no network policy stands between a pod and its own node."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import partial

from runner.canary.http import ask
from runner.canary.probe import Probe, Result, escaped, held, refusal
from runner.canary.settings import Settings

# kubernetes.io/docs/reference/command-line-tools-reference/kubelet: --read-only-port and --port
_READ_ONLY, _PORT = 10255, 10250


def probes(settings: Settings) -> Iterator[Probe]:
    """What pods run on the node, asked as nobody."""
    if settings.node:
        host = f"[{settings.node}]" if ":" in settings.node else settings.node
        yield Probe(
            "kubelet-read-only",
            ("K8S-18", "TEN-11"),
            "the kubelet's port that asks nobody who he is",
            partial(_pods, f"http://{host}:{_READ_ONLY}/pods"),
        )
        yield Probe(
            "kubelet",
            ("K8S-18", "K8S-22"),
            "the kubelet, without any identity",
            partial(_pods, f"https://{host}:{_PORT}/pods"),
        )


def _pods(url: str) -> Result:
    nobody = ssl.create_default_context()  # no name and no secret is sent, so it matters not who answers
    nobody.check_hostname, nobody.verify_mode = False, ssl.CERT_NONE
    try:
        said = ask(url, tls=nobody)
    except OSError as error:
        return refusal(error)
    if said.good:
        return escaped(f"answers {said.status} with {len(said.body)} bytes")
    return held(f"refused with {said.status}")
