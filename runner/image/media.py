"""Object bytes over kept HTTP connections, one per thread, against the JSON API's media endpoints.

Retries are google.api_core's, as the library's own; a broken download goes on where it broke.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from runner.image import checksums, trust
from runner.image.exits import Exit, Failure
from runner.image.store import READ_TIMEOUT, Object, Store, answered, unavailable

PIECE = 1 << 20  # bytes handed on at a time; with one per thread this bounds memory


class _TryAgain(Exception):
    """The store may answer when asked again."""


class Media:
    """Downloads and uploads for many threads. Raises Failure with the run's exit code."""

    def __init__(self, store: Store) -> None:
        from google.api_core.retry import Retry, if_exception_type

        parts = urlsplit(store.endpoint)
        self._host = parts.netloc
        self._endpoint = store.endpoint
        self._tls = trust.context() if parts.scheme == "https" else None
        self._store = store
        self._local = threading.local()
        self._retry = Retry(
            predicate=if_exception_type(_TryAgain), initial=0.2, maximum=8.0, timeout=store.patience
        )

    def download(self, source: Object, start: int, end: int, take: Callable[[int, bytes], None]) -> None:
        """Hand the bytes from `start` up to `end` of that generation to `take(offset, bytes)`, in order, once each.

        `take` may raise Failure, and nothing else: an OSError would count as the connection's.
        """
        position = start
        action = f"read {source.url}"
        path = f"/download/storage/v1/b/{quote(source.bucket, safe='')}/o/{quote(source.name, safe='')}"
        path += f"?alt=media&generation={source.generation}"

        def once() -> None:
            nonlocal position
            headers = {"Accept-Encoding": "gzip"}  # as stored: checksums are of the stored bytes
            if (position, end) != (0, source.size):
                headers["Range"] = f"bytes={position}-{end - 1}"
            with self._exchange("GET", path, None, headers, action) as response:
                if "Range" in headers and response.status != 206:
                    raise _TryAgain("the store ignored the range")
                while position < end:
                    piece = response.read(min(PIECE, end - position))
                    if not piece:
                        raise _TryAgain("the answer ended early")
                    take(position, piece)
                    position += len(piece)
                if response.read(1):
                    raise _TryAgain("the answer is too long")

        while position < end:
            before = position
            try:
                self._persist(once, action)
            except Failure as failure:
                if failure.code != Exit.UNAVAILABLE or position == before:
                    raise  # patience is for a store that gives nothing, not for a long download

    def upload(self, bucket: str, name: str, file: BinaryIO, size: int, crc: int) -> Object:
        """Create an object from `file`. One that exists already with the same bytes counts as created."""
        action = f"write gs://{bucket}/{name}"
        path = f"/upload/storage/v1/b/{quote(bucket, safe='')}/o?uploadType=media&ifGenerationMatch=0"
        path += f"&fields=generation,size,crc32c&name={quote(name, safe='')}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
            "X-Goog-Hash": f"crc32c={checksums.encode(crc)}",
        }

        def once() -> Object:
            file.seek(0)
            with self._exchange("POST", path, file, headers, action) as response:
                answer = response.read()
            try:
                made = json.loads(answer)
                return Object(bucket, name, int(made["generation"]), int(made["size"]), made["crc32c"])
            except (ValueError, KeyError, TypeError):
                raise _TryAgain("the answer is no object") from None

        try:
            made: Object | None = self._persist(once, action)
        except Failure as failure:
            if failure.code != Exit.CONFLICT:
                raise
            # A lost answer makes the second try meet the first.
            made = self._store.find(bucket, name)
            if made is None or made.crc32c != checksums.encode(crc):
                raise
        if made is None or (made.size, made.crc32c) != (size, checksums.encode(crc)):
            raise Failure(
                Exit.UNAVAILABLE, f"{action}: the store holds other bytes than were sent", "Run it again"
            )
        return made

    def _persist(self, once: Callable[[], Any], action: str) -> Any:
        from google.api_core.exceptions import RetryError

        try:
            return self._retry(once)()
        except RetryError as error:
            raise unavailable(action, " ".join(str(error.cause or error).split())[:300]) from None

    @contextmanager
    def _exchange(
        self, method: str, path: str, body: BinaryIO | None, headers: dict[str, str], action: str
    ) -> Iterator[http.client.HTTPResponse]:
        """One request on this thread's connection. The connection is kept only after a whole answer."""
        connection = self._connection()
        whole = False
        try:
            headers = headers | self._store.credentials.headers(self._endpoint + path)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            if response.status not in (200, 206):
                detail = response.read(2000).decode(errors="replace")
                failure = answered(action, response.status, _message(detail) or response.reason)
                if failure.code == Exit.UNAVAILABLE:
                    raise _TryAgain(failure.cause)
                raise failure
            yield response
            whole = response.isclosed()
        except (http.client.HTTPException, OSError) as error:
            raise _TryAgain(f"{type(error).__name__}: {error}") from error
        finally:
            if not whole:
                connection.close()  # http.client opens it again on the next request

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._tls is not None:
                connection = http.client.HTTPSConnection(
                    self._host, timeout=READ_TIMEOUT, blocksize=PIECE, context=self._tls
                )
            else:
                connection = http.client.HTTPConnection(self._host, timeout=READ_TIMEOUT, blocksize=PIECE)
            self._local.connection = connection
        return connection


def _message(body: str) -> str:
    """The sentence of the JSON API's error answer."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
