"""The forms of Google's resource names, by resource type and attribute.

Source: the "Attributes Reference" of each type in the provider's documentation, google 6.50.0. In a form ``{x}`` is
the argument ``x``, ``{x:last}`` the last part of its path, ``{number}`` the number of the project it lies in.
"""

from __future__ import annotations

import re
from functools import cache

from policies.expressions.schema import attributes

_PROJECT = "projects/{project}"
_LOCAL = "projects/{project}/locations/{location}"
_REGIONAL = "projects/{project}/locations/{region}"
_GLOBAL = "projects/{project}/locations/global"
_COMPUTE_URL = "https://www.googleapis.com/compute/v1/"

# The id of each type; types named here under _NAMED also have it as their name.
_IDS = {
    "alloydb_cluster": f"{_LOCAL}/clusters/{{cluster_id}}",
    "alloydb_instance": "{cluster}/instances/{instance_id}",
    "artifact_registry_repository": f"{_LOCAL}/repositories/{{repository_id}}",
    "bigquery_connection": f"{_LOCAL}/connections/{{connection_id}}",
    "bigquery_dataset": f"{_PROJECT}/datasets/{{dataset_id}}",
    "bigquery_routine": f"{_PROJECT}/datasets/{{dataset_id}}/routines/{{routine_id}}",
    "bigquery_table": f"{_PROJECT}/datasets/{{dataset_id}}/tables/{{table_id}}",
    "bigtable_instance": f"{_PROJECT}/instances/{{name}}",
    "binary_authorization_attestor": f"{_PROJECT}/attestors/{{name}}",
    "certificate_manager_certificate": f"{_LOCAL}/certificates/{{name}}",
    "cloud_run_service": "locations/{location}/namespaces/{project}/services/{name}",
    "cloud_run_v2_job": f"{_LOCAL}/jobs/{{name}}",
    "cloud_run_v2_service": f"{_LOCAL}/services/{{name}}",
    "cloud_run_v2_worker_pool": f"{_LOCAL}/workerPools/{{name}}",
    "cloud_scheduler_job": f"{_REGIONAL}/jobs/{{name}}",
    "cloud_tasks_queue": f"{_LOCAL}/queues/{{name}}",
    "cloudbuild_worker_pool": f"{_LOCAL}/workerPools/{{name}}",
    "cloudfunctions2_function": f"{_LOCAL}/functions/{{name}}",
    "container_analysis_note": f"{_PROJECT}/notes/{{name}}",
    "container_cluster": f"{_LOCAL}/clusters/{{name}}",
    "container_node_pool": "{project}/{location}/{cluster:last}/{name}",
    "data_fusion_instance": f"{_REGIONAL}/instances/{{name}}",
    "dns_managed_zone": f"{_PROJECT}/managedZones/{{name}}",
    "dns_policy": f"{_PROJECT}/policies/{{name}}",
    "dns_record_set": f"{_PROJECT}/managedZones/{{managed_zone}}/rrsets/{{name}}/{{type}}",
    "dns_response_policy": f"{_PROJECT}/responsePolicies/{{response_policy_name}}",
    "dns_response_policy_rule": f"{_PROJECT}/responsePolicies/{{response_policy}}/rules/{{rule_name}}",
    "eventarc_channel": f"{_LOCAL}/channels/{{name}}",
    "eventarc_trigger": f"{_LOCAL}/triggers/{{name}}",
    "filestore_instance": f"{_LOCAL}/instances/{{name}}",
    "firestore_database": f"{_PROJECT}/databases/{{name}}",
    "iam_workload_identity_pool": f"{_GLOBAL}/workloadIdentityPools/{{workload_identity_pool_id}}",
    "iam_workload_identity_pool_provider": f"{_GLOBAL}/workloadIdentityPools/{{workload_identity_pool_id}}"
    "/providers/{workload_identity_pool_provider_id}",
    "kms_crypto_key": "{key_ring}/cryptoKeys/{name}",
    "kms_key_ring": f"{_LOCAL}/keyRings/{{name}}",
    "logging_log_view": "{parent}/locations/{location}/buckets/{bucket}/views/{name}",
    "logging_project_bucket_config": f"{_LOCAL}/buckets/{{bucket_id}}",
    "logging_project_exclusion": f"{_PROJECT}/exclusions/{{name}}",
    "logging_project_sink": f"{_PROJECT}/sinks/{{name}}",
    "network_connectivity_hub": f"{_GLOBAL}/hubs/{{name}}",
    "network_connectivity_policy_based_route": f"{_GLOBAL}/policyBasedRoutes/{{name}}",
    "network_connectivity_spoke": f"{_LOCAL}/spokes/{{name}}",
    "network_security_address_group": "{parent}/locations/{location}/addressGroups/{name}",
    "notebooks_instance": f"{_LOCAL}/instances/{{name}}",
    "privateca_ca_pool": f"{_LOCAL}/caPools/{{name}}",
    "project": "projects/{project_id}",
    "project_iam_custom_role": f"{_PROJECT}/roles/{{role_id}}",
    "project_service": "{project}/{service}",
    "pubsub_lite_topic": "projects/{project}/locations/{zone}/topics/{name}",
    "pubsub_schema": f"{_PROJECT}/schemas/{{name}}",
    "pubsub_subscription": f"{_PROJECT}/subscriptions/{{name}}",
    "pubsub_topic": f"{_PROJECT}/topics/{{name}}",
    "redis_instance": f"{_REGIONAL}/instances/{{name}}",
    "secret_manager_secret": f"{_PROJECT}/secrets/{{secret_id}}",
    "service_account": f"{_PROJECT}/serviceAccounts/{{email}}",
    "spanner_instance": "{project}/{name}",
    "storage_bucket": "{name}",
    "storage_managed_folder": "{bucket}/{name}",
    "vpc_access_connector": f"{_REGIONAL}/connectors/{{name}}",
    "workflows_workflow": f"{_REGIONAL}/workflows/{{name}}",
}
_NAMED = (
    "bigquery_connection", "project_iam_custom_role", "secret_manager_secret", "service_account",
    "logging_project_bucket_config",
)  # fmt: skip
_OTHERS = {
    "artifact_registry_repository": {
        "name": "{repository_id}", "registry_uri": "{location}-docker.pkg.dev/{project}/{repository_id}",
    },
    "container_cluster": {"self_link": "https://container.googleapis.com/v1/" + f"{_LOCAL}/clusters/{{name}}"},
    "iam_workload_identity_pool": {
        "name": "projects/{number}/locations/global/workloadIdentityPools/{workload_identity_pool_id}",
    },
    "iam_workload_identity_pool_provider": {
        "name": "projects/{number}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
        "/providers/{workload_identity_pool_provider_id}",
    },
    "logging_project_sink": {
        "writer_identity": "serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
    },
    "service_account": {
        "email": "{account_id}@{project}.iam.gserviceaccount.com",
        "member": "serviceAccount:{account_id}@{project}.iam.gserviceaccount.com",
    },
    "storage_bucket": {
        "url": "gs://{name}", "self_link": "https://www.googleapis.com/storage/v1/b/{name}",
    },
}  # fmt: skip
# Compute types whose collection is not the plural of the type's name.
_COLLECTIONS = {
    "compute_ha_vpn_gateway": "vpnGateways", "compute_managed_ssl_certificate": "sslCertificates",
    "compute_network_firewall_policy": "firewallPolicies",
    "compute_network_firewall_policy_with_rules": "firewallPolicies",
    "compute_region_network_firewall_policy": "firewallPolicies",
    "compute_region_network_firewall_policy_with_rules": "firewallPolicies",
    "compute_vpn_gateway": "targetVpnGateways",
}  # fmt: skip
# Compute types that are parts of others, or stand above projects: their ids have forms of their own.
_PARTS = re.compile(
    r"_(?:iam_\w+|attachment|association|config|rule|rules|key|membership|named_port|endpoint|endpoints|peering"
    r"|interface|nat|nat_address|peer|request|item|metadata|tier|settings|project|feature|set|wire_group|route_policy)$"
    r"|^compute_(?:firewall_policy|organization_|rollout|attached_disk|disk_async|instance_from_template)"
)


@cache
def forms(type_: str) -> dict[str, str]:
    """The forms of a type's computed attributes, by attribute; empty when none is known."""
    name = type_.removeprefix("google_")
    found: dict[str, str] = {}
    if name in _IDS:
        found["id"] = _IDS[name]
        if name in _NAMED:
            found["name"] = _IDS[name]
    elif name.startswith("compute_") and (name in _COLLECTIONS or name in _WHOLE or not _PARTS.search(name)):
        found["id"] = _compute_id(type_, name)
        found["self_link"] = _COMPUTE_URL + found["id"]
    return found | _OTHERS.get(name, {})


# Types that look like parts but are resources of their own.
_WHOLE = ("compute_forwarding_rule", "compute_global_forwarding_rule", "compute_network_attachment",
          "compute_service_attachment", "compute_interconnect_attachment")  # fmt: skip


# Global types that take the region or zone of something else.
_GLOBAL_TYPES = ("compute_instance_template", "compute_snapshot")


def _compute_id(type_: str, name: str) -> str:
    schema = attributes(type_)
    kind = re.sub(r"^compute_(?:region_|global_)?", "", name)
    place = "zones/{zone}" if "zone" in schema else "regions/{region}" if "region" in schema else "global"
    place = "global" if name in _GLOBAL_TYPES else place
    return f"{_PROJECT}/{place}/{_COLLECTIONS.get(name) or _plural(kind)}/{{name}}"


def _plural(kind: str) -> str:
    """``ssl_policy`` to ``sslPolicies``, ``address`` to ``addresses``."""
    head, *rest = kind.split("_")
    name = head + "".join(part.capitalize() for part in rest)
    if name.endswith("y") and not name.endswith("ay"):
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x")) else "s")
