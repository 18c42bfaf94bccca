"""The canary before a real API server, with the rights its stack gives and no more: then with one right too many."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kubernetes import client, config

from runner.canary import api_server
from runner.canary.probe import Untried
from runner.watch.api import Api
from runner.watch.teams import watched
from tests.cluster.server import api_server as running

RUN = secrets.token_hex(4)
SYSTEM, CANARY, TEAM = f"system-{RUN}", f"canary-{RUN}", f"tried-{RUN}"
SERVING = f"{TEAM}-serving"
RBAC = "rbac.authorization.k8s.io"
DECLARED = '{"team": "a", "namespace": "%s", "serving": "%s", "schedules": []}'


@dataclass
class Server:
    """The administrator's client, and how a pod of the canary reaches the server."""

    admin: client.ApiClient
    api: Api

    def teams(self) -> list[str]:
        return [name for each in watched(self.api, SYSTEM) for name in each.namespaces]

    def outcomes(self) -> dict[str, tuple[str, str]]:
        records = [probe.record() for probe in api_server.probes(lambda: self.api, self.teams)]
        return {record["probe"]: (record["outcome"], record["how"]) for record in records}

    def barking(self) -> set[str]:
        return {name for name, (outcome, _) in self.outcomes().items() if outcome == "escaped"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    admin = config.new_client_from_config(running())
    core, rbac = client.CoreV1Api(admin), client.RbacAuthorizationV1Api(admin)
    for namespace in (SYSTEM, CANARY, TEAM, SERVING):
        core.create_namespace({"metadata": {"name": namespace}})
    try:
        core.create_namespaced_service_account(CANARY, {"metadata": {"name": "canary"}})
        teams = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
        rbac.create_namespaced_role(SYSTEM, {"metadata": {"name": "watch"}, "rules": [teams]})
        bind(rbac, SYSTEM, "Role", "watch")
        declared = {
            "metadata": {"name": "schedules-a", "labels": {"cloister.dev/team": "a"}},
            "data": {"schedules.json": DECLARED % (TEAM, SERVING)},
        }
        core.create_namespaced_config_map(SYSTEM, declared)
        token = core.create_namespaced_service_account_token("canary", CANARY, {"spec": {}}).status.token
        account = tmp_path_factory.mktemp("account")
        (account / "token").write_text(token)
        (account / "ca.crt").write_bytes(Path(admin.configuration.ssl_ca_cert).read_bytes())
        address = urlsplit(admin.configuration.host)
        environ = {
            "KUBERNETES_SERVICE_HOST": str(address.hostname),
            "KUBERNETES_SERVICE_PORT": str(address.port or 443),
        }
        yield Server(admin, Api.of_the_pod(environ, account))
    finally:
        for namespace in (SYSTEM, CANARY, TEAM, SERVING):
            core.delete_namespace(namespace)


def bind(rbac: client.RbacAuthorizationV1Api, namespace: str, kind: str, role: str) -> None:
    """Bind a role to the canary in a namespace, or everywhere where that is empty."""
    subjects = [{"kind": "ServiceAccount", "name": "canary", "namespace": CANARY}]
    body = {
        "metadata": {"name": role},
        "roleRef": {"kind": kind, "name": role, "apiGroup": RBAC},
        "subjects": subjects,
    }
    if namespace:
        rbac.create_namespaced_role_binding(namespace, body)
    else:
        rbac.create_cluster_role_binding(body)


@pytest.fixture
def grant(server: Server) -> Iterator[Callable[..., None]]:
    """Give the canary a right it should not have, in the team's namespace or everywhere, until the test ends."""
    rbac = client.RbacAuthorizationV1Api(server.admin)
    made: list[Callable[[], object]] = []

    def granted(verb: str, resource: str, group: str = "", namespace: str = TEAM) -> None:
        name = f"hole-{RUN}-{len(made)}"
        rule = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        rbac.create_cluster_role({"metadata": {"name": name}, "rules": [rule]})
        made.append(partial(rbac.delete_cluster_role, name))
        bind(rbac, namespace, "ClusterRole", name)
        made.append(
            partial(rbac.delete_namespaced_role_binding, name, namespace)
            if namespace
            else partial(rbac.delete_cluster_role_binding, name)
        )

    yield granted
    for remove in made:
        remove()


def test_with_the_rights_of_its_stack_everything_is_held(server: Server) -> None:
    found = server.outcomes()
    assert len(found) == len(api_server.VERBS) + 4
    assert {outcome for outcome, _ in found.values()} == {"held"}, found
    assert found["api-create-pods"] == ("held", "denied (3)")  # everywhere, and in the team's namespaces
    assert found["api-pod"] == ("held", "refused with 403 (2)")
    assert found["api-anonymous"][1] in ("refused with 401", "refused with 403")


@pytest.mark.parametrize("verb", api_server.VERBS, ids=lambda verb: verb.name)
def test_each_verb_barks_where_it_is_allowed(
    server: Server, grant: Callable[..., None], verb: api_server.Verb
) -> None:
    grant(verb.verb, verb.resource, verb.group, "" if verb.everywhere else TEAM)
    expected = {verb.name}
    if verb.name == "api-create-pods":
        expected.add("api-pod")  # the attempt itself succeeds too
    assert until(server, expected) == expected
    outcome, how = server.outcomes()[verb.name]
    assert outcome == "escaped" and how.startswith("everywhere: " if verb.everywhere else f"{TEAM}: ")
    assert "hole-" in how  # the server says by which binding


def test_where_a_teams_models_serve_it_barks_too(server: Server, grant: Callable[..., None]) -> None:
    grant("create", "pods/exec", namespace=SERVING)
    assert until(server, {"api-create-pods-exec"}) == {"api-create-pods-exec"}
    assert server.outcomes()["api-create-pods-exec"][1].startswith(f"{SERVING}: ")


def test_the_attempts_bark_for_themselves(server: Server, grant: Callable[..., None]) -> None:
    grant("list", "secrets", namespace="")
    assert until(server, {"api-list-secrets", "api-secrets"}) == {"api-list-secrets", "api-secrets"}
    grant("create", "clusterrolebindings", RBAC, namespace="")
    grant("bind", "clusterroles", RBAC, namespace="")
    expected = {"api-list-secrets", "api-secrets", "api-create-clusterrolebindings", "api-binding"}
    assert until(server, expected) == expected
    bindings = client.RbacAuthorizationV1Api(server.admin).list_cluster_role_binding().items
    assert not [each for each in bindings if each.metadata.name.startswith("cloister-canary-")]


def test_nobody_is_let_in(server: Server) -> None:
    """A grant to whoever has no identity."""
    rbac = client.RbacAuthorizationV1Api(server.admin)
    name = f"hole-{RUN}-anonymous"
    rule = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}
    rbac.create_cluster_role({"metadata": {"name": name}, "rules": [rule]})
    reference = {"kind": "ClusterRole", "name": name, "apiGroup": RBAC}
    subject = {"kind": "User", "name": "system:anonymous", "apiGroup": RBAC}
    rbac.create_cluster_role_binding(
        {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    )
    try:
        assert until(server, {"api-anonymous"}) == {"api-anonymous"}
    finally:
        rbac.delete_cluster_role_binding(name)
        rbac.delete_cluster_role(name)


def until(server: Server, expected: set[str]) -> set[str]:
    """What barks, once the server has taken up a new binding."""
    found: set[str] = set()
    for _ in range(20):
        found = server.barking()
        if found == expected:
            break
    return found


def test_without_the_teams_nothing_of_theirs_is_held(server: Server) -> None:
    def unread() -> list[str]:
        raise Untried("the teams cannot be read")

    records = [probe.record() for probe in api_server.probes(lambda: server.api, unread)]
    unknown = {record["probe"] for record in records if record["outcome"] == "untried"}
    assert unknown == {verb.name for verb in api_server.VERBS if not verb.everywhere} | {"api-pod"}
    assert {record["outcome"] for record in records} == {"held", "untried"}
