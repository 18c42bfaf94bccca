"""Whose a resource is: the order of the answers, and what two answers come to."""

from __future__ import annotations

from policies.facts.ownership import claims, owner, teams_of
from tests.policies.iam.worlds import PROJECT, account, workload, world

RED = {"metadata": {"name": "red-space", "labels": {"team": "red"}}}
BLUE = {"metadata": {"name": "blue-space", "labels": {"cloister.dev/team": "blue"}}}
TREE = {
    "kubernetes_namespace": {"red": RED, "blue": BLUE},
    "google_service_account": {
        "red": {"project": PROJECT, "account_id": "red"},
        "nobody": {"project": PROJECT, "account_id": "nobody"},
    },
    "google_service_account_iam_member": {
        "red": {
            "service_account_id": "${google_service_account.red.name}",
            "role": "roles/iam.workloadIdentityUser",
            "member": workload("red-space", "app"),
        }
    },
    "google_storage_bucket": {
        "labelled": {"name": "labelled", "labels": {"team": "blue"}},
        "granted": {"name": "granted"},
        "plain": {"name": "plain"},
    },
    "google_storage_bucket_iam_member": {
        "granted": {"bucket": "granted", "role": "roles/storage.objectViewer", "member": account("red")},
        "plain": {"bucket": "plain", "role": "roles/storage.objectViewer", "member": account("nobody")},
    },
    "google_pubsub_topic": {"t": {"name": "t", "labels": {"team": "red"}}},
    "google_pubsub_subscription": {"s": {"name": "s", "topic": "${google_pubsub_topic.t.id}"}},
    "kubernetes_config_map": {"c": {"metadata": {"name": "c", "namespace": "blue-space"}}},
}


def test_each_answer() -> None:
    tree = world(TREE)
    expected = {
        "kubernetes_namespace.red": "red",
        "kubernetes_namespace.blue": "blue",
        "google_service_account.red": "red",
        "google_service_account.nobody": None,
        "google_storage_bucket.labelled": "blue",
        "google_storage_bucket.granted": "red",
        "google_storage_bucket.plain": None,
        "google_pubsub_topic.t": "red",
        "google_pubsub_subscription.s": "red",
        "kubernetes_config_map.c": "blue",
    }
    found = {address: tree.at(f"platform/{address}") for address in expected}
    assert {a: owner(tree, res) for a, res in found.items() if res is not None} == expected


def test_the_stack_comes_first_and_a_label_may_contradict_it() -> None:
    tree = world(
        {"google_storage_bucket": {"b": {"name": "b", "labels": {"team": "red"}}}}, stack="team-blue"
    )
    bucket = tree.of("google_storage_bucket")[0]
    assert owner(tree, bucket) == "blue"
    assert {claim.team for claim in claims(tree, bucket)} == {"red", "blue"}


def test_members_of_teams() -> None:
    bound = {
        "kubernetes_role_binding": {
            "x": {
                "metadata": {"name": "x", "namespace": "red-space"},
                "role_ref": {"kind": "Role", "name": "r", "api_group": "rbac.authorization.k8s.io"},
                "subject": [{"kind": "Group", "name": "people@acme.example"}],
            }
        }
    }
    tree = world({**TREE, **bound}, teams={"green": {}})
    everyone = frozenset({"red", "blue", "green"})
    pool = f"principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/{PROJECT}.svc.id.goog"
    assert teams_of(tree, account("red")) == {"red"}
    assert teams_of(tree, account("nobody")) == frozenset()
    assert teams_of(tree, workload("blue-space", "any")) == {"blue"}
    assert teams_of(tree, workload("elsewhere", "any")) == frozenset()
    assert teams_of(tree, "group:green@acme.example") == {"green"}
    assert teams_of(tree, "group:people@acme.example") == {"red"}
    assert teams_of(tree, f"{pool}/*") == everyone
    assert (
        teams_of(tree, f"principalSet://cloudresourcemanager.googleapis.com/projects/{PROJECT}") == everyone
    )
    assert teams_of(tree, "user:eve@evil.example") == frozenset()


def _bound(*namespaces: str) -> dict[str, dict[str, object]]:
    spaces = {
        name: {"metadata": {"name": name, "labels": {"team": name[-1]}}} for name in ("team-a", "team-b")
    }
    bindings = {
        f"x{i}": {
            "metadata": {"name": "x", "namespace": name},
            "role_ref": {"kind": "ClusterRole", "name": "view", "api_group": "rbac.authorization.k8s.io"},
            "subject": [
                {"kind": "Group", "name": "team-a@acme.example"},
                {"kind": "Group", "name": "platform-admins@acme.example"},
            ],
        }
        for i, name in enumerate(namespaces)
    }
    viewer = {
        "project": PROJECT,
        "role": "roles/container.viewer",
        "member": "group:platform-admins@acme.example",
    }
    return {
        "kubernetes_namespace": spaces,
        "kubernetes_role_binding": bindings,
        "google_project_iam_member": {"v": viewer},
    }


def test_trusted_groups_that_look_after_namespaces_are_the_platforms() -> None:
    for namespaces in (["team-a"], ["team-a", "team-b"]):
        tree = world(_bound(*namespaces))
        assert teams_of(tree, "group:platform-admins@acme.example") == frozenset(), namespaces
        assert teams_of(tree, "group:team-a@acme.example") == {"a"}, namespaces
