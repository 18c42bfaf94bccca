"""The object store: lists and small documents through google-cloud-storage, with its credentials and retries.

Object bytes go over `media`, which shares the credentials; the library's cost per object is what staging many
small files would otherwise consist of.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from runner.image.exits import Exit, Failure

GOOGLE = "https://storage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 30.0
FIELDS = "items(name,generation,size,crc32c,md5Hash),nextPageToken"


@dataclass(frozen=True)
class Object:
    """One generation of an object. `size` in bytes; checksums as the JSON API writes them, or empty."""

    bucket: str
    name: str
    generation: int
    size: int
    crc32c: str
    md5: str = ""

    @property
    def url(self) -> str:
        return f"gs://{self.bucket}/{self.name}#{self.generation}"


class Credentials:
    """The identity of the pod, from the metadata server and nowhere else; none where there is none (off Google)."""

    def __init__(self, store: str, metadata: str) -> None:
        if metadata:
            # google.auth reads this once, when it is imported, which is why imports stand in functions here.
            os.environ["GCE_METADATA_HOST"] = metadata
        if store and not metadata:
            from google.auth.credentials import AnonymousCredentials

            self.library: Any = AnonymousCredentials()  # type: ignore[no-untyped-call]
        else:
            from google.auth import compute_engine

            self.library = compute_engine.Credentials(scopes=[SCOPE])  # type: ignore[no-untyped-call]
        self._request: Any = None
        self._lock = threading.Lock()

    def headers(self, url: str) -> dict[str, str]:
        """The headers that authorize a request now. Raises Failure where no token can be had."""
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        headers: dict[str, str] = {}
        try:
            with self._lock:
                self._request = self._request or Request()
                self.library.before_request(self._request, "GET", url, headers)
        except GoogleAuthError as error:
            raise _no_token(error) from None
        return headers


class Store:
    """Buckets, listings and documents. Every method raises Failure with the run's exit code."""

    def __init__(self, store: str, credentials: Credentials, patience: float) -> None:
        from google.cloud import storage
        from google.cloud.storage.retry import DEFAULT_RETRY

        self.endpoint = store or GOOGLE
        self.credentials = credentials
        self.patience = patience
        self._client = storage.Client(
            project="-",  # a required argument that no call here uses
            credentials=credentials.library,
            client_options={"api_endpoint": self.endpoint},
        )
        retry = DEFAULT_RETRY.with_timeout(patience).with_delay(initial=0.2, maximum=8.0)
        self._how = {"timeout": (CONNECT_TIMEOUT, READ_TIMEOUT), "retry": retry}

    def list(self, bucket: str, prefix: str) -> Iterator[Object]:
        """The live objects whose names begin with `prefix`, in order of name."""
        with translated(f"list gs://{bucket}/{prefix}"):
            for blob in self._client.list_blobs(bucket, prefix=prefix, fields=FIELDS, **self._how):
                yield _object(bucket, blob)

    def find(self, bucket: str, name: str) -> Object | None:
        """The live generation of an object, or None."""
        from google.api_core.exceptions import NotFound

        blob = self._client.bucket(bucket).blob(name)
        with translated(f"look up gs://{bucket}/{name}"):
            try:
                blob.reload(**self._how)
            except NotFound:
                return None
        return _object(bucket, blob)

    def read(self, bucket: str, name: str) -> bytes | None:
        """A small document, or None where there is none."""
        from google.api_core.exceptions import NotFound

        with translated(f"read gs://{bucket}/{name}"):
            try:
                data: bytes = self._client.bucket(bucket).blob(name).download_as_bytes(**self._how)
            except NotFound:
                return None
        return data

    def create(self, bucket: str, name: str, data: bytes) -> bool:
        """Write a document that must not exist yet. False: it exists with other content.

        A lost answer makes the library's retry meet its own first try; the same content counts as written.
        """
        from google.api_core.exceptions import PreconditionFailed

        blob = self._client.bucket(bucket).blob(name)
        with translated(f"write gs://{bucket}/{name}"):
            try:
                blob.upload_from_string(
                    data, content_type="application/json", if_generation_match=0, **self._how
                )
            except PreconditionFailed:
                return self.read(bucket, name) == data
        return True


def _object(bucket: str, blob: Any) -> Object:
    return Object(
        bucket, blob.name, int(blob.generation), int(blob.size), blob.crc32c or "", blob.md5_hash or ""
    )


def _no_token(error: Exception) -> Failure:
    return Failure(
        Exit.UNAVAILABLE,
        f"the metadata server gave no token ({_brief(error)})",
        "A retry may help; else check the namespace's service account",
    )


def _brief(error: object) -> str:
    return " ".join(str(error).split())[:300]


def answered(action: str, status: int, detail: str) -> Failure:
    """What an HTTP status means for the run."""
    if status in (401, 403):
        return Failure(
            Exit.NO_PERMISSION,
            f"the team's identity may not {action} ({status} {detail})",
            "Ask the platform team whether the bucket is the team's own",
        )
    if status == 404:
        return Failure(Exit.INPUT, f"could not {action}: not found", "Check the name in job.yaml")
    if status == 412:
        return Failure(Exit.CONFLICT, f"could not {action}: it exists already", "Another attempt wrote it")
    if status == 408 or status == 429 or status >= 500:
        return unavailable(action, f"{status} {detail}")
    return Failure(
        Exit.BAD_JOB, f"could not {action} ({status} {detail})", "This should not happen; report it"
    )


def unavailable(action: str, detail: str) -> Failure:
    """The store did not answer for as long as the runner waits."""
    return Failure(
        Exit.UNAVAILABLE,
        f"could not {action}: the object store did not answer ({detail})",
        "The run will be retried",
    )


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn the library's exceptions into the run's failures; `action` completes "could not ..."."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except GoogleAPICallError as error:
        raise answered(action, int(error.code or 500), _brief(error.message or "")) from None
    except RetryError as error:
        raise unavailable(action, _brief(error.cause or error)) from None
    except GoogleAuthError as error:
        raise _no_token(error) from None
    except (RequestException, ConnectionError, TimeoutError) as error:
        raise unavailable(action, _brief(error)) from None
