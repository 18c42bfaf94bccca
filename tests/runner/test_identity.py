"""The runner's identity: from the metadata server the platform names, sent to the store, and to nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .proxy import FaultyStore
from .support import BUCKETS, Job, StoreClient

TOKEN = "ya29." + "c.test-token-" * 4
EMAIL = "team-fakespot@acme-ml-prod.iam.gserviceaccount.com"


class MetadataServer:
    """Shaped like the one Workload Identity gives a pod. `status` other than 200 is its answer to everything."""

    def __init__(self) -> None:
        self.status = 200
        self.paths: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.paths.append(self.path)
                path = self.path.partition("?")[0].removeprefix("/computeMetadata/v1/")
                answers: dict[str, object] = {
                    "instance/service-accounts/default/token": {
                        "access_token": TOKEN,
                        "expires_in": 3600,
                        "token_type": "Bearer",
                    },
                    "instance/service-accounts/default/": {
                        "email": EMAIL,
                        "aliases": ["default"],
                        "scopes": [],
                    },
                    "universe/universe-domain": "googleapis.com",
                }
                answers[f"instance/service-accounts/{EMAIL}/token"] = answers[
                    "instance/service-accounts/default/token"
                ]
                answers[f"instance/service-accounts/{EMAIL}/"] = answers["instance/service-accounts/default/"]
                found = answers.get(path)
                allowed = self.headers.get("Metadata-Flavor") == "Google"
                status = (
                    owner.status if owner.status != 200 else 403 if not allowed else 200 if found else 404
                )
                body = json.dumps(found).encode() if isinstance(found, dict) else str(found or "").encode()
                self.send_response(status)
                self.send_header("Metadata-Flavor", "Google")
                kind = "application/json" if isinstance(found, dict) else "text/plain"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[MetadataServer]:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


PROBE = """
import socket
print(open("in/a").read())
for address in (("127.0.0.1", PORT), ("169.254.169.254", 80)):
    try:
        socket.create_connection(address, 2)
        print("OPEN")
    except OSError as error:
        print(type(error).__name__)
"""


def test_every_request_carries_the_pods_token(store: StoreClient, work: Path) -> None:
    store.put(BUCKETS["data"], "reviews/a", b"x")
    with MetadataServer().running() as metadata, FaultyStore(store.url, lambda m, p: "pass") as watched:
        port = metadata.address.rpartition(":")[2]
        job = Job(
            store,
            work,
            {"main.py": PROBE.replace("PORT", port)},
            inputs=[{"from": "data/reviews/", "to": "in"}],
            outputs=[{"from": "out", "to": "results"}],
            settings={"CLOISTER_STORE": watched.url, "CLOISTER_METADATA": metadata.address},
        )
        result = job.finish()
    assert result.code == 0, result.why()
    assert result.printed().splitlines() == ["x", "PermissionError", "PermissionError"]
    assert watched.requests and set(watched.authorizations) == {f"Bearer {TOKEN}"}
    tokens = [path for path in metadata.paths if "/token" in path]
    assert 1 <= len(tokens) <= 2, "the library's copy of the credentials and ours, each asked for once"
    assert TOKEN not in json.dumps(result.entries)


def test_no_token(store: StoreClient, work: Path) -> None:
    with MetadataServer().running() as metadata:
        metadata.status = 404
        settings = {"CLOISTER_METADATA": metadata.address, "CLOISTER_PATIENCE": "1"}
        result = Job(store, work, {"main.py": ""}, settings=settings).finish()
    assert result.code == 69, result.why()
    assert "metadata server gave no token" in result.record["cause"]
