"""A real registry (Debian's docker-registry) behind Artifact Registry's name, and behind its way to log in."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.googleapis import Answer, GoogleApis, Request

HOST = "europe-west1-docker.pkg.dev"
_HOP = ("content-length", "transfer-encoding", "connection")


class Registry:
    """Takes what is pushed with an access token for a password, and refuses everything else."""

    def __init__(self, folder: Path, apis: GoogleApis) -> None:
        program = shutil.which("docker-registry")
        if program is None:
            pytest.skip("no registry here; apt-get install docker-registry")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        config = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
            "http": {"addr": f"127.0.0.1:{self._port}", "relativeurls": True, "secret": "a test's"},
        }
        (folder / "registry.yml").write_text(json.dumps(config))
        self._process = subprocess.Popen(
            [program, "serve", str(folder / "registry.yml")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        apis.judges.add(HOST)
        apis.on("*", f"{HOST}/.*", self._serve)

    def __enter__(self) -> Registry:
        deadline = time.monotonic() + 20
        while True:
            try:
                self._ask(Request(HOST, "GET", "/v2/", [], b"", {}))
                return self
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, (
                    "the registry did not start"
                )
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def manifest(self, repository: str, digest: str) -> Any:
        """A pushed image's manifest, asked for by its digest."""
        accept = {"accept": "application/vnd.oci.image.manifest.v1+json"}
        answer = self._ask(Request(HOST, "GET", f"/v2/{repository}/manifests/{digest}", [], b"", accept))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def tags(self, repository: str) -> list[str]:
        answer = self._ask(Request(HOST, "GET", f"/v2/{repository}/tags/list", [], b"", {}))
        return json.loads(answer.body).get("tags", []) if answer.status == 200 else []

    def _serve(self, request: Request) -> Answer:
        token = base64.b64encode(b"oauth2accesstoken:deployer").decode()
        if request.headers.get("authorization") != f"Basic {token}":
            body = json.dumps(
                {"errors": [{"code": "UNAUTHORIZED", "message": "authentication failed"}]}
            ).encode()
            return Answer(401, body, {"WWW-Authenticate": f'Basic realm="https://{HOST}"'})
        return self._ask(request)

    def _ask(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            query = f"?{urlencode(request.query)}" if request.query else ""
            kept = {"accept", "content-type", "content-range"}
            headers = {name: value for name, value in request.headers.items() if name in kept}
            connection.request(request.method, request.path + query, request.raw, headers)
            response = connection.getresponse()
            hop = _HOP if request.method != "HEAD" else _HOP[1:]
            headers = {name: value for name, value in response.getheaders() if name.lower() not in hop}
            return Answer(response.status, response.read(), headers)
        finally:
            connection.close()
