"""One HTTP request and its answer, whatever its status."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from runner.canary.probe import PATIENCE, Untried
from runner.image import trust

_READ = 1 << 16  # of an answer; no more of it matters


@dataclass(frozen=True)
class Answer:
    """Status and the beginning of the body."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300


def ask(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Ask, without following where it leads; `tls` says whom to believe, else the authorities that everybody does.

    Raises OSError where nothing answers, Untried where no HTTP does.
    """
    parts = urlsplit(url)
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(parts.netloc, timeout=PATIENCE, context=tls or trust.context())
    else:
        connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read(_READ))
    except ssl.SSLError as error:
        raise Untried(f"{parts.netloc}: {error}") from None
    except HTTPException as error:
        raise Untried(f"{parts.netloc}: {type(error).__name__}: {error}") from None
    finally:
        connection.close()
