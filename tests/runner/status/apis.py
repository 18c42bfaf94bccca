"""Kubernetes and Cloud Logging as `cloister status` meets them, answering what a test put there."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from runner.client.cluster.cloud_logging import CloudLogging
from runner.client.status import collect

from ..cluster.store import serving

NOW = datetime.now(UTC)
LISTS = ("jobs", "pods", "cronjobs", "resourcequotas", "events")


@dataclass
class Apis:
    """By namespace and kind, what Kubernetes lists; by namespace, what Cloud Logging returns. None: refused."""

    objects: dict[tuple[str, str], list[dict[str, Any]] | None] = field(default_factory=dict)
    entries: dict[str, list[dict[str, Any]] | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def kubernetes(self, path: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        namespace, _, kind = path.partition("/namespaces/")[2].partition("/")
        items = self.objects.get((namespace, kind), [])
        if items is None:
            return 403, {"kind": "Status", "message": f"{kind} is forbidden: cannot list"}
        return 200, {"items": items}

    def logging(self, query: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        namespace = query["filter"].partition('namespace_name="')[2].partition('"')[0]
        entries = self.entries.get(namespace, [])
        if entries is None:
            return 403, {"error": {"code": 403, "message": "Permission denied on view"}}
        return 200, {"entries": entries}


def start(stack: ExitStack, apis: Apis, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve both, and let the command find them as it finds the real ones."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*apis.kubernetes(urlsplit(self.path).path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*apis.logging(json.loads(body)))

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    address = stack.enter_context(serving(Handler, "127.0.0.1"))
    kubeconfig = folder / "kubeconfig"
    content = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://{address}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "c",
    }
    kubeconfig.write_text(json.dumps(content))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
    monkeypatch.setattr(collect, "authorized", requests.Session)
    monkeypatch.setattr(
        collect, "CloudLogging", lambda place, session: CloudLogging(place, session, f"http://{address}")
    )
