"""Google's APIs as a program of the project sees them, played on loopback under their own names, over TLS.

Programs reach them as they reach Google: a proxy of the environment leads the connection here, and an authority made
for the test signs the certificates. So nothing in a program knows of the test, and whatever is not played here is refused.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.googleapis.authority import Authority


@dataclass(frozen=True)
class Request:
    """One request. `body` is the JSON it carries, or None; `query` keeps repeated names apart."""

    host: str
    method: str
    path: str
    query: list[tuple[str, str]]
    raw: bytes
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.path}"


@dataclass
class Answer:
    """Status and body of an answer: JSON, or bytes as they are, then with `headers`."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, message: str, reason: str = "") -> Answer:
    """An error in Google's error model."""
    error: dict[str, Any] = {"code": status, "message": message}
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": reason, "domain": "googleapis.com"}]
    return Answer(status, {"error": error})


Handler = Callable[[Request], Answer | None]


class GoogleApis:
    """The hosts that are played, by name; `environment` leads programs to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.requests: list[Request] = []
        self.strangers: list[str] = []  # hosts that were asked for and are not played
        self._routes: list[tuple[str, str, re.Pattern[str], Handler]] = []
        self.judges: set[str] = {"oauth2.googleapis.com"}  # hosts that see to credentials themselves
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.on("POST", "oauth2.googleapis.com/token", self._token)

    def on(self, method: str, url: str, handler: Handler, *, last: bool = False) -> None:
        """Answer requests to `url`, a host and a regular expression for the path; the newest route comes first.

        `method` may be *; a route that is `last` comes after all others. A handler that answers None leaves the request
        to the next route.
        """
        host, _, path = url.partition("/")
        self._routes.insert(len(self._routes) if last else 0, (method, host, re.compile("/" + path), handler))

    def __enter__(self) -> GoogleApis:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What a program's environment must hold: the way here, the authority, a deployer's credentials."""
        credentials = self.folder / "credentials.json"
        person = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
        credentials.write_text(json.dumps(person))
        proxy = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": str(self.authority.certificate),
            "SSL_CERT_FILE": str(self.authority.certificate),
            "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        }

    def asked(self, method: str = "", url: str = "") -> list[Request]:
        """The requests so far of a method to a host and path (a regular expression)."""
        return [
            request
            for request in self.requests
            if request.method == (method or request.method) and re.search(url, request.host + request.path)
        ]

    def changes(self) -> list[str]:
        """Everything asked that was no question, and no log-in."""
        return [str(r) for r in self.requests if r.method != "GET" and r.host != "oauth2.googleapis.com"]

    def _token(self, request: Request) -> Answer:
        return Answer(200, {"access_token": "deployer", "expires_in": 3600, "token_type": "Bearer"})

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.host not in self.judges and request.headers.get("authorization") != "Bearer deployer":
            return refusal(401, "Request had invalid authentication credentials.")
        for method, host, path, handler in self._routes:
            if method in (request.method, "*") and host == request.host and path.fullmatch(request.path):
                answer = handler(request)
                if answer is not None:
                    return answer
        return refusal(404, f"Not played here: {request}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        apis = self

        class Front(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self) -> None:
                host = self.path.partition(":")[0]
                if host not in {route[1] for route in apis._routes}:
                    apis.strangers.append(host)
                    self.send_error(403)
                    return
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*apis.authority.issue(host))
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")  # type: ignore[assignment]
                self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
                self.host, self.close_connection = host, False

            def _serve(self) -> None:
                url = urlsplit(self.path)
                headers = {key.lower(): value for key, value in self.headers.items()}
                request = Request(
                    self.host, self.command, unquote(url.path), parse_qsl(url.query), self._body(), headers
                )
                answer = apis._answer(request)
                raw = isinstance(answer.body, bytes)
                data = answer.body if raw else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in (
                    answer.headers or {"Content-Type": "application/json; charset=UTF-8"}
                ).items():
                    self.send_header(name, value)
                if self.command != "HEAD":  # whose length is that of what it does not send
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, *_: object) -> None:
                pass

        return Front
