"""An export that is being made: assets, policies, and what tests change in them."""

from __future__ import annotations

from typing import Any

from policies.facts.world import World
from tests.audit.deployed.words import NUMBER, Json


class Answering:
    """The export's assets by content, each a list as the inventory writes it (one a line)."""

    def __init__(self, world: World, organization: str | None = None) -> None:
        self.world = world
        self.organization = organization
        self.resources: list[Json] = []
        self.policies: dict[str, Json] = {}
        self.org: list[Json] = []
        self.access: list[Json] = []
        self._types: dict[str, str] = {}
        for res in world.resources:
            if res.mode == "managed" and res.type.startswith("google_"):
                # Acts, promises and drawings have no inverse: the inventory does not list them.
                getattr(self, f"_{res.type.removeprefix('google_')}", lambda _: None)(res)
        self.rules()
        self.googles()

    def asset(self, name: str) -> Json:
        """The data of an asset, by the end of its name."""
        return next(item["resource"]["data"] for item in self.resources if item["name"].endswith(name))

    def add(self, type_: str, path: str, data: Json, **more: Any) -> None:
        service = type_.partition("/")[0]
        ancestors = [
            f"projects/{NUMBER}",
            *([f"organizations/{self.organization}"] if self.organization else []),
        ]
        self.resources.append(
            {"name": f"//{service}/{path}", "asset_type": type_, "ancestors": ancestors, "update_time": "2026-11-30T08:00:00Z",
             "resource": {"version": "v1", "discovery_name": type_.rpartition("/")[2], "parent": f"//cloudresourcemanager.googleapis.com/projects/{NUMBER}",
                          "data": data}}
        )  # fmt: skip
        self._types[path] = type_

    def remove(self, name: str) -> None:
        before = len(self.resources)
        self.resources = [item for item in self.resources if not item["name"].endswith(name)]
        assert len(self.resources) < before, name

    def grant(self, path: str, type_: str, role: str, *members: str, condition: Json | None = None) -> None:
        service = type_.partition("/")[0]
        policy = self.policies.setdefault(f"//{service}/{path}", {"asset_type": type_, "bindings": []})
        policy["bindings"].append(
            {"role": role, "members": list(members)} | ({"condition": condition} if condition else {})
        )

    def iam(self) -> list[Json]:
        found = []
        for name, policy in self.policies.items():
            body = {"bindings": policy["bindings"], "etag": "BwYX"}
            if "audit_configs" in policy:
                body["audit_configs"] = policy["audit_configs"]
            found.append(
                {
                    "name": name,
                    "asset_type": policy["asset_type"],
                    "iam_policy": body,
                    "ancestors": [f"projects/{NUMBER}"],
                }
            )
        return found

    def googles(self) -> None:
        """What every project has by itself."""

    def rules(self) -> None:
        """What stands within other assets, once all of those are there."""
