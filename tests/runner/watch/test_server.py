"""The watch against a real API server, with the rights that the stacks give it and real CronJobs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes import client, config

from runner.image.log import Log
from runner.watch.__main__ import watch
from runner.watch.api import Api, Unread
from tests.cluster import identities
from tests.cluster.server import api_server
from tests.stacks.trees import stacks

RUN = secrets.token_hex(4)
SYSTEM, TEAM, OTHER = f"watch-{RUN}", f"watched-{RUN}", f"unwatched-{RUN}"
RBAC = "rbac.authorization.k8s.io"
pytestmark = pytest.mark.engine


@dataclass
class Server:
    """The administrator's client, and the address and files by which a pod of the watch would reach the server."""

    admin: client.ApiClient
    environ: dict[str, str]
    account: Path

    def look(self, folder: Path, now: datetime) -> tuple[bool, list[dict[str, Any]]]:
        """What the watch answers and writes."""
        with (folder / "log").open("wb") as file:
            complete = watch(Api.of_the_pod(self.environ, self.account), SYSTEM, Log(file.fileno()), now)
        return complete, [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.fixture(scope="module")
def server(example_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Namespaces of this run's own, for the platform, for a team whose stack lets the watch in, and for one whose not."""
    admin = config.new_client_from_config(api_server())
    core = client.CoreV1Api(admin)
    for namespace in (SYSTEM, TEAM, OTHER):
        core.create_namespace({"metadata": {"name": namespace}})
    try:
        _rights(admin, stacks(example_tree))
        core.create_namespaced_service_account(SYSTEM, {"metadata": {"name": "watch"}})
        token = core.create_namespaced_service_account_token("watch", SYSTEM, {"spec": {}}).status.token
        account = tmp_path_factory.mktemp("account")
        (account / "token").write_text(token)
        authority = admin.configuration.ssl_ca_cert
        (account / "ca.crt").write_bytes(Path(authority).read_bytes())
        address = urlsplit(admin.configuration.host)
        environ = {
            "KUBERNETES_SERVICE_HOST": str(address.hostname),
            "KUBERNETES_SERVICE_PORT": str(address.port or 443),
        }
        yield Server(admin, environ, account)
    finally:
        for namespace in (SYSTEM, TEAM, OTHER):
            core.delete_namespace(namespace)
        client.RbacAuthorizationV1Api(admin).delete_cluster_role(f"watch-{RUN}")


def _rights(admin: client.ApiClient, tree: dict[str, Any]) -> None:
    """The synthesized roles and bindings, under this run's names."""
    rbac = client.RbacAuthorizationV1Api(admin)
    guardrails = tree["guardrails"]["resource"]
    binding = tree["team-translations"]["resource"]["kubernetes_role_binding_v1"]["watch_binding"]
    assert (
        binding["role_ref"]["name"]
        == guardrails["kubernetes_cluster_role_v1"]["watch_schedules"]["metadata"]["name"]
    )
    assert binding["subject"] == [{"kind": "ServiceAccount", "name": "watch", "namespace": "cloister-system"}]
    subjects = [{"kind": "ServiceAccount", "name": "watch", "namespace": SYSTEM}]
    own = _rules(guardrails["kubernetes_role_v1"]["watch_declarations"])
    rbac.create_namespaced_role(SYSTEM, {"metadata": {"name": "watch"}, "rules": own})
    everywhere = _rules(guardrails["kubernetes_cluster_role_v1"]["watch_schedules"])
    rbac.create_cluster_role({"metadata": {"name": f"watch-{RUN}"}, "rules": everywhere})
    for namespace, kind, name in ((SYSTEM, "Role", "watch"), (TEAM, "ClusterRole", f"watch-{RUN}")):
        reference = {"kind": kind, "name": name, "apiGroup": RBAC}
        rbac.create_namespaced_role_binding(
            namespace, {"metadata": {"name": "watch"}, "roleRef": reference, "subjects": subjects}
        )


def _rules(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"apiGroups": rule["api_groups"], "resources": rule["resources"], "verbs": rule["verbs"]}
        for rule in role["rule"]
    ]


def declare(server: Server, team: str, namespace: str, **schedules: tuple[str, str]) -> None:
    """The ConfigMap of a team's stack; `schedules` are cron expressions and time zones by name."""
    listed = [{"name": name, "cron": cron, "time_zone": zone} for name, (cron, zone) in schedules.items()]
    body = {
        "metadata": {"name": f"schedules-{team}", "labels": {"cloister.dev/team": team}},
        "data": {"schedules.json": json.dumps({"team": team, "namespace": namespace, "schedules": listed})},
    }
    client.CoreV1Api(server.admin).create_namespaced_config_map(SYSTEM, body)


def cron_job(server: Server, name: str, cron: str, **status: str) -> None:
    """A CronJob that starts nothing while the test runs, with a status as its controller would write it."""
    batch = client.BatchV1Api(server.admin)
    container = {"name": "main", "image": "example.com/none@sha256:" + "0" * 64}
    spec = {
        "schedule": cron,
        "timeZone": "UTC",
        "jobTemplate": {
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
        },
    }
    batch.create_namespaced_cron_job(TEAM, {"metadata": {"name": name}, "spec": spec})
    if status:
        batch.patch_namespaced_cron_job_status(name, TEAM, {"status": status})


@pytest.fixture(autouse=True)
def clean(server: Server) -> Iterator[None]:
    yield
    core, batch = client.CoreV1Api(server.admin), client.BatchV1Api(server.admin)
    core.delete_collection_namespaced_config_map(SYSTEM, label_selector="cloister.dev/team")
    batch.delete_collection_namespaced_cron_job(TEAM)


def test_a_schedule_that_never_ran_is_missed_once_it_was_due(server: Server, tmp_path: Path) -> None:
    """Weekly ones too, a week from now; and what is declared without a CronJob."""
    now = datetime.now(UTC)
    # Due in three days and every week from then.
    weekly = f"0 0 * * {(now + timedelta(days=3)).isoweekday() % 7}"
    declare(server, "a", TEAM, weekly=(weekly, "UTC"), gone=(weekly, "UTC"))
    cron_job(server, "weekly", weekly)
    for days, state in ((0, "waiting"), (2, "waiting"), (4, "not-started"), (9, "not-started")):
        complete, lines = server.look(tmp_path, now + timedelta(days=days))
        records = {line["schedule"]: line for line in lines if line["event"] == "schedule"}
        assert complete and set(records) == {"gone", "weekly"}
        assert (records["weekly"]["state"], records["weekly"]["never_ran"]) == (state, True)
        assert records["gone"]["state"] == ("waiting" if state == "waiting" else "not-deployed")
        assert records["gone"]["severity"] == ("INFO" if state == "waiting" else "WARNING")
        assert records["weekly"]["team"] == "a" and records["weekly"]["seconds_to_next_due"] > 0
    (summary,) = [line for line in lines if line["event"] == "watch"]
    assert (summary["teams"], summary["schedules"], summary["missed"], summary["complete"]) == (1, 2, 2, True)


def test_the_controllers_own_status_is_no_change(server: Server, tmp_path: Path) -> None:
    """A status written a moment ago must not make yesterday's due time forgotten."""
    now = datetime.now(UTC)
    declare(server, "a", TEAM)
    daily = "0 0 * * *"
    first = (now + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")
    cron_job(server, "daily", daily, lastScheduleTime=first, lastSuccessfulTime=first)
    _, lines = server.look(tmp_path, now + timedelta(days=2, hours=1))
    record = lines[0]
    assert (record["state"], record["declared"], record["as_declared"]) == ("not-started", False, False)
    assert 86400 <= record["seconds_since_success"] <= 2 * 86400 + 3600


def test_a_namespace_it_may_not_read_is_said_and_the_rest_is_read(server: Server, tmp_path: Path) -> None:
    declare(server, "a", TEAM)
    declare(server, "b", OTHER, nightly=("0 3 * * *", "Europe/Berlin"))
    cron_job(server, "mine", "0 0 1 1 *")
    complete, lines = server.look(tmp_path, datetime.now(UTC))
    assert not complete
    assert {(line["event"], line["severity"]) for line in lines} == {
        ("schedule", "INFO"),
        ("unread", "ERROR"),
        ("watch", "ERROR"),
    }
    unread = next(line for line in lines if line["event"] == "unread")
    assert unread["team"] == "b" and "403" in unread["message"] and "cannot list" in unread["message"]
    assert lines[-1]["unread"] == ["b"] and lines[-1]["complete"] is False


def test_it_may_list_these_and_nothing_else(server: Server) -> None:
    api = Api.of_the_pod(server.environ, server.account)
    assert list(api.list(f"/apis/batch/v1/namespaces/{TEAM}/cronjobs")) == []
    assert list(api.list(f"/api/v1/namespaces/{SYSTEM}/configmaps"))
    for path in (
        "/apis/batch/v1/cronjobs",
        f"/apis/batch/v1/namespaces/{TEAM}/jobs",
        f"/api/v1/namespaces/{TEAM}/configmaps",
        f"/api/v1/namespaces/{TEAM}/pods",
        f"/api/v1/namespaces/{SYSTEM}/secrets",
        f"/apis/batch/v1/namespaces/{SYSTEM}/cronjobs",
        "/api/v1/namespaces",
        "/api/v1/nodes",
    ):
        with pytest.raises(Unread, match="403"):
            list(api.list(path))


def test_every_page_is_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.watch.api._PAGE", 2)
    for index in range(5):
        cron_job(server, f"job-{index}", "0 0 1 1 *")
    api = Api.of_the_pod(server.environ, server.account)
    found = [item["metadata"]["name"] for item in api.list(f"/apis/batch/v1/namespaces/{TEAM}/cronjobs")]
    assert found == [f"job-{index}" for index in range(5)]


def test_a_server_nobody_vouches_for_gets_no_token(server: Server, tmp_path: Path) -> None:
    """Another authority's certificate: the connection ends before the token is sent."""
    identities.make_authority(tmp_path)
    (tmp_path / "token").write_text("secret")
    with pytest.raises(Unread, match="CERTIFICATE_VERIFY_FAILED"):
        list(Api.of_the_pod(server.environ, tmp_path).list(f"/api/v1/namespaces/{SYSTEM}/configmaps"))


def test_outside_a_pod_it_says_so(server: Server, tmp_path: Path) -> None:
    for environ, account in ((server.environ, tmp_path), ({}, server.account)):
        with pytest.raises(Unread, match="no service account of Kubernetes here"):
            Api.of_the_pod(environ, account)
