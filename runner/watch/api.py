"""The Kubernetes API as a pod sees it: by the address, certificate and token that Kubernetes puts there."""

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

    def ask(
        self, method: str, target: str, body: Any = None, *, anonymous: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer to one request. Raises Unread where none comes."""
        headers = {} if anonymous else {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self.connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = self.connection.getresponse()
            said = response.read()
            answer = json.loads(said) if said else {}
        except (OSError, HTTPException, ValueError) as error:
            self.connection.close()  # opened again by the next request
            raise Unread(f"{type(error).__name__}: {error}") from None
        return response.status, dict(answer)

    def _get(self, target: str) -> dict[str, Any]:
        status, answer = self.ask("GET", target)
        if status != 200:
            raise Unread(f"{status}: {answer.get('message', 'no reason given')}")
        if not isinstance(answer.get("items"), list):
            raise Unread("the answer is no list")
        return answer
