"""Who calls: the token of a service account, with this service's audience, as the cluster itself judges it.

A caller projects the token into its pod and sends it as a bearer token. The server asks the API server (TokenReview)
whose it is; it has the right to ask that, and no other. What the API server does not say is a no.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import time
from collections import OrderedDict
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

from runner.image.config import LABEL

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
REMEMBERED = 60.0  # seconds that a yes holds: a token that is withdrawn works that long at most
REFUSED = 5.0  # seconds that a no holds
MOST = 4096  # tokens that are remembered
LONGEST = 8192  # characters of a token
_TIMEOUT = 5  # seconds for the API server
_USER = re.compile(rf"system:serviceaccount:({LABEL}):[a-z0-9.-]{{1,253}}")


class Unasked(Exception):
    """Why the API server did not say whose a token is, in one line without the token."""


@dataclass(frozen=True)
class Caller:
    """The namespace a token is of; empty where it is nobody's, or not for this service. `why` says what is wrong."""

    namespace: str
    why: str = ""


class Callers:
    """The tokens that were asked about lately. `ask` may be called by several threads."""

    def __init__(self, api: str, audience: str, allowed: frozenset[str], account: Path = ACCOUNT) -> None:
        self._api, self.audience, self._allowed, self._account = api, audience, allowed, account
        self._tls = ssl.create_default_context(cafile=str(account / "ca.crt"))
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def remembered(self, token: str) -> Caller | None:
        """What is known of a token, without asking."""
        until, caller = self._known.get(_key(token), (0.0, None))
        return caller if time.monotonic() < until else None

    def ask(self, token: str) -> Caller:
        """Ask the API server. Raises Unasked, and then nothing is remembered."""
        caller = self._judge(self._review(token))
        holds = REMEMBERED if not caller.why else REFUSED
        self._known[_key(token)] = (time.monotonic() + holds, caller)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return caller

    def _judge(self, status: dict[str, Any]) -> Caller:
        if status.get("authenticated") is not True:
            return Caller("", "the token is nobody's, has expired or is for another audience")
        if self.audience not in (status.get("audiences") or ()):
            return Caller("", f"the token is not for the audience {self.audience}")
        user = status.get("user")
        found = _USER.fullmatch(str(user.get("username"))) if isinstance(user, dict) else None
        if not found:
            return Caller("", "the token is not a service account's")
        if found[1] not in self._allowed:
            return Caller(found[1], f"the namespace {found[1]} is not among the callers of this service")
        return Caller(found[1])

    def _review(self, token: str) -> dict[str, Any]:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [self.audience]},
        }
        connection = HTTPSConnection(self._api, timeout=_TIMEOUT, context=self._tls)
        try:
            own = (self._account / "token").read_text().strip()  # the kubelet replaces it
            headers = {"Authorization": f"Bearer {own}", "Content-Type": "application/json"}
            connection.request(
                "POST", "/apis/authentication.k8s.io/v1/tokenreviews", json.dumps(body), headers
            )
            response = connection.getresponse()
            status = json.loads(response.read()).get("status")
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            raise Unasked(f"the API server did not answer: {type(error).__name__}") from None
        finally:
            connection.close()
        if response.status != 201 or not isinstance(status, dict):
            raise Unasked(f"the API server answered {response.status}")
        return status


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
