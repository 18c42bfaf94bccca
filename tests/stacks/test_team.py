"""What a team gets: its rights, and nobody else's."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cel
import pytest

from cloister.declarations import names
from tests.stacks.trees import resources, stacks

pytestmark = pytest.mark.engine
VIEWER, USER = "roles/storage.objectViewer", "roles/storage.objectUser"
CREATOR = "projects/acme-ml-prod/roles/cloister_object_creator"
KEEPER = "projects/acme-ml-prod/roles/cloister_bucket_keeper"
LEGACY = {
    f"roles/storage.legacy{role}"
    for role in ("BucketOwner", "BucketReader", "BucketWriter", "ObjectOwner", "ObjectReader")
}
JOBS = "${google_service_account.account.member}"


@pytest.fixture(params=["fakespot", "translations", "vision"])
def team(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stack(grown_tree: Path, team: str) -> dict[str, Any]:
    return dict(stacks(grown_tree)[f"team-{team}"]["resource"])


@pytest.fixture
def vision(grown_tree: Path) -> dict[str, Any]:
    return dict(stacks(grown_tree)["team-vision"]["resource"])


def grants(stack: dict[str, Any], kind: str) -> dict[str, list[str]]:
    """Members by role, of the unconditional bindings of one bucket."""
    return {
        binding["role"]: binding["members"]
        for binding in stack["google_storage_bucket_iam_binding"].values()
        if binding["bucket"] == f"${{google_storage_bucket.bucket_{kind}.name}}"
        and "condition" not in binding
    }


def test_buckets_are_closed_encrypted_and_inside(stack: dict[str, Any], team: str) -> None:
    for kind, bucket in stack["google_storage_bucket"].items():
        assert bucket["name"] == f"acme-ml-prod-{team}-{kind.removeprefix('bucket_')}"
        assert bucket["public_access_prevention"] == "enforced"
        assert bucket["uniform_bucket_level_access"] is True
        assert bucket["location"] == "EUROPE-WEST1"
        assert bucket["encryption"]["default_kms_key_name"].endswith("/keyRings/ml/cryptoKeys/storage")
        assert bucket["labels"] == {"team": team}
        assert bucket["force_destroy"] is False
        sources = bucket.get("ip_filter", {}).get("vpc_network_sources")
        # vision's artifacts are released to people, who read them from wherever they are.
        if kind == "bucket_data" or (kind == "bucket_artifacts" and team != "vision"):
            inside = ["10.10.0.0/20", "10.20.0.0/16"]
            assert sources == [
                {"network": "projects/acme-ml-prod/global/networks/ml", "allowed_ip_cidr_ranges": inside}
            ]
        else:
            assert sources is None


def test_rights_on_buckets_are_these_and_no_others(stack: dict[str, Any], team: str) -> None:
    members = f"group:{team}-ml@acme.example"
    sources = {CREATOR: ["serviceAccount:telemetry@acme-ml-prod.iam.gserviceaccount.com"]}
    expected = {
        "code": {VIEWER: [JOBS], CREATOR: [members]},
        "data": {VIEWER: [JOBS], **(sources if team == "vision" else {})},
        "artifacts": {USER: [JOBS]},
        "results": {CREATOR: [JOBS]},
    }
    for kind, rights in expected.items():
        nobody = {role: [] for role in LEGACY}
        assert grants(stack, kind) == {**rights, **nobody, KEEPER: ["group:ml-platform@acme.example"]}


def test_convenience_rights_go_only_once_operators_keep_the_bucket(stack: dict[str, Any]) -> None:
    for binding in stack["google_storage_bucket_iam_binding"].values():
        if binding["role"] in LEGACY:
            kind = binding["bucket"].split(".")[1]
            assert binding["depends_on"] == [f"google_storage_bucket_iam_binding.{kind}_bucket_keeper"]


def test_shares_and_releases_end_by_themselves(vision: dict[str, Any]) -> None:
    conditional = [
        binding for binding in vision["google_storage_bucket_iam_binding"].values() if "condition" in binding
    ]
    found = {(binding["bucket"].split("_")[-1].split(".")[0], *binding["members"]) for binding in conditional}
    assert found == {
        ("results", "group:vision-release@acme.example", "serviceAccount:team-fakespot@acme-ml-prod.iam.gserviceaccount.com"),
        ("artifacts", "group:vision-release@acme.example"),
    }  # fmt: skip
    for binding in conditional:
        assert binding["role"] == VIEWER
        expression = binding["condition"]["expression"]
        last = {"results": (2099, 3, 31), "artifacts": (2099, 12, 31)}[
            binding["bucket"].split("_")[-1].split(".")[0]
        ]
        for moment, holds in (
            (datetime(*last, 23, 59, 59, tzinfo=UTC), True),
            (datetime(last[0] + (last[1] == 12), last[1] % 12 + 1, 1, tzinfo=UTC), False),
        ):
            assert cel.evaluate(expression, {"request": {"time": moment}}) is holds


def test_the_identity_is_usable_by_exactly_one_service_account(stack: dict[str, Any], team: str) -> None:
    (binding,) = stack["google_service_account_iam_binding"].values()
    assert binding["role"] == "roles/iam.workloadIdentityUser"
    assert binding["members"] == [f"serviceAccount:acme-ml-prod.svc.id.goog[team-{team}/runner]"]
    (account,) = stack["kubernetes_service_account_v1"].values()
    assert account["automount_service_account_token"] is False
    assert account["metadata"]["name"] == "runner"


def test_members_have_only_the_connection_in_the_project(stack: dict[str, Any], team: str) -> None:
    (role,) = stack["google_project_iam_custom_role"].values()
    assert role["permissions"] == ["container.clusters.connect", "container.clusters.get"]
    (binding,) = stack["google_project_iam_binding"].values()
    assert binding["members"] == [f"group:{team}-ml@acme.example"]


def test_members_cannot_reach_into_pods(stack: dict[str, Any]) -> None:
    (role,) = stack["kubernetes_role_v1"].values()
    allowed = {
        (group, resource, verb)
        for rule in role["rule"]
        for group in rule["api_groups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    read = {"get", "list", "watch"}
    write = read | {"create", "update", "patch", "delete"}
    assert allowed == {
        *(("batch", resource, verb) for resource in ("jobs", "cronjobs") for verb in write),
        *(("", resource, verb) for resource in ("pods", "events", "resourcequotas") for verb in read),
        ("", "pods/log", "get"),
    }


def test_the_namespace_says_what_its_pods_are_held_to(stack: dict[str, Any], team: str) -> None:
    (namespace,) = stack["kubernetes_namespace_v1"].values()
    labels = namespace["metadata"]["labels"]
    assert labels["team"] == labels["cloister.dev/team"] == team
    assert labels["cloister.dev/network"] == ("project" if team == "vision" else "sealed")
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.34"


def test_pods_reach_metadata_dns_and_google_only(stack: dict[str, Any]) -> None:
    policies = stack["kubernetes_network_policy_v1"]
    deny = policies["deny_all"]["spec"]
    assert deny["pod_selector"] == {} and set(deny["policy_types"]) == {"Ingress", "Egress"}
    assert "egress" not in deny and "ingress" not in deny
    allowed = {
        (peer["ip_block"]["cidr"], port["protocol"], port["port"])
        for policy in policies.values()
        for rule in policy["spec"].get("egress", [])
        for peer in rule["to"]
        for port in rule["ports"]
    }
    assert allowed == {
        ("169.254.169.254/32", "TCP", "80"),
        ("169.254.169.254/32", "TCP", "53"),
        ("169.254.169.254/32", "UDP", "53"),
        ("199.36.153.4/30", "TCP", "443"),
    }
    assert all("ingress" not in policy["spec"] for policy in policies.values())


def test_quotas_tell_accelerators_apart(vision: dict[str, Any]) -> None:
    quotas = {
        quota["metadata"]["name"]: quota["spec"] for quota in vision["kubernetes_resource_quota_v1"].values()
    }
    assert quotas["team"]["hard"]["requests.nvidia.com/gpu"] == "8"
    assert quotas["team"]["hard"]["services.loadbalancers"] == "0"
    assert quotas["team"]["hard"]["services.nodeports"] == "0"
    assert quotas["nvidia-l4"]["hard"] == {"requests.nvidia.com/gpu": "8"}
    (scope,) = quotas["nvidia-l4"]["scope_selector"]["match_expression"]
    assert scope == {"scope_name": "PriorityClass", "operator": "In", "values": ["cloister-nvidia-l4"]}


def test_a_team_without_gpus_gets_none(grown_tree: Path) -> None:
    fakespot = stacks(grown_tree)["team-fakespot"]["resource"]["kubernetes_resource_quota_v1"]
    assert fakespot["quota"]["spec"]["hard"]["requests.nvidia.com/gpu"] == "0"
    assert fakespot["quota_nvidia_l4"]["spec"]["hard"]["requests.nvidia.com/gpu"] == "0"


def test_a_dedicated_team_has_nodes_only_it_tolerates(vision: dict[str, Any]) -> None:
    for pool in vision["google_container_node_pool"].values():
        node = pool["node_config"]
        assert {"key": "cloister.dev/team", "value": "vision", "effect": "NO_SCHEDULE"} in node["taint"]
        assert node["labels"]["cloister.dev/team"] == "vision"
        assert node["resource_labels"] == {"team": "vision"}
        assert node["workload_metadata_config"] == {"mode": "GKE_METADATA"}
        assert pool["network_config"] == {"enable_private_nodes": True}


def test_logs_go_to_the_teams_own_bucket_and_readers(stack: dict[str, Any], team: str) -> None:
    (bucket,) = stack["google_logging_project_bucket_config"].values()
    assert bucket["bucket_id"] == f"team-{team}" and bucket["retention_days"] == 400
    (sink,) = stack["google_logging_project_sink"].values()
    assert sink["filter"] == f'resource.labels.namespace_name="team-{team}"'
    assert sink["destination"].startswith("logging.googleapis.com/${google_logging_project_bucket_config.")
    (readers,) = stack["google_logging_log_view_iam_binding"].values()
    assert readers["members"] == [f"group:{team}-ml@acme.example", "group:ml-platform@acme.example"]


def test_alerts_reach_the_declared_people(stack: dict[str, Any]) -> None:
    for channel in stack["google_monitoring_notification_channel"].values():
        assert channel["type"] == "email"
        assert channel["labels"] == {"email_address": "ml-oncall@acme.example"}


def test_the_dashboard_is_json(stack: dict[str, Any], team: str) -> None:
    (dashboard,) = stack["google_monitoring_dashboard"].values()
    assert json.loads(dashboard["dashboard_json"])["displayName"] == f"Team {team}"


def test_budgets_come_with_a_billing_account(grown_tree: Path, billed_tree: Path) -> None:
    assert all("google_billing_budget" not in stack["resource"] for stack in stacks(grown_tree).values())
    billed = stacks(billed_tree)
    (budget,) = billed["team-vision"]["resource"]["google_billing_budget"].values()
    assert budget["amount"]["specified_amount"] == {"units": "9000", "currency_code": "EUR"}
    assert budget["all_updates_rule"]["disable_default_iam_recipients"] is True
    assert "google_billing_budget" not in billed["team-fakespot"]["resource"]
    assert "api_billingbudgets" in billed["foundation"]["resource"]["google_project_service"]


def test_locked_logs_are_never_destroyed(billed_tree: Path) -> None:
    for stack in stacks(billed_tree).values():
        for bucket in stack["resource"].get("google_logging_project_bucket_config", {}).values():
            assert bucket["locked"] is True and bucket["lifecycle"] == {"prevent_destroy": True}


def test_metaflow_is_configured_for_what_the_team_may_use(grown_tree: Path) -> None:
    teams = stacks(grown_tree)
    sealed, networked = (
        json.loads(
            teams[f"team-{team}"]["resource"]["kubernetes_config_map_v1"]["metaflow"]["data"]["config.json"]
        )
        for team in ("translations", "vision")
    )
    assert sealed == {"METAFLOW_DEFAULT_DATASTORE": "local", "METAFLOW_DEFAULT_METADATA": "local"}
    assert networked["METAFLOW_DATASTORE_SYSROOT_GS"] == "gs://acme-ml-prod-vision-artifacts/metaflow"
    assert networked["METAFLOW_KUBERNETES_SERVICE_ACCOUNT"] == "runner"
    assert networked["METAFLOW_KUBERNETES_NODE_SELECTOR"] == "cloister.dev/team=vision"
    (toleration,) = json.loads(networked["METAFLOW_KUBERNETES_TOLERATIONS"])
    assert toleration == {
        "key": "cloister.dev/team",
        "operator": "Equal",
        "value": "vision",
        "effect": "NoSchedule",
    }
    assert "metaflow" not in teams["team-fakespot"]["resource"]["kubernetes_config_map_v1"]


def test_the_runner_finds_its_settings(stack: dict[str, Any], team: str) -> None:
    settings = stack["kubernetes_config_map_v1"]["settings"]
    assert settings["metadata"]["name"] == names.CONFIG_MAP
    assert set(settings["data"]) <= set(names.PLATFORM_VARIABLES)
    assert settings["data"]["CLOISTER_TEAM"] == team
    assert settings["data"]["CLOISTER_BUCKET_CODE"] == "${google_storage_bucket.bucket_code.name}"


def test_everything_that_can_carry_the_teams_label_does(grown_tree: Path) -> None:
    from tests.stacks.test_provider_schema import schema

    for name, stack in stacks(grown_tree).items():
        if not name.startswith("team-"):
            continue
        for type_, id_, arguments in resources(stack):
            if (
                "o" in schema()[type_].get("labels", ("", ""))[1]
                and type_ != "google_monitoring_notification_channel"
            ):
                assert arguments["labels"] == {"team": name.removeprefix("team-")}, f"{type_}.{id_}"


def test_names_are_built_in_one_place() -> None:
    """No stack's module builds a resource's name from the team's or the platform's."""
    import stacks as package

    root = Path(package.__path__[0])
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg in (
                "name",
                "account_id",
                "bucket_id",
                "role_id",
                "repository_id",
            ):
                assert not isinstance(node.value, ast.JoinedStr), (
                    f"{path.relative_to(root)}:{node.value.lineno}"
                )
