"""Roles against the whole data set, decoded at once."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files

from policies.facts.roles import permissions, predefined
from tests.policies.iam.worlds import PROJECT, world


def test_every_predefined_role() -> None:
    raw = files("policies.data").joinpath("gcp-roles.json.gz").read_bytes()
    data = json.loads(gzip.decompress(raw))
    names = data["permissions"]
    assert len(data["roles"]) > 2400
    for role, indices in data["roles"].items():
        assert predefined(role) == {names[index] for index in indices}, role


def test_roles_that_are_not() -> None:
    for name in ("roles/storage.objectView", "roles/", "", 'roles/x":[1]', "projects/other/roles/x"):
        assert predefined(name) is None


def test_custom_roles_by_name_and_reference() -> None:
    roles = {
        "r": {"project": PROJECT, "role_id": "reader", "title": "x", "permissions": ["storage.objects.get"]}
    }
    tree = world(
        {
            "google_project_iam_custom_role": roles,
            "google_project_iam_member": {
                "name": {
                    "project": PROJECT,
                    "role": f"projects/{PROJECT}/roles/reader",
                    "member": "allUsers",
                },
                "id": {
                    "project": PROJECT,
                    "role": "${google_project_iam_custom_role.r.id}",
                    "member": "allUsers",
                },
                "other": {"project": PROJECT, "role": "projects/other/roles/reader", "member": "allUsers"},
            },
        }
    )
    found = [permissions(tree, res.get("role")) for res in tree.of("google_project_iam_member")]
    assert found == [{"storage.objects.get"}, {"storage.objects.get"}, None]
