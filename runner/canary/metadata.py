"""The metadata server: a pod's own token is all that it gives (cloud.google.com/kubernetes-engine/docs/concepts/workload-identity)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from runner.canary.http import Answer, ask
from runner.canary.probe import Probe, Result, Untried, each, escaped, held, refusal
from runner.canary.settings import Settings

_FLAVOR = {"Metadata-Flavor": "Google"}
_ACCOUNTS = "computeMetadata/v1/instance/service-accounts"
# Doors that were closed years ago, and what a machine's own metadata would hold.
_LEGACY = ("0.1/meta-data/", "computeMetadata/v1beta1/instance/service-accounts/default/token")
_OF_THE_NODE = (
    "computeMetadata/v1/instance/attributes/kube-env",
    "computeMetadata/v1/instance/attributes/kubelet-config",
    "computeMetadata/v1/instance/guest-attributes/",
)


def probes(settings: Settings) -> Iterator[Probe]:
    """Each of them asks the same server."""
    server = settings.metadata
    if not server:
        return
    yield Probe(
        "metadata-without-header",
        ("K8S-16", "CMP-05"),
        "a token without the header that keeps out forged requests",
        partial(_refused, server, f"{_ACCOUNTS}/default/token", {}),
    )
    for name, channels, tries, paths in (
        ("metadata-legacy", ("K8S-18",), "the endpoints of the versions before v1", _LEGACY),
        ("metadata-node", ("K8S-16", "CMP-05"), "the attributes of the node", _OF_THE_NODE),
    ):
        yield Probe(
            name,
            channels,
            tries,
            partial(_all_refused, server, paths),
        )
    yield Probe(
        "metadata-account",
        ("K8S-16", "TEN-03"),
        f"a token of {settings.node_account}, and of whoever else is offered",
        partial(_own_account_only, settings),
    )


def token(settings: Settings) -> str:
    """The canary's own access token. Raises Untried."""
    try:
        said = _get(settings.metadata, f"{_ACCOUNTS}/default/token", _FLAVOR)
        if said.good:
            return str(json.loads(said.body)["access_token"])
        raise Untried(f"no identity to try with: the metadata server answers {said.status}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Untried(f"no identity to try with: {type(error).__name__}: {error}") from None


def _get(server: str, path: str, headers: dict[str, str]) -> Answer:
    return ask(f"http://{server}/{path}", headers=headers)


def _refused(server: str, path: str, headers: dict[str, str]) -> Result:
    try:
        said = _get(server, path, headers)
    except OSError as error:
        return refusal(error)
    if said.good:
        return escaped(f"/{path} answers {said.status} with {len(said.body)} bytes")
    return held(f"refused with {said.status}")


def _all_refused(server: str, paths: tuple[str, ...]) -> Result:
    return each({f"/{path}": partial(_refused, server, path, _FLAVOR) for path in paths})


def _own_account_only(settings: Settings) -> Result:
    """A pod that gets its node's account, or a list with others in it, is not held by Workload Identity."""
    try:
        listed = _get(settings.metadata, f"{_ACCOUNTS}/", _FLAVOR)
    except OSError as error:
        return refusal(error)
    if not listed.good:
        raise Untried(f"the metadata server lists no account: {listed.status}")
    # The last is what the pod is before it acts as its service account (Workload Identity Federation).
    own = {"default", settings.account, f"{settings.project}.svc.id.goog"}
    others = {line.strip("/") for line in listed.body.decode(errors="replace").split()} - own
    for account in sorted(others | {settings.node_account}):
        if _get(settings.metadata, f"{_ACCOUNTS}/{account}/token", _FLAVOR).good:
            return escaped(f"it gives a token of {account}")
    email = _get(settings.metadata, f"{_ACCOUNTS}/default/email", _FLAVOR)
    if not email.good:
        raise Untried(f"the metadata server does not say whose token is the default: {email.status}")
    if (default := email.body.decode(errors="replace").strip()) != settings.account:
        return escaped(f"the default token is {default}'s, and should be {settings.account}'s")
    return held(f"{settings.account} and nobody else")
