"""Where a team's models serve: what its stack makes of `services`, and that nothing else comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import cel
import pytest

from cloister.declarations import load, names
from cloister.declarations.service import Service
from policies.check import check_paths
from runner.image.config import read as runner_settings
from runner.image.models import request
from runner.serving import settings
from stacks.base import Stack
from stacks.team.service import _pod
from tests.stacks.cases import Case
from tests.stacks.trees import ROOT, resources, stacks, synthesized, with_services

pytestmark = pytest.mark.engine


@pytest.fixture
def stack(serving_tree: Path) -> dict[str, Any]:
    found: dict[str, Any] = stacks(serving_tree)["team-fakespot"]["resource"]
    return found


def pods(stack: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for deployment in stack["kubernetes_deployment_v1"].values():
        yield deployment["metadata"]["name"], deployment["spec"]["template"]["spec"]


@pytest.mark.parametrize("boundary", ["boundary.yaml", "examples/organization/boundary.yaml"])
def test_services_bring_no_finding(boundary: str, serving: Path, serving_tree: Path, tmp_path: Path) -> None:
    """Neither in the example nor where an organisation stands above it; a caller is an assumption with an owner."""
    home, tree = serving, serving_tree
    if boundary != "boundary.yaml":
        home = with_services(tmp_path / "company", ROOT / boundary)
        tree = synthesized(home, tmp_path / "out" / "cdktf.out")
    report = check_paths([tree], home / "boundary.yaml")
    assert [verdict for verdict in report.verdicts if verdict.findings] == []
    [channel] = [verdict for verdict in report.verdicts if verdict.id == "TEN-07"]
    assert [(item.owner, item.expires) for item in channel.assumptions] == [
        ("shop@acme.example", date(2099, 3, 31))
    ]


def test_services_change_no_other_teams_stack(serving_tree: Path, example_tree: Path) -> None:
    before, after = (
        {name: stack for name, stack in stacks(found).items() if name != "team-fakespot"}
        for found in (example_tree, serving_tree)
    )
    assert after == before


def test_the_servers_identity_reads_models_and_libraries_and_nothing_else(stack: dict[str, Any]) -> None:
    account = "${google_service_account.serving_account.member}"
    held = {
        name: (binding["role"], binding["condition"]["expression"])
        for name, binding in stack["google_storage_bucket_iam_binding"].items()
        if account in binding["members"]
    }
    assert {name: role for name, (role, _) in held.items()} == {
        "bucket_artifacts_services": "roles/storage.objectViewer",
        "bucket_code_services": "roles/storage.objectViewer",
    }
    bucket = "projects/_/buckets/acme-ml-prod-fakespot-artifacts"
    for name, listed, holds in (
        (f"{bucket}/objects/models/reviews/versions/1.json", "", True),
        (f"{bucket}/objects/runs/train/x/1/out/model.json", "", False),
        (f"{bucket}/objects/models", "", False),
        (bucket, "models/reviews/", True),
        (bucket, "", False),
        (bucket, "runs/", False),
    ):
        context = cel.Context(variables={"resource": {"name": name}, "api": {}})
        context.add_function("getAttribute", lambda _api, _name, default, listed=listed: listed or default)
        program = cel.compile(held["bucket_artifacts_services"][1])
        assert program.execute(context) is holds, (name, listed)
    bound = stack["google_service_account_iam_binding"]["serving_account_users"]
    assert bound["members"] == ["serviceAccount:acme-ml-prod.svc.id.goog[team-fakespot-serving/runner]"]


def test_pods_are_what_admission_lets_in(stack: dict[str, Any]) -> None:
    """The one form of the tables of honest pods, which the tests of admission hold a real API server to."""
    runner = load(ROOT).platform.images.runner
    honest = Case("honest", "serving", team="serves").object(runner)["spec"]
    for _, pod in pods(stack):
        assert "init_container" not in pod
        for container, twin in zip(pod["container"], honest["containers"], strict=True):
            assert container["name"] == twin["name"] and container["image"] == runner
            assert container.get("args") == twin.get("args")
            assert container.get("command") == twin.get("command")
            assert {mount["mount_path"] for mount in container["volume_mount"]} == {
                mount["mountPath"] for mount in twin["volumeMounts"]
            }
            for probe, its in (("readiness_probe", "readinessProbe"), ("liveness_probe", "livenessProbe")):
                if its in twin:
                    asked = container[probe]["http_get"]
                    assert asked == {"path": twin[its]["httpGet"]["path"], "port": "8080", "scheme": "HTTP"}
        assert pod["automount_service_account_token"] is False


def test_the_runner_and_the_server_read_their_settings(stack: dict[str, Any]) -> None:
    given = stack["kubernetes_config_map_v1"]["serving_settings"]["data"] | {
        f"CLOISTER_BUCKET_{kind.upper()}": names.bucket("acme-ml-prod", "fakespot", kind)
        for kind in names.BUCKET_KINDS
    }
    cluster = {"KUBERNETES_SERVICE_HOST": "10.24.0.1", "KUBERNETES_SERVICE_PORT": "443"}

    def environment(container: dict[str, Any]) -> dict[str, str]:
        return {item["name"]: item.get("value") or given.get(item["name"], "") for item in container["env"]}

    found = {}
    for name, pod in pods(stack):
        asked = request.read(runner_settings(environment(pod["container"][1])).spec)
        assert asked is not None
        served = settings.read(environment(pod["container"][0]) | cluster)
        found[name] = (asked.verb, asked.given["name"], asked.given["stage"], served.audience, served.callers)
    host = "team-fakespot-serving.svc.cluster.local"
    assert found == {
        "reviews": ("follow", "reviews", "production", f"reviews.{host}", {"shop"}),
        "reviews-next": ("follow", "reviews", "staging", f"reviews-next.{host}", set()),
    }


def test_nothing_comes_in_but_from_declared_callers(stack: dict[str, Any]) -> None:
    inside = [
        policy for policy in stack["kubernetes_network_policy_v1"].values()
        if "serving_namespace" in policy["metadata"]["namespace"]
    ]  # fmt: skip
    assert [policy["spec"] for policy in inside if policy["metadata"]["name"] == "deny-all"] == [
        {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}
    ]
    [policy] = [policy for policy in inside if "ingress" in policy["spec"]]
    assert policy["spec"]["pod_selector"] == {"match_labels": {"app.kubernetes.io/name": "reviews"}}
    [rule] = policy["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "8080"}]
    [peer] = rule["from"]
    assert peer == {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "shop"}}}
    out = {
        (peer["ip_block"]["cidr"], port["port"])
        for policy in inside
        for rule in policy["spec"].get("egress", ())
        for peer in rule["to"]
        for port in rule["ports"]
    }
    metadata = "169.254.169.254/32"
    assert out == {(metadata, "80"), (metadata, "53"), ("199.36.153.4/30", "443"), ("172.16.0.0/28", "443")}


def test_members_look_and_change_nothing(stack: dict[str, Any]) -> None:
    rules = stack["kubernetes_role_v1"]["serving_members"]["rule"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert {name for rule in rules for name in rule["resources"]} == {
        "pods", "events", "resourcequotas", "pods/log", "deployments", "replicasets", "horizontalpodautoscalers",
    }  # fmt: skip


def test_jobs_and_services_share_the_quota(stack: dict[str, Any]) -> None:
    """Three replicas and four, one each for a deploy among them, of 1.25 CPUs and 2.5 GiB."""
    jobs, services = (
        stack["kubernetes_resource_quota_v1"][name]["spec"]["hard"] for name in ("quota", "serving_quota")
    )
    assert (services["limits.cpu"], services["limits.memory"], services["pods"]) == ("9", "17920Mi", "7")
    assert (jobs["limits.cpu"], jobs["limits.memory"]) == ("23", "113152Mi")
    assert services["services.loadbalancers"] == services["services.nodeports"] == "0"


def test_entries_of_servers_go_to_the_teams_own_log_bucket(stack: dict[str, Any]) -> None:
    assert stack["google_logging_project_sink"]["log_sink"]["filter"] == (
        'resource.labels.namespace_name="team-fakespot" OR resource.labels.namespace_name="team-fakespot-serving"'
    )


def test_every_service_has_an_address_inside_a_budget_and_its_scaling(
    serving_tree: Path, stack: dict[str, Any]
) -> None:
    assert {service["spec"]["type"] for service in stack["kubernetes_service_v1"].values()} == {"ClusterIP"}
    assert len(stack["kubernetes_pod_disruption_budget_v1"]) == 2
    [scaling] = stack["kubernetes_horizontal_pod_autoscaler_v2"].values()
    assert (scaling["spec"]["min_replicas"], scaling["spec"]["max_replicas"]) == (1, 3)
    deployments = stack["kubernetes_deployment_v1"]
    assert deployments["service_reviews"]["spec"]["replicas"] == "2"
    assert "replicas" not in deployments["service_reviews_next"]["spec"]
    for deployment in deployments.values():
        assert deployment["spec"]["strategy"]["rolling_update"] == {"max_unavailable": "0", "max_surge": "1"}
    types = {type_ for type_, _, _ in resources(stacks(serving_tree)["team-translations"])}
    assert "kubernetes_deployment_v1" not in types


def test_a_team_on_nodes_of_its_own_serves_on_them() -> None:
    declared = load(ROOT)
    team = declared.teams["fakespot"].model_copy(update={"isolation": "dedicated"})
    service = Service(name="reviews", model="reviews")
    pod = _pod(Stack(None, declared), team, service, "runner")
    assert pod["node_selector"] == {"cloister.dev/team": "fakespot"}
    assert {item["key"] for item in pod["toleration"]} == {"cloud.google.com/gke-spot", "cloister.dev/team"}
