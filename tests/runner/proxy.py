"""An object store that misbehaves: a proxy before the real one, with a fault per request."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# pass; an HTTP status to answer with; reset the connection; hang; send half of the body; flip a byte of the body;
# answer late (the store has done its work, the answer is lost).
Fault = str | int
Plan = Callable[[str, str], Fault]


class FaultyStore:
    """Forwards to `upstream`; `plan(method, path)` names the fault of each request."""

    def __init__(self, upstream: str, plan: Plan) -> None:
        self.plan = plan
        self.requests: list[tuple[str, str]] = []
        self.authorizations: list[str | None] = []
        self._upstream = urlsplit(upstream).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FaultyStore:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                owner.requests.append((self.command, self.path))
                owner.authorizations.append(self.headers.get("Authorization"))
                fault = owner.plan(self.command, self.path)
                if fault == "hang":
                    time.sleep(60)
                if fault in ("reset", "hang"):
                    return self._reset()
                if isinstance(fault, int):
                    return self._answer(
                        fault, {"Content-Type": "application/json"}, b'{"error":{"message":"planned"}}'
                    )
                upstream = http.client.HTTPConnection(owner._upstream, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                upstream.request(self.command, self.path, body, headers)
                response = upstream.getresponse()
                data = response.read()
                upstream.close()
                if fault == "lost":
                    return self._reset()
                if fault == "corrupt" and data:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                kept = {
                    k: v
                    for k, v in response.getheaders()
                    if k.lower() not in ("content-length", "connection", "transfer-encoding")
                }
                return self._answer(response.status, kept, data, cut=fault == "truncate")

            def _answer(self, status: int, headers: dict[str, str], data: bytes, cut: bool = False) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if cut else data)
                if cut:
                    self.wfile.flush()
                    self._reset()

            def _reset(self) -> None:
                """Close with a TCP reset, as a proxy that died does."""
                self.close_connection = True
                with suppress(OSError):
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with suppress(OSError, ValueError):
                    super().handle()

            do_GET = do_POST = do_PUT = do_DELETE = _any

        return Handler


class Sometimes:
    """Gives `fault` to the first `times` requests that `about` chooses, and passes the rest."""

    def __init__(self, fault: Fault, about: Callable[[str, str], bool], times: int = 1_000_000) -> None:
        self._fault, self._about, self._left = fault, about, times
        self._lock = threading.Lock()

    def __call__(self, method: str, path: str) -> Fault:
        with self._lock:
            if self._left > 0 and self._about(method, path):
                self._left -= 1
                return self._fault
        return "pass"


def media(method: str, path: str) -> bool:
    """Downloads of the data bucket's bytes."""
    return method == "GET" and path.startswith("/download/") and "-data/" in path


def uploads(method: str, path: str) -> bool:
    """Uploads of outputs."""
    return method == "POST" and path.startswith("/upload/") and "uploadType=media" in path


def everything(method: str, path: str) -> bool:
    return True
