"""Cloud KMS and the log buckets of Cloud Logging, as far as Google's provider for Terraform asks for them.

What the real ones refuse is refused: a key ring is never deleted, and nothing is made twice.
"""

from __future__ import annotations

from dataclasses import replace

from tests.googleapis import Answer, GoogleApis, Request, refusal
from tests.stacks.lifecycle.things import Things, operation

_PLACE = "projects/acme-ml-prod/locations/[^/]+"


class Cloud(Things):
    """The rings, keys and log buckets of the project."""

    def __init__(self, apis: GoogleApis) -> None:
        super().__init__()
        for host, version, kinds in (
            ("cloudkms.googleapis.com", "v1", ("keyRings", "keyRings/[^/]+/cryptoKeys")),
            ("logging.googleapis.com", "v2", ("buckets",)),
        ):
            for kind in kinds:
                apis.on("POST", rf"{host}/{version}/{_PLACE}/{kind}", self._create)
                apis.on("GET", rf"{host}/{version}/{_PLACE}/{kind}/[^/]+", self.get)
                apis.on("PATCH", rf"{host}/{version}/{_PLACE}/{kind}/[^/]+", self.patch)
        # The provider's own way with log buckets: operations.
        apis.on("POST", rf"logging.googleapis.com/v2/{_PLACE}/buckets:createAsync", self._in_an_operation)
        apis.on(
            "POST", rf"logging.googleapis.com/v2/{_PLACE}/buckets/[^/]+:updateAsync", self._in_an_operation
        )
        apis.on("DELETE", rf"logging.googleapis.com/v2/{_PLACE}/buckets/[^/]+", self.delete)
        project = {"projectId": "acme-ml-prod", "projectNumber": "111122223333", "lifecycleState": "ACTIVE"}
        apis.on("GET", r"cloudresourcemanager.googleapis.com/v1/projects/.*", lambda _: Answer(200, project))

    def _create(self, request: Request) -> Answer:
        ids = {"keyRingId", "cryptoKeyId", "bucketId"}
        id_ = next(value for key, value in request.query if key in ids)
        return self.create(request, f"{self.name(request)}/{id_}")

    def _in_an_operation(self, request: Request) -> Answer:
        path, _, method = request.path.rpartition(":")
        return operation(
            (self._create if method == "createAsync" else self.patch)(replace(request, path=path))
        )

    def delete(self, request: Request) -> Answer:
        if self.things[self.name(request)].get("locked"):
            return refusal(400, "A locked bucket that holds entries cannot be deleted.")
        return super().delete(request)
