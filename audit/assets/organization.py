"""What holds above resources: enabled services, organisation policies, perimeters and access levels.

Source: the REST references of Service Usage v1, Organization Policy v2, Access Context Manager v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.assets.registry import Inventory, asset_type, live, one
from audit.assets.shape import shaped, snake
from audit.model import Asset, Live


@asset_type("serviceusage.googleapis.com/Service", "google_project_service")
def service(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    if asset.data.get("state") in (None, "ENABLED"):
        yield live("google_project_service", {"service": asset.path.rsplit("/", 1)[-1]}, asset)


@asset_type("orgpolicy.googleapis.com/Policy", "google_org_policy_policy")
def org_policy(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    path = inventory.words.text(asset.path)
    more = {"name": path, "parent": path.partition("/policies/")[0]}
    yield one(asset, inventory, "google_org_policy_policy", {}, {"alternate": ""}, ("updateTime",), more)


def constraint(asset: Asset, policy: Mapping[str, Any], inventory: Inventory) -> Iterator[Live]:
    """A policy of the content type ORG_POLICY, which has the older form, as the newer one."""
    path = inventory.words.text(asset.path)
    name = str(_get(policy, "constraint", "")).removeprefix("constraints/")
    boolean, values = _get(policy, "booleanPolicy"), _get(policy, "listPolicy")
    rule: dict[str, Any] = {}
    if isinstance(boolean, Mapping):
        rule = {"enforce": str(bool(boolean.get("enforced"))).upper()}
    elif isinstance(values, Mapping):
        everything = _get(values, "allValues")
        if everything in ("ALLOW", 1):
            rule = {"allow_all": "TRUE"}
        elif everything in ("DENY", 2):
            rule = {"deny_all": "TRUE"}
        else:
            rule = {
                "values": {
                    "allowed_values": list(_get(values, "allowedValues", ())),
                    "denied_values": list(_get(values, "deniedValues", ())),
                }
            }
    spec: dict[str, Any] = {"rules": [rule]} if rule else {"reset": True}
    if isinstance(values, Mapping) and _get(values, "inheritFromParent"):
        spec["inherit_from_parent"] = True
    body = {"name": f"{path}/policies/{name}", "parent": path, "spec": spec}
    yield live("google_org_policy_policy", body, asset, name=name)


def perimeter(data: Mapping[str, Any], asset: Asset, inventory: Inventory) -> Live:
    """A service perimeter, from its resource or from the content type ACCESS_POLICY."""
    return _of_policy("google_access_context_manager_service_perimeter", data, asset, inventory)


def access_level(data: Mapping[str, Any], asset: Asset, inventory: Inventory) -> Live:
    """An access level."""
    return _of_policy("google_access_context_manager_access_level", data, asset, inventory)


def _of_policy(type_: str, data: Mapping[str, Any], asset: Asset, inventory: Inventory) -> Live:
    told = {key: value for key, value in data.items() if key != "name"}
    if "perimeter" in type_:
        told = {**told, "perimeterType": _get(told, "perimeterType", "PERIMETER_TYPE_REGULAR")}
        told.pop("perimeter_type", None)
    # Projects of a perimeter are named by their numbers, which stay.
    body, left = shaped(type_, told, ("etag",))
    name = str(data.get("name", asset.path))
    return live(type_, {**body, "name": name, "parent": "/".join(name.split("/")[:2])}, asset, left)


for _service in ("accesscontextmanager.googleapis.com", "identity.accesscontextmanager.googleapis.com"):

    @asset_type(f"{_service}/ServicePerimeter", "google_access_context_manager_service_perimeter")
    def _perimeter(asset: Asset, inventory: Inventory) -> Iterator[Live]:
        yield perimeter(asset.data, asset, inventory)

    @asset_type(f"{_service}/AccessLevel", "google_access_context_manager_access_level")
    def _access_level(asset: Asset, inventory: Inventory) -> Iterator[Live]:
        yield access_level(asset.data, asset, inventory)


def _get(tree: Mapping[str, Any], name: str, default: Any = None) -> Any:
    found = tree.get(name, tree.get(snake(name)))
    return default if found is None else found
