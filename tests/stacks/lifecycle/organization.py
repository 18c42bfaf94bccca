"""What stands above a project, as far as Google's provider asks for it: perimeters, organisation and IAM policies.

Names that are given with the project's id come back with its number, as Google's do. What the real ones refuse is refused:
an access level that does not exist, a binding of a boundary of principals that does not, and the end of one that is bound.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.googleapis import Answer, GoogleApis, Request, refusal
from tests.stacks.lifecycle.things import Things, operation

_LEVELS = {f"accessPolicies/987654321/accessLevels/{name}" for name in ("company_devices", "ci_runners")}
_ATTACHED = r"policies/cloudresourcemanager.googleapis.com/projects/acme-ml-prod"  # %2F is decoded


class Organization(Things):
    """The organisation of examples/organization, with the access levels that its boundary names."""

    def __init__(self, apis: GoogleApis) -> None:
        super().__init__()
        later, at_once = operation, lambda answer: answer
        for host, collection, create, answered in (
            ("accesscontextmanager.googleapis.com/v1", "accessPolicies/987654321/servicePerimeters", self._perimeter, later),
            ("orgpolicy.googleapis.com/v2", "projects/acme-ml-prod/policies", self._named, at_once),
            ("iam.googleapis.com/v2", f"{_ATTACHED}/denypolicies", self._with_id, later),
            ("iam.googleapis.com/v3", "organizations/123456789012/locations/global/principalAccessBoundaryPolicies", self._with_id, later),
            ("iam.googleapis.com/v3", "projects/acme-ml-prod/locations/global/policyBindings", self._binding, later),
        ):  # fmt: skip
            self._play(apis, f"{host}/{collection}", create, answered)

    def _play(
        self,
        apis: GoogleApis,
        url: str,
        create: Callable[[Request], Answer],
        answered: Callable[[Answer], Answer],
    ) -> None:
        apis.on("POST", url, lambda request: answered(create(request)))
        apis.on("GET", f"{url}/[^/]+", self.get)
        apis.on("DELETE", f"{url}/[^/]+", lambda request: answered(self.delete(request)))

    def _named(self, request: Request) -> Answer:
        return self.create(request, _by_number(request.body["name"]))

    def _with_id(self, request: Request) -> Answer:
        (id_,) = (value for key, value in request.query if key.lower().endswith("id"))
        return self.create(request, f"{self.name(request)}/{id_}")

    def _perimeter(self, request: Request) -> Answer:
        for policy in request.body["status"]["ingressPolicies"]:
            for source in policy["ingressFrom"]["sources"]:
                if source["accessLevel"] not in _LEVELS:
                    return refusal(400, f"{source['accessLevel']} does not exist.")
        return self._named(request)

    def _binding(self, request: Request) -> Answer:
        if request.body["policy"] not in self.things:
            return refusal(400, f"{request.body['policy']} does not exist.")
        return self._with_id(request)

    def delete(self, request: Request) -> Answer:
        name = self.name(request)
        if any(thing.get("policy") == name for thing in self.things.values()):
            return refusal(400, f"{name} is referenced by a policy binding.")
        return super().delete(request)

    def name(self, request: Request) -> str:
        return _by_number(super().name(request))


def _by_number(name: str) -> str:
    return name.replace("projects/acme-ml-prod/", "projects/111122223333/")
