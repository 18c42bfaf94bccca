"""The names Google computes, as references to attributes that nobody sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policies.expressions.values import Unknown
from tests.policies.expressions.trees import resolved, value

RESOURCE: dict[str, Any] = {
    "google_service_account": {"a": {"account_id": "robot"}, "far": {"account_id": "robot", "project": "other"}},
    "google_compute_network": {"n": {"name": "vpc"}},
    "google_compute_subnetwork": {"s": {"name": "nodes", "network": "${google_compute_network.n.id}"}},
    "google_compute_instance": {"i": {"name": "vm", "zone": "europe-west1-b"}},
    "google_compute_router": {"r": {"name": "r", "region": "https://www.googleapis.com/compute/v1/projects/acme/regions/us-east1"}},
    "google_compute_network_firewall_policy": {"p": {"name": "policy"}},
    "google_compute_global_address": {"g": {"name": "ip"}},
    "google_storage_bucket": {"b": {"name": "acme-data", "location": "EU"}},
    "google_pubsub_topic": {"t": {"name": "events"}},
    "google_kms_key_ring": {"r": {"name": "ring", "location": "europe-west1"}},
    "google_kms_crypto_key": {"k": {"name": "key", "key_ring": "${google_kms_key_ring.r.id}"}},
    "google_secret_manager_secret": {"s": {"secret_id": "db"}},
    "google_artifact_registry_repository": {"r": {"repository_id": "images", "location": "europe-west1"}},
    "google_container_cluster": {"c": {"name": "main", "location": "europe-west1"}, "dns": {"name": "d", "control_plane_endpoints_config": {"dns_endpoint_config": {"allow_external_traffic": False}}}},
    "google_bigquery_dataset": {"d": {"dataset_id": "metrics"}},
    "google_logging_project_sink": {
        "own": {"name": "s"}, "shared": {"name": "s", "unique_writer_identity": False},
        "custom": {"name": "s", "custom_writer_identity": "serviceAccount:x@acme.iam.gserviceaccount.com"},
    },
    "google_logging_project_bucket_config": {"l": {"bucket_id": "audit", "location": "global"}},
    "google_iam_workload_identity_pool": {"w": {"workload_identity_pool_id": "ci"}},
    "google_project_iam_custom_role": {"r": {"role_id": "reader"}},
    "google_project_service_identity": {"p": {"service": "pubsub.googleapis.com"}, "g": {"service": "container.googleapis.com"}},
    "kubernetes_namespace": {"n": {"metadata": {"name": "team-a"}}},
    "kubernetes_service_account": {"s": {"metadata": [{"name": "runner", "namespace": "team-a"}]}},
    "terraform_data": {"d": {"input": {"a": 1}}},
}  # fmt: skip
DATA: dict[str, Any] = {
    "google_project": {"p": {}, "other": {"project_id": "other"}},
    "google_client_config": {"c": {}},
    "google_storage_project_service_account": {"g": {}},
    "google_compute_default_service_account": {"d": {}},
    "google_service_account": {"s": {"account_id": "x@other.iam.gserviceaccount.com"}},
    "google_compute_network": {"n": {"name": "vpc"}},
    "google_netblock_ip_ranges": {"r": {"range_type": "restricted-googleapis"}},
    "google_iam_policy": {"i": {"binding": {"role": "roles/viewer", "members": ["user:b@x", "user:a@x"]}}},
}
_COMPUTE = "projects/acme"
NAMES = {
    "google_service_account.a.email": "robot@acme.iam.gserviceaccount.com",
    "google_service_account.a.member": "serviceAccount:robot@acme.iam.gserviceaccount.com",
    "google_service_account.a.name": "projects/acme/serviceAccounts/robot@acme.iam.gserviceaccount.com",
    "google_service_account.a.id": "projects/acme/serviceAccounts/robot@acme.iam.gserviceaccount.com",
    "google_service_account.far.email": "robot@other.iam.gserviceaccount.com",
    "google_service_account.a.project": "acme",
    "google_compute_network.n.id": "projects/acme/global/networks/vpc",
    "google_compute_network.n.self_link": "https://www.googleapis.com/compute/v1/projects/acme/global/networks/vpc",
    "google_compute_subnetwork.s.id": "projects/acme/regions/europe-west1/subnetworks/nodes",
    "google_compute_subnetwork.s.network": "projects/acme/global/networks/vpc",
    "google_compute_subnetwork.s.region": "europe-west1",
    "google_compute_instance.i.id": "projects/acme/zones/europe-west1-b/instances/vm",
    "google_compute_router.r.id": "projects/acme/regions/us-east1/routers/r",
    "google_compute_network_firewall_policy.p.id": "projects/acme/global/firewallPolicies/policy",
    "google_compute_global_address.g.id": "projects/acme/global/addresses/ip",
    "google_storage_bucket.b.id": "acme-data",
    "google_storage_bucket.b.url": "gs://acme-data",
    "google_pubsub_topic.t.id": "projects/acme/topics/events",
    "google_kms_crypto_key.k.id": "projects/acme/locations/europe-west1/keyRings/ring/cryptoKeys/key",
    "google_secret_manager_secret.s.id": "projects/acme/secrets/db",
    "google_secret_manager_secret.s.name": "projects/acme/secrets/db",
    "google_artifact_registry_repository.r.id": "projects/acme/locations/europe-west1/repositories/images",
    "google_artifact_registry_repository.r.name": "images",
    "google_container_cluster.c.id": "projects/acme/locations/europe-west1/clusters/main",
    "google_bigquery_dataset.d.id": "projects/acme/datasets/metrics",
    "google_logging_project_sink.own.writer_identity": "serviceAccount:service-42@gcp-sa-logging.iam.gserviceaccount.com",
    "google_logging_project_sink.shared.writer_identity": "serviceAccount:cloud-logs@system.gserviceaccount.com",
    "google_logging_project_sink.custom.writer_identity": "serviceAccount:x@acme.iam.gserviceaccount.com",
    "google_logging_project_bucket_config.l.id": "projects/acme/locations/global/buckets/audit",
    "google_iam_workload_identity_pool.w.name": "projects/42/locations/global/workloadIdentityPools/ci",
    "google_project_iam_custom_role.r.id": "projects/acme/roles/reader",
    "google_project_service_identity.p.email": "service-42@gcp-sa-pubsub.iam.gserviceaccount.com",
    "google_project_service_identity.g.member": "serviceAccount:service-42@container-engine-robot.iam.gserviceaccount.com",
    "kubernetes_namespace.n.id": "team-a",
    "kubernetes_namespace.n.metadata[0].name": "team-a",
    "kubernetes_service_account.s.id": "team-a/runner",
    "terraform_data.d.output.a": 1,
    "data.google_project.p.project_id": "acme",
    "data.google_project.p.number": "42",
    "data.google_client_config.c.project": "acme",
    "data.google_client_config.c.region": "europe-west1",
    "data.google_storage_project_service_account.g.email_address": "service-42@gs-project-accounts.iam.gserviceaccount.com",
    "data.google_compute_default_service_account.d.email": "42-compute@developer.gserviceaccount.com",
    "data.google_service_account.s.member": "serviceAccount:x@other.iam.gserviceaccount.com",
    "data.google_compute_network.n.id": "projects/acme/global/networks/vpc",
    "data.google_netblock_ip_ranges.r.cidr_blocks_ipv4[0]": "199.36.153.4/30",
    "jsondecode(data.google_iam_policy.i.policy_data).bindings[0].members[0]": "user:a@x",
}


@pytest.mark.parametrize("reference", NAMES)
def test_name_is_a_literal(reference: str, tmp_path: Path) -> None:
    assert value(tmp_path, "${" + reference + "}", resource=RESOURCE, data=DATA) == NAMES[reference]


@pytest.mark.parametrize(
    "reference",
    [
        "google_service_account.a.unique_id",
        "google_container_cluster.c.endpoint",
        "google_container_cluster.c.master_auth[0].cluster_ca_certificate",
        "google_container_cluster.dns.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint",
        "google_compute_network.n.nonsense",
        "data.google_project.other.number",
    ],
)
def test_what_only_google_knows_is_one_exact_reference(reference: str, tmp_path: Path) -> None:
    found = value(tmp_path, "${" + reference + "}", resource=RESOURCE, data=DATA)
    assert isinstance(found, Unknown)
    assert found.refs == (f"one/{reference}",)
    assert found.exact


def test_a_name_in_a_project_that_is_unknown_is_unknown_by_reference(tmp_path: Path) -> None:
    account = {"google_service_account": {"a": {"account_id": "robot", "project": "${var.where}"}}}
    found = value(tmp_path, "${google_service_account.a.email}", resource=account, variable={"where": {}})
    assert isinstance(found, Unknown)
    assert found.refs == ("one/google_service_account.a.email",)


def test_the_provider_of_an_alias_gives_the_project(tmp_path: Path) -> None:
    provider = {"google": [{"project": "acme"}, {"alias": "far", "project": "other"}]}
    account = {"a": {"account_id": "robot", "provider": "google.far"}, "b": {"account_id": "robot"}}
    found = resolved(tmp_path, one={"provider": provider, "resource": {"google_service_account": account}})
    assert found["one/google_service_account.a"].project == "other"
    assert found["one/google_service_account.b"].project == "acme"


def test_without_a_project_nobody_knows_where_it_lies(tmp_path: Path) -> None:
    found = resolved(
        tmp_path, one={"provider": {}, "resource": {"google_service_account": {"a": {"account_id": "r"}}}}
    )
    assert isinstance(found["one/google_service_account.a"].project, Unknown)
