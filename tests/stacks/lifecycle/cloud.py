"""Cloud KMS and the log buckets of Cloud Logging, as far as Google's provider for Terraform asks for them.

What the real ones refuse is refused: a key ring is never deleted, and nothing is made twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.googleapis import Answer, GoogleApis, Request, refusal

_PLACE = "projects/acme-ml-prod/locations/[^/]+"


class Cloud:
    """`things` are resources by full name; `deleted` what was taken away."""

    def __init__(self, apis: GoogleApis) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        for host, version, kinds in (
            ("cloudkms.googleapis.com", "v1", ("keyRings", "keyRings/[^/]+/cryptoKeys")),
            ("logging.googleapis.com", "v2", ("buckets",)),
        ):
            for kind in kinds:
                apis.on("POST", rf"{host}/{version}/{_PLACE}/{kind}", self._create)
                apis.on("GET", rf"{host}/{version}/{_PLACE}/{kind}/[^/]+", self._get)
                apis.on("PATCH", rf"{host}/{version}/{_PLACE}/{kind}/[^/]+", self._patch)
        # The provider's own way with log buckets: operations, which are done at once here.
        apis.on("POST", rf"logging.googleapis.com/v2/{_PLACE}/buckets:createAsync", self._in_an_operation)
        apis.on(
            "POST", rf"logging.googleapis.com/v2/{_PLACE}/buckets/[^/]+:updateAsync", self._in_an_operation
        )
        apis.on("DELETE", rf"logging.googleapis.com/v2/{_PLACE}/buckets/[^/]+", self._delete)
        project = {"projectId": "acme-ml-prod", "projectNumber": "111122223333", "lifecycleState": "ACTIVE"}
        apis.on("GET", r"cloudresourcemanager.googleapis.com/v1/projects/.*", lambda _: Answer(200, project))

    def _create(self, request: Request) -> Answer:
        parent = request.path.partition("/")[2].partition("/")[2]
        ids = {"keyRingId", "cryptoKeyId", "bucketId"}
        name = f"{parent}/{next(value for key, value in request.query if key in ids)}"
        if name in self.things:
            return refusal(409, f"{name} already exists.")
        self.things[name] = (request.body or {}) | {"name": name, "createTime": "2026-01-01T00:00:00Z"}
        return Answer(200, self.things[name])

    def _in_an_operation(self, request: Request) -> Answer:
        path, _, method = request.path.rpartition(":")
        answer = (self._create if method == "createAsync" else self._patch)(replace(request, path=path))
        if answer.status != 200:
            return answer
        return Answer(200, {"name": "operations/done", "done": True, "response": answer.body})

    def _get(self, request: Request) -> Answer:
        name = self._name(request)
        return Answer(200, self.things[name]) if name in self.things else refusal(404, f"{name} not found.")

    def _patch(self, request: Request) -> Answer:
        self.things[self._name(request)] |= request.body
        return Answer(200, self.things[self._name(request)])

    def _delete(self, request: Request) -> Answer:
        if self.things[self._name(request)].get("locked"):
            return refusal(400, "A locked bucket that holds entries cannot be deleted.")
        self.deleted.append(self._name(request))
        del self.things[self._name(request)]
        return Answer()

    def _name(self, request: Request) -> str:
        return request.path.partition("/")[2].partition("/")[2]
