"""Google's REST APIs, called as the deployer, for what is done once and what Terraform does not do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import google.auth
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport.requests import AuthorizedSession, Request
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.util import Retry

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_SECONDS = 60
# Google's advice: back off and ask again on these; every call here may be made twice.
_AGAIN = Retry(total=5, connect=1, backoff_factor=0.5, status_forcelist=(429, 502, 503), allowed_methods=None)

Parameters = Sequence[tuple[str, str]]  # of a query; a name may stand more than once


class NoCredentials(Exception):
    """Nobody is logged in here; one line with the cure."""


class Refused(Exception):
    """What Google answered instead of doing it, in one line. `status` is HTTP's, 0 where nothing answered."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @property
    def absent(self) -> bool:
        """Whether the thing asked for is not there: not made, or its API not even enabled."""
        return self.status == 404 or self.reason == "SERVICE_DISABLED"


class Google:
    """A connection with the deployer's credentials; `project` pays for the calls. Raises NoCredentials."""

    def __init__(self, project: str) -> None:
        self.project = project
        try:
            credentials, _ = google.auth.default(scopes=_SCOPES)
        except DefaultCredentialsError:
            raise NoCredentials(
                "found no Google credentials; run: gcloud auth application-default login"
            ) from None
        # A person's own credentials belong to no project; Google then asks which one's quota to use.
        if hasattr(credentials, "with_quota_project") and not credentials.quota_project_id:
            credentials = credentials.with_quota_project(project)
        self.credentials = credentials
        self.session = AuthorizedSession(credentials)
        self.session.mount("https://", HTTPAdapter(max_retries=_AGAIN))

    def token(self) -> str:
        """An access token, as registries take it for a password. Raises Refused."""
        try:
            self.credentials.refresh(Request())
        except GoogleAuthError as error:
            raise Refused(0, _first_line(error)) from None
        return str(self.credentials.token)

    def get(self, url: str, parameters: Parameters = ()) -> dict[str, Any]:
        """The resource at `url`. Raises Refused."""
        return self._call("GET", url, params=list(parameters))

    def find(self, url: str) -> dict[str, Any] | None:
        """The resource at `url`, or None where there is none. Raises Refused."""
        try:
            return self.get(url)
        except Refused as refused:
            if refused.absent:
                return None
            raise

    def post(self, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a method answers. Raises Refused."""
        return self._call("POST", url, json=body or {})

    def pages(self, url: str, key: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """All items of a list, `key` being their field. Raises Refused."""
        items: list[dict[str, Any]] = []
        token: list[tuple[str, str]] = []
        while True:
            page = self.get(url, [*parameters, *token])
            items += page.get(key, [])
            if not page.get("nextPageToken"):
                return items
            token = [("pageToken", page["nextPageToken"])]

    def _call(self, method: str, url: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self.session.request(method, url, timeout=_SECONDS, **arguments)
        except (GoogleAuthError, RequestException) as error:
            raise Refused(0, f"{url.split('/')[2]}: {_first_line(error)}") from None
        try:
            body = answer.json() if answer.content else {}
        except ValueError:
            body = {}
        if answer.ok and isinstance(body, dict):
            return body
        raise _refusal(answer.status_code, body)


def _refusal(status: int, body: Any) -> Refused:
    """Google's error model (google.rpc.Status with ErrorInfo) in one line."""
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    reasons = [detail.get("reason", "") for detail in error.get("details", []) if isinstance(detail, dict)]
    message = " ".join(str(error.get("message") or f"HTTP {status}").split())
    return Refused(status, message, next(filter(None, reasons), ""))


def _first_line(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:300]
