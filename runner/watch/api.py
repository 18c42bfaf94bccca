"""The Kubernetes API as a pod sees it: by the address, certificate and token that Kubernetes puts there. Lists only."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PAGE = 250  # objects an answer holds at most
_TIMEOUT = 20  # seconds for an answer


class Unread(Exception):
    """Why the API did not answer with a list, in one line."""


@dataclass
class Api:
    """One kept connection."""

    connection: HTTPSConnection
    token: str

    @classmethod
    def of_the_pod(cls, environ: Mapping[str, str], account: Path = ACCOUNT) -> Api:
        """As the pod's service account. Raises Unread where the pod has none."""
        try:
            host, port = environ["KUBERNETES_SERVICE_HOST"], int(environ["KUBERNETES_SERVICE_PORT"])
            context = ssl.create_default_context(cafile=str(account / "ca.crt"))
            token = (account / "token").read_text().strip()
        except (KeyError, ValueError, OSError) as error:
            raise Unread(f"no service account of Kubernetes here: {error}") from None
        return cls(HTTPSConnection(host, port, timeout=_TIMEOUT, context=context), token)

    def list(self, path: str, **options: str) -> Iterator[dict[str, Any]]:
        """Every object of a collection, page by page. Raises Unread."""
        following = ""
        while True:
            query = urlencode({**options, "limit": _PAGE, **({"continue": following} if following else {})})
            answer = self._get(f"{path}?{query}")
            yield from answer["items"]
            following = answer["metadata"].get("continue", "")
            if not following:
                return

    def _get(self, target: str) -> dict[str, Any]:
        try:
            self.connection.request("GET", target, headers={"Authorization": f"Bearer {self.token}"})
            response = self.connection.getresponse()
            body = response.read()
            answer = json.loads(body) if body else {}
        except (OSError, HTTPException, ValueError) as error:
            self.connection.close()  # opened again by the next request
            raise Unread(f"{type(error).__name__}: {error}") from None
        if response.status != 200:
            raise Unread(f"{response.status}: {answer.get('message', response.reason)}")
        if not isinstance(answer.get("items"), list):
            raise Unread("the answer is no list")
        return dict(answer)
