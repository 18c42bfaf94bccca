"""Entries from the team's log bucket in Cloud Logging, once Kubernetes has forgotten the run.

entries.list of the Cloud Logging API v2, over the team's log view: what its members may read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from runner.client.cluster.entries import Entry, Unreadable
from runner.client.cluster.place import Place
from runner.client.cluster.runs import Run
from runner.image.log import LABELS
from runner.image.models.words import RECORD

ENDPOINT = "https://logging.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/logging.read"
PAGE = 1000
TIMEOUT = (5, 60)


class CloudLogging:
    """A `Source` over a team's log view. `session` makes authorized HTTP requests."""

    def __init__(self, place: Place, session: Any = None, endpoint: str = ENDPOINT) -> None:
        self._place, self._endpoint = place, endpoint
        self._session = session or authorized()

    def entries(self, run: Run, last: int | None = None) -> Iterator[Entry]:
        return self.of(run.run_id, last)

    def of(self, run_id: str, last: int | None = None) -> Iterator[Entry]:
        """The entries of a run that only its id is known of."""
        found = self._listed(f'labels.run="{run_id}"', newest_first=last is not None)
        if last is None:
            return found
        kept = [entry for entry, _ in zip(found, range(last), strict=False)]
        return iter(reversed(kept))

    def ends(self, since: datetime) -> Iterator[Entry]:
        what = '(jsonPayload.event="run-record" OR jsonPayload."@type":"ReportedErrorEvent")'
        return self._listed(f'{what} AND timestamp>="{since.isoformat()}"')

    def models(self) -> Iterator[Entry]:
        """What `cloister model` was asked and answered, as far back as the log bucket goes."""
        return self._listed(f'jsonPayload.event="{RECORD}"')

    def _listed(self, condition: str, *, newest_first: bool = False) -> Iterator[Entry]:
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        query = {
            "resourceNames": [self._place.log_view],
            "filter": f'resource.labels.namespace_name="{self._place.namespace}" AND {condition}',
            "orderBy": f"timestamp {'desc' if newest_first else 'asc'}",
            "pageSize": PAGE,
        }
        while True:
            try:
                answer = self._session.post(f"{self._endpoint}/v2/entries:list", json=query, timeout=TIMEOUT)
            except (RequestException, GoogleAuthError) as error:
                raise Unreadable(f"needs Cloud Logging: {' '.join(str(error).split())}") from None
            if answer.status_code != 200:
                raise Unreadable(f"needs Cloud Logging: {self._place.log_view}: {_said(answer)}")
            page = answer.json()
            for written in page.get("entries", []):
                yield _entry(written)
            if not page.get("nextPageToken"):
                return
            query["pageToken"] = page["nextPageToken"]


def _entry(written: dict[str, Any]) -> Entry:
    """A LogEntry in the form the runner wrote it: Cloud Logging takes the special fields out of the payload."""
    payload = written.get("jsonPayload") or {"message": written.get("textPayload", ""), "event": "output"}
    return {
        **payload,
        "severity": written.get("severity", "DEFAULT"),
        "time": written.get("timestamp", ""),
        LABELS: written.get("labels", {}),
    }


def _said(answer: Any) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


def authorized() -> Any:
    """A session with the credentials of this machine, for as many teams as wanted. Raises Unreadable where there are none."""
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import AuthorizedSession

    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError:
        raise Unreadable(
            "needs Cloud Logging, and you have no credentials here: gcloud auth application-default login"
        ) from None
    return AuthorizedSession(credentials)
