"""The team's buckets as pods and people meet them: a real object store behind the rights that the stacks give.

fake-gcs-server has no identities, so a proxy before it holds people and the team's service account to what
stacks/team/buckets.py binds; a metadata server hands out that account's token as Workload Identity's does.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ya29.of-the-teams-service-account"
_OBJECT = re.compile(r"/(?:upload/|download/)?storage/v1/b/([^/]+)/o(?:/([^?]*))?")
_SENT = ("host", "connection", "authorization")
_FRAMING = ("content-length", "connection", "transfer-encoding")


def allowed(account: bool, method: str, kind: str) -> bool:
    """Whether an identity may: people add to `code`; the account reads code and data, keeps artifacts, adds results."""
    creates = method in ("POST", "PUT")
    if not account:
        return kind == "code" and creates
    return (
        kind == "artifacts"
        or (kind in ("code", "data") and method == "GET")
        or (kind == "results" and creates)
    )


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], address: str, port: int = 0) -> Iterator[str]:
    """A server of `handler` on an address; its host and port."""
    server = ThreadingHTTPServer((address, port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"{address}:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def with_rights(upstream: str, links: str, *, all_as_account: bool = False) -> type[BaseHTTPRequestHandler]:
    """A proxy before the store at `upstream` (host:port) that knows who may do what.

    `links` is the store's address in its answers: what they lead to goes on through here.
    `all_as_account`: whoever calls is taken for the team's service account.
    """

    class Proxy(_Handler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = _OBJECT.match(self.path)
            bucket = unquote(found[1]) if found else ""
            account = all_as_account or self.headers.get("Authorization") == f"Bearer {TOKEN}"
            if not found or not allowed(account, self.command, bucket.rpartition("-")[2]):
                return self._refuse("storage.objects." + ("create" if self.command == "POST" else "get"))
            if not account and self._exists(bucket):
                return self._refuse("storage.objects.delete")
            connection = http.client.HTTPConnection(upstream, timeout=60)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _SENT}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            data = response.read()
            connection.close()
            kept = {k: v for k, v in response.getheaders() if k.lower() not in _FRAMING}
            here = f"http://{self.headers['Host']}"
            if "Location" in kept:  # of a resumable upload
                kept["Location"] = kept["Location"].replace(links, here)
            if not self.path.startswith("/download/"):
                data = data.replace(links.encode(), here.encode())
            self.answer(response.status, data, kept)

        def _exists(self, bucket: str) -> bool:
            [name] = parse_qs(urlsplit(self.path).query).get("name") or [""]
            if not name or "upload_id" in self.path:
                return False
            connection = http.client.HTTPConnection(upstream, timeout=60)
            connection.request("GET", f"/storage/v1/b/{bucket}/o?prefix={name}&fields=items(name)")
            items = json.loads(connection.getresponse().read()).get("items", [])
            connection.close()
            return any(item["name"] == name for item in items)

        def _refuse(self, permission: str) -> None:
            message = f"member does not have {permission} access to the Google Cloud Storage object."
            self.answer(403, json.dumps({"error": {"code": 403, "message": message}}).encode())

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any

    return Proxy


def metadata(account: str) -> type[BaseHTTPRequestHandler]:
    """Workload Identity's metadata server for one service account."""

    class Metadata(_Handler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            flavor = {"Metadata-Flavor": "Google", "Content-Type": "application/json"}
            if self.headers.get("Metadata-Flavor") != "Google":
                return self.answer(403, b"", flavor)
            if path in ("/", "/computeMetadata/v1/project/project-id"):  # is this Google, and which project?
                return self.answer(200, b"acme-ml-prod", {**flavor, "Content-Type": "application/text"})
            below = "/computeMetadata/v1/instance/service-accounts/"
            about = {
                "email": account,
                "aliases": ["default"],
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            }
            token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            answers = {
                f"{name}{end}": value
                for name in ("default", account)
                for end, value in (("/", about), ("/token", token))
            }
            found = answers.get(path.removeprefix(below))
            self.answer(200 if found else 404, json.dumps(found or {}).encode(), flavor)

    return Metadata
