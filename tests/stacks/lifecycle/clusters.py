"""container.googleapis.com, as far as Google's provider for Terraform asks for clusters and their pools of nodes."""

from __future__ import annotations

from typing import Any

from tests.googleapis import Answer, GoogleApis, Request
from tests.stacks.lifecycle.things import Things

_HOST = "container.googleapis.com"
_CLUSTERS = rf"{_HOST}/v1/projects/acme-ml-prod/locations/[^/]+/clusters"
_VERSION = "1.34.1-gke.100"


class Clusters(Things):
    """Clusters and pools by full name. A new cluster comes with a pool `default-pool`, and a cluster's end ends its pools."""

    def __init__(self, apis: GoogleApis) -> None:
        super().__init__()
        for place, kind in ((_CLUSTERS, "cluster"), (f"{_CLUSTERS}/[^/]+/nodePools", "nodePool")):
            apis.on("POST", place, lambda request, kind=kind: self._make(request, kind))
            apis.on("GET", f"{place}/[^/]+", self.get)
            apis.on("PUT", f"{place}/[^/]+", self._update)
            apis.on("DELETE", f"{place}/[^/]+", self._end)
        apis.on(
            "GET", rf"{_HOST}/v1/projects/acme-ml-prod/locations/[^/]+/operations/done", lambda _: _done()
        )

    def _make(self, request: Request, kind: str) -> Answer:
        body = request.body[kind]
        name = f"{self.name(request)}/{body['name']}"
        answer = self.create(request, name)
        if answer.status != 200:
            return answer
        # Unlike others, this API tells what is off or empty too.
        self.things[name] = made = body | {"status": "RUNNING"}
        made["selfLink"] = f"https://{_HOST}/v1/{name}"
        if kind == "cluster":
            made |= {
                "currentMasterVersion": _VERSION,
                "location": name.split("/")[3],
                "endpoint": "172.16.0.2",
            }
            made["legacyAbac"] = {}
            made["networkConfig"] = made.get("networkConfig", {}) | {
                part: body[part] for part in ("network", "subnetwork")
            }
            door: dict[str, Any] = made.setdefault("controlPlaneEndpointsConfig", {})
            door.setdefault("dnsEndpointConfig", {})["endpoint"] = "gke-0123456789.europe-west1.gke.goog"
            self.things[f"{name}/nodePools/default-pool"] = {"name": "default-pool", "status": "RUNNING"}
        else:
            made["version"] = _VERSION
        return _done()

    def _update(self, request: Request) -> Answer:
        return _done()

    def _end(self, request: Request) -> Answer:
        name = self.name(request)
        for pool in [found for found in self.things if found.startswith(f"{name}/")]:
            del self.things[pool]
        answer = self.delete(request)
        return _done() if answer.status == 200 else answer


def _done() -> Answer:
    return Answer(200, {"name": "done", "status": "DONE", "operationType": "UPDATE_CLUSTER"})
