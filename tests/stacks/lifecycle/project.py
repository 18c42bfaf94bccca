"""The project's APIs, as far as Google's provider for Terraform asks for what the stacks make: networks, names, identities,
images, logs, alerts. Keys and log buckets are those of `Cloud`.

Names that Google gives are given; what one writes comes back as Google tells it, with a resource's own address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.googleapis import Answer, GoogleApis, Request, refusal
from tests.stacks.lifecycle.cloud import Cloud
from tests.stacks.lifecycle.things import operation, told

ID, NUMBER = "acme-ml-prod", "111122223333"
_PROJECT = f"projects/(?:{ID}|{NUMBER})"
_COMPUTE = "compute.googleapis.com/compute/v1"
# What is made by a POST to its collection: host and version, collection, and the parameter or field that names it.
_COLLECTIONS = (
    ("artifactregistry.googleapis.com/v1", f"{_PROJECT}/locations/[^/]+/repositories", "repository_id"),
    ("containeranalysis.googleapis.com/v1", f"{_PROJECT}/notes", "noteId"),
    ("binaryauthorization.googleapis.com/v1", f"{_PROJECT}/attestors", "attestorId"),
    ("logging.googleapis.com/v2", f"{_PROJECT}/(?:sinks|exclusions|metrics)", ".name"),
    ("logging.googleapis.com/v2", f"{_PROJECT}/locations/[^/]+/buckets/[^/]+/views", "viewId"),
    ("monitoring.googleapis.com/v3", f"{_PROJECT}/(?:notificationChannels|alertPolicies)", ""),
    ("monitoring.googleapis.com/v1", f"{_PROJECT}/dashboards", ""),
    ("cloudresourcemanager.googleapis.com/v1", "liens", ""),
    ("billingbudgets.googleapis.com/v1", "billingAccounts/[^/]+/budgets", ""),
)
_LATER = ("artifactregistry.googleapis.com",)  # whose changes are operations
_SHORT = (
    "logging.googleapis.com",
    "dns.googleapis.com",
)  # whose things call themselves by the last part of their name


class Project(Cloud):
    """`policies` are the IAM policies by resource, `services` the enabled APIs, `rules` a firewall policy's, `records` a zone's."""

    def __init__(self, apis: GoogleApis) -> None:
        super().__init__(apis)
        self.policies: dict[str, dict[str, Any]] = {}
        self.services: set[str] = set()
        self.records: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._count = 0
        for root, collection, named in _COLLECTIONS:
            later = operation if root.startswith(_LATER) else lambda answer: answer
            apis.on("POST", f"{root}/{collection}", self._made(named, later))
            apis.on("GET", f"{root}/{collection}/[^/:]+", self.get)
            for method in ("PATCH", "PUT"):
                apis.on(method, f"{root}/{collection}/[^/:]+", lambda r, later=later: later(self.patch(r)))
            apis.on("DELETE", f"{root}/{collection}/[^/:]+", lambda r, later=later: later(self.delete(r)))
        apis.on("GET", "cloudresourcemanager.googleapis.com/v1/liens", self._liens)
        apis.on("*", f"binaryauthorization.googleapis.com/v1/{_PROJECT}/policy", self._singleton)
        for host in ("cloudkms", "artifactregistry", "cloudresourcemanager", "iam", "logging"):
            apis.on("*", rf"{host}.googleapis.com/v\d/.*:[gs]etIamPolicy", self._policy)
        self._identities(apis)
        self._services(apis)
        self._network(apis)
        self._names(apis)
        self._keys(apis)

    def create(self, request: Request, name: str) -> Answer:
        answer = super().create(request, name)
        if answer.status == 200 and request.host.startswith(_SHORT):
            self.things[name]["name"] = name.rpartition("/")[2]
        return answer

    def _made(self, named: str, answered: Callable[[Answer], Answer]) -> Callable[[Request], Answer]:
        def make(request: Request) -> Answer:
            if named.startswith("."):
                id_ = request.body[named[1:]]
            else:
                id_ = dict(request.query).get(named) or self._new()
            answer = self.create(request, f"{self.name(request)}/{id_}")
            if answer.status == 200 and request.path.endswith("/sinks"):
                answer.body["writerIdentity"] = (
                    f"serviceAccount:service-{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
                )
            return answered(answer)

        return make

    def _new(self) -> str:
        self._count += 1
        return f"{self._count:06}"

    def name(self, request: Request) -> str:
        return super().name(request).replace(f"projects/{NUMBER}", f"projects/{ID}")

    def _liens(self, request: Request) -> Answer:
        found = [thing for name, thing in self.things.items() if name.startswith("liens/")]
        return Answer(200, {"liens": found})

    def _singleton(self, request: Request) -> Answer:
        name = self.name(request)
        if request.method == "PUT":
            self.things[name] = told(request.body) | {"name": name}
        return Answer(
            200,
            self.things.get(name, {"name": name, "defaultAdmissionRule": {"evaluationMode": "ALWAYS_ALLOW"}}),
        )

    def _policy(self, request: Request) -> Answer:
        resource, _, method = self.name(request).rpartition(":")
        held = self.policies.setdefault(resource, {})
        if method == "setIamPolicy":
            given = request.body["policy"]
            if given.get("etag") != f"v{held.get('version', 0)}":
                return refusal(409, "There were concurrent policy changes.")
            kept = {key: told(given[key]) for key in ("bindings", "auditConfigs") if given.get(key)}
            self.policies[resource] = held = kept | {"version": held.get("version", 0) + 1}
        body = {key: value for key, value in held.items() if key != "version"}
        return Answer(200, body | {"version": 3, "etag": f"v{held.get('version', 0)}"})

    def _identities(self, apis: GoogleApis) -> None:
        accounts = f"iam.googleapis.com/v1/{_PROJECT.replace(')', '|-)')}/serviceAccounts"
        default = f"{NUMBER}-compute@developer.gserviceaccount.com"

        def make(request: Request) -> Answer:
            email = f"{request.body['accountId']}@{ID}.iam.gserviceaccount.com"
            made = {
                "email": email,
                "projectId": ID,
                "uniqueId": self._new(),
                **told(request.body.get("serviceAccount", {})),
            }
            name = f"projects/{ID}/serviceAccounts/{email}"
            if name in self.things:
                return refusal(409, f"{name} already exists.")
            self.things[name] = made | {"name": name}
            return Answer(200, self.things[name])

        apis.on("POST", accounts, make)
        apis.on(
            "GET",
            accounts,
            lambda _: Answer(200, {"accounts": [{"email": default, "uniqueId": "1", "name": default}]}),
        )
        apis.on("GET", f"{accounts}/[^/:]+", self.get)
        apis.on("PATCH", f"{accounts}/[^/:]+", self.patch)
        apis.on("DELETE", f"{accounts}/[^/:]+", self.delete)

        def role(request: Request) -> Answer:
            name = f"{self.name(request)}/{request.body['roleId']}"
            self.things[name] = told(request.body["role"]) | {"name": name, "etag": "e"}
            return Answer(200, self.things[name])

        roles = f"iam.googleapis.com/v1/{_PROJECT}/roles"
        apis.on("POST", roles, role)
        apis.on("GET", f"{roles}/[^/:]+", self.get)
        apis.on("PATCH", f"{roles}/[^/:]+", self.patch)
        apis.on("DELETE", f"{roles}/[^/:]+", self.delete)

    def _services(self, apis: GoogleApis) -> None:
        api = "serviceusage.googleapis.com/v1"

        def enable(request: Request) -> Answer:
            one = request.path.rpartition("/services/")[2].partition(":")[0]
            self.services |= set(request.body.get("serviceIds", []) if "batch" in request.path else [one])
            return operation(Answer(200, {}))

        def enabled(_: Request) -> Answer:
            found = [
                {"name": f"projects/{NUMBER}/services/{name}", "state": "ENABLED", "config": {"name": name}}
                for name in sorted(self.services)
            ]
            return Answer(200, {"services": found})

        apis.on("POST", f"{api}/{_PROJECT}/services:batchEnable", enable)
        apis.on("POST", f"{api}/{_PROJECT}/services/[^/]+:enable", enable)
        apis.on("GET", f"{api}/{_PROJECT}/services", enabled)

    def _network(self, apis: GoogleApis) -> None:
        for kind in (
            "global/networks",
            "global/routes",
            "global/firewallPolicies",
            "regions/[^/]+/subnetworks",
        ):
            place = f"{_COMPUTE}/{_PROJECT}/{kind}"
            apis.on("POST", place, self._placed)
            apis.on("GET", place, lambda _: Answer(200, {"items": []}))
            apis.on("GET", f"{place}/[^/]+", self.get)
            apis.on("PATCH", f"{place}/[^/]+", lambda r: _done(self.patch(r)))
            apis.on("DELETE", f"{place}/[^/]+", lambda r: _done(self.delete(r)))
        for what, key in (("Rule", "priority"), ("Association", "name")):
            policy = f"{_COMPUTE}/{_PROJECT}/global/firewallPolicies/[^/]+"
            apis.on("POST", f"{policy}/add{what}", lambda r, what=what, key=key: self._add(r, what, key))
            apis.on("GET", f"{policy}/get{what}", lambda r, what=what: self._part(r, what, "GET"))
            apis.on("POST", f"{policy}/patch{what}", lambda r, what=what: self._part(r, what, "PATCH"))
            apis.on("POST", f"{policy}/remove{what}", lambda r, what=what: self._part(r, what, "DELETE"))
        apis.on("GET", f"{_COMPUTE}/{_PROJECT}/.*operations/.*", lambda _: _done(Answer()))

    def _placed(self, request: Request) -> Answer:
        name = f"{self.name(request)}/{request.body['name']}"
        answer = self.create(request, name)
        if answer.status == 200:
            address = f"https://www.googleapis.com/compute/v1/{name}"
            answer.body |= {
                "name": request.body["name"],
                "id": self._new(),
                "selfLink": address,
                "selfLinkWithId": address,
            }
        return _done(answer)

    def _add(self, request: Request, what: str, key: str) -> Answer:
        policy = self.name(request).rpartition("/")[0]
        answer = self.create(request, f"{policy}/{what}/{request.body[key]}")
        if what == "Association" and answer.status == 200:
            answer.body["name"] = request.body["name"]
        return _done(answer)

    def _part(self, request: Request, what: str, method: str) -> Answer:
        policy, id_ = self.name(request).rpartition("/")[0], next(iter(dict(request.query).values()))
        path = f"/v1/{policy}/{what}/{dict(request.query).get('priority') or dict(request.query).get('name') or id_}"
        part = replace(request, path=path)
        if method == "GET":
            return self.get(part)
        return _done(self.patch(part) if method == "PATCH" else self.delete(part))

    def _names(self, apis: GoogleApis) -> None:
        zones = f"dns.googleapis.com/dns/v1/{_PROJECT}/managedZones"

        def make(request: Request) -> Answer:
            answer = self.create(request, f"{self.name(request)}/{request.body['name']}")
            answer.body |= {"id": self._new(), "nameServers": ["ns-gcp-private.googledomains.com."]}
            return answer

        def change(request: Request) -> Answer:
            zone = request.path.split("/")[-2]
            for gone in request.body.get("deletions", []):
                del self.records[zone, gone["name"], gone["type"]]
            for new in request.body.get("additions", []):
                if (zone, new["name"], new["type"]) in self.records:
                    return refusal(409, "The record exists already.")
                self.records[zone, new["name"], new["type"]] = new
            return Answer(200, {"id": self._new(), "status": "done"})

        def listed(request: Request) -> Answer:
            zone, asked = request.path.split("/")[-2], dict(request.query)
            found = [
                record
                for (of, name, type_), record in self.records.items()
                if of == zone and asked.get("name", name) == name and asked.get("type", type_) == type_
            ]
            return Answer(200, {"rrsets": found})

        apis.on("POST", zones, make)
        apis.on("GET", f"{zones}/[^/]+", self.get)
        apis.on("PATCH", f"{zones}/[^/]+", self.patch)
        apis.on("DELETE", f"{zones}/[^/]+", self.delete)
        apis.on("POST", f"{zones}/[^/]+/changes", change)
        apis.on("GET", f"{zones}/[^/]+/changes/[^/]+", lambda _: Answer(200, {"status": "done"}))
        apis.on("GET", f"{zones}/[^/]+/rrsets", listed)

    def _keys(self, apis: GoogleApis) -> None:
        version = f"cloudkms.googleapis.com/v1/{_PROJECT}/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions"
        made = {"state": "ENABLED", "algorithm": "EC_SIGN_P256_SHA256", "protectionLevel": "SOFTWARE"}
        pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
        apis.on("GET", f"{version}/1", lambda r: Answer(200, made | {"name": self.name(r)}))
        apis.on(
            "GET",
            f"{version}/1/publicKey",
            lambda _: Answer(200, {"pem": pem, "algorithm": made["algorithm"]}),
        )


def _done(answer: Answer) -> Answer:
    """The answer as an operation of Compute Engine, done."""
    if answer.status != 200:
        return answer
    address = f"https://www.googleapis.com/compute/v1/projects/{ID}/global/operations/done"
    return Answer(200, {"kind": "compute#operation", "name": "done", "status": "DONE", "selfLink": address})
