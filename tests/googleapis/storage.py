"""storage.googleapis.com before the real fake-gcs-server, which keeps the buckets.

The server honours creating, finding, patching and versioning a bucket, and refuses a name that is taken. What it
silently drops (uniform access, public access prevention, default keys, IP filters, labels, lifecycles, locations, IAM policies, service agents, caches, whose
project a bucket is in) is kept here, in the words of the JSON API.
"""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.googleapis import Answer, GoogleApis, Request, refusal

HOST = "storage.googleapis.com"
_DROPPED = (
    "iamConfiguration",
    "encryption",
    "location",
    "ipFilter",
    "labels",
    "lifecycle",
    "softDeletePolicy",
)
_NEW_POLICY = [
    {"role": "roles/storage.legacyBucketOwner", "members": ["projectEditor:acme-ml-prod", "projectOwner:acme-ml-prod"]},
    {"role": "roles/storage.legacyBucketReader", "members": ["projectViewer:acme-ml-prod"]},
]  # fmt: skip


class Storage:
    """`kept` is what the server drops, by bucket; `policies` the buckets' IAM bindings."""

    def __init__(self, apis: GoogleApis, upstream: str, project_number: str) -> None:
        self.number = project_number
        self.owners: dict[str, str] = {}  # project numbers of buckets that are others'
        self.kept: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, list[dict[str, Any]]] = {}
        self._upstream = urlsplit(upstream).netloc
        apis.on("*", rf"{HOST}/.*", self._as_it_is, last=True)
        apis.on("GET", rf"{HOST}/storage/v1/b/[^/]+/anywhereCaches/", lambda _: Answer(200, {"items": []}))
        apis.on("POST", rf"{HOST}/storage/v1/b", self._create)
        apis.on("GET", rf"{HOST}/storage/v1/b/[^/]+", self._bucket)
        apis.on("PATCH", rf"{HOST}/storage/v1/b/[^/]+", self._patch)
        apis.on("GET", rf"{HOST}/storage/v1/b/[^/]+/iam", self._policy)
        apis.on("PUT", rf"{HOST}/storage/v1/b/[^/]+/iam", self._set_policy)

    def bucket(self, name: str) -> dict[str, Any]:
        """The bucket as the API shows it."""
        return dict(self._forward("GET", f"/storage/v1/b/{name}", b"").body) | self.kept[name]

    def buckets(self) -> list[str]:
        """The names of all buckets."""
        return sorted(
            b["name"] for b in self._forward("GET", "/storage/v1/b?project=p", b"").body.get("items", [])
        )

    def objects(self, bucket: str) -> list[str]:
        """The names of a bucket's objects."""
        answer = self._forward("GET", f"/storage/v1/b/{bucket}/o", b"")
        return sorted(item["name"] for item in answer.body.get("items", []))

    def put(self, bucket: str, name: str, data: bytes) -> None:
        """Write an object."""
        query = urlencode({"uploadType": "media", "name": name})
        assert self._forward("POST", f"/upload/storage/v1/b/{bucket}/o?{query}", data).status == 200

    def _create(self, request: Request) -> Answer:
        answer = self._forward("POST", f"{request.path}?{urlencode(request.query)}", request.raw)
        if answer.status == 200:
            name = request.body["name"]
            self.policies[name] = _NEW_POLICY
            self._keep(name, request.body)
            answer.body = self.bucket(name)
        return answer

    def _bucket(self, request: Request) -> Answer:
        answer = self._forward("GET", request.path, b"")
        if answer.status == 200:
            answer.body |= self.kept.get(answer.body["name"], {})
            answer.body["projectNumber"] = self.owners.get(answer.body["name"], self.number)
        return answer

    def _patch(self, request: Request) -> Answer:
        answer = self._forward("PATCH", request.path, request.raw)
        if answer.status == 200:
            self._keep(answer.body["name"], request.body)
            answer.body |= self.kept[answer.body["name"]]
        return answer

    def _keep(self, name: str, body: dict[str, Any]) -> None:
        kept = self.kept.setdefault(name, {})
        for key in _DROPPED:
            if key in body:
                kept[key] = kept.get(key, {}) | body[key] if isinstance(body[key], dict) else body[key]

    def _policy(self, request: Request) -> Answer:
        return Answer(
            200, {"version": 1, "etag": "CAE=", "bindings": self.policies[request.path.split("/")[4]]}
        )

    def _set_policy(self, request: Request) -> Answer:
        if request.body.get("etag", "CAE=") != "CAE=":
            return refusal(412, "The policy was changed meanwhile.")
        self.policies[request.path.split("/")[4]] = request.body.get("bindings", [])
        return Answer(200, request.body)

    def _as_it_is(self, request: Request) -> Answer:
        """Objects, as the server keeps them."""
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            path = (
                f"{quote(request.path, safe='/%' if '%' in request.path else '/')}?{urlencode(request.query)}"
            )
            headers = {"Host": HOST, "Content-Type": request.headers.get("content-type", "")}
            connection.request(request.method, path, request.raw, headers)
            response = connection.getresponse()
            hop = ("content-length", "transfer-encoding", "connection")
            headers = {name: value for name, value in response.getheaders() if name.lower() not in hop}
            return Answer(response.status, response.read(), headers)
        finally:
            connection.close()

    def _forward(self, method: str, path: str, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            connection.close()
