"""Cloud Asset Inventory itself, asked with the caller's own credentials: every asset of the project, by content type.

Source: ``assets.list`` of the Cloud Asset API, v1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests.exceptions import RequestException

from audit.model import Json, Reading
from audit.reading.files import CONTENT
from policies.snapshot.model import Input, InputError

HOST = "https://cloudasset.googleapis.com/v1"
TIMEOUT = (5, 120)  # seconds to connect, and for a page
PAGE = 1000


def read_inventory(project: str, organization: str | None) -> list[Reading]:
    """The project's assets with each kind of content; access policies hang on the ``organization`` (its number), where there
    is one. Raises ``InputError`` where the inventory does not answer."""
    try:
        credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        session.headers["X-Goog-User-Project"] = project
        readings = [
            _read(session, f"projects/{project}", content)
            for content in CONTENT
            if content != "ACCESS_POLICY"
        ]
        if organization:
            readings.append(_read(session, f"organizations/{organization}", "ACCESS_POLICY"))
    except GoogleAuthError as error:
        raise InputError(
            f"Cloud Asset Inventory: no credentials ({_line(error)}); run: gcloud auth application-default login"
        ) from None
    except RequestException as error:
        raise InputError(f"Cloud Asset Inventory: {_line(error)}") from None
    return readings


def _read(session: Any, parent: str, content: str) -> Reading:
    items: list[Json] = []
    when = datetime.now(UTC).isoformat(timespec="seconds")
    for page in _pages(session, parent, content):
        when = page.get("readTime", when)
        items += page.get("assets") or ()
    digest = sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()
    return Reading(
        CONTENT[content][0],
        Input(f"Cloud Asset Inventory of {parent} ({content})", digest),
        tuple(items),
        when,
        parent,
    )


def _pages(session: Any, parent: str, content: str) -> Iterator[Json]:
    query = {"contentType": content, "pageSize": str(PAGE)}
    while True:
        answer = session.get(f"{HOST}/{parent}/assets", params=query, timeout=TIMEOUT)
        page = answer.json() if answer.headers.get("Content-Type", "").startswith("application/json") else {}
        if answer.status_code != 200:
            said = (page.get("error") or {}).get("message") or answer.reason
            raise InputError(f"Cloud Asset Inventory of {parent} ({content}): {answer.status_code} {said}")
        yield page
        if not page.get("nextPageToken"):
            return
        # Every page is of the moment of the first.
        query |= {"pageToken": page["nextPageToken"], "readTime": page.get("readTime", "")}


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
