"""Asset types that the API and the provider describe alike: one row each, and those that hold and send nothing."""

from __future__ import annotations

from collections.abc import Iterator

from audit.assets.registry import Inventory, asset_type, live, one, plain
from audit.model import Asset, Live

plain("cloudkms.googleapis.com/KeyRing", "google_kms_key_ring", {"name": "keyRings", "location": "locations"})
plain("artifactregistry.googleapis.com/Repository", "google_artifact_registry_repository",
      {"repository_id": "repositories", "location": "locations"}, {"name": "", "cleanupPolicies": ""},
      ("sizeBytes", "satisfiesPzs", "registryUri", "vulnerabilityScanningConfig", "disallowUnspecifiedMode"))  # fmt: skip
plain(
    "pubsub.googleapis.com/Topic",
    "google_pubsub_topic",
    {"name": "topics"},
    {"schemaSettings": "", "state": ""},
)
plain("pubsub.googleapis.com/Subscription", "google_pubsub_subscription", {"name": "subscriptions"}, {},
      ("topicMessageRetentionDuration", "analyticsHubSubscriptionInfo"))  # fmt: skip
plain(
    "pubsub.googleapis.com/Schema",
    "google_pubsub_schema",
    {"name": "schemas"},
    {},
    ("revisionId", "revisionCreateTime"),
)
plain(
    "secretmanager.googleapis.com/Secret",
    "google_secret_manager_secret",
    {"secret_id": "secrets"},
    {"name": "", "replication.automatic": "replication.auto"},
    ("customerManagedEncryption",),
)
plain("binaryauthorization.googleapis.com/Policy", "google_binary_authorization_policy", {},
      {"name": ""})  # fmt: skip
plain("storagetransfer.googleapis.com/TransferJob", "google_storage_transfer_job", {"name": "transferJobs"}, {},
      ("latestOperationName", "schedule"))  # fmt: skip
plain("monitoring.googleapis.com/NotificationChannel", "google_monitoring_notification_channel", {"name": ""}, {},
      ("creationRecord", "mutationRecords", "verificationStatus"))  # fmt: skip
plain("monitoring.googleapis.com/AlertPolicy", "google_monitoring_alert_policy", {"name": ""}, {},
      ("creationRecord", "mutationRecord", "conditions.name", "validity"))  # fmt: skip
plain("monitoring.googleapis.com/UptimeCheckConfig", "google_monitoring_uptime_check_config", {"name": ""})
plain("run.googleapis.com/Job", "google_cloud_run_v2_job", {"name": "jobs", "location": "locations"})
plain("cloudfunctions.googleapis.com/Function", "google_cloudfunctions2_function", {"name": "functions", "location": "locations"}, {},
      ("environment", "satisfiesPzs", "url"))  # fmt: skip
plain("bigquery.googleapis.com/Table", "google_bigquery_table", {"dataset_id": "datasets", "table_id": "tables"},
      {"tableReference": "", "schema": ""}, ("numBytes", "numRows", "numLongTermBytes", "location", "type", "numTotalLogicalBytes"))  # fmt: skip


@asset_type("binaryauthorization.googleapis.com/Attestor", "google_binary_authorization_attestor")
def attestor(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """An attestor, and the note of the project it keeps its attestations in, which the inventory does not list."""
    move = {"userOwnedGrafeasNote": "attestationAuthorityNote"}
    names = {"name": "attestors"}
    yield one(
        asset,
        inventory,
        "google_binary_authorization_attestor",
        names,
        move,
        ("delegationServiceAccountEmail",),
    )
    note = inventory.words.text(str((asset.data.get("userOwnedGrafeasNote") or {}).get("noteReference", "")))
    place, _, name = note.partition("/notes/")
    if place == f"projects/{inventory.words.project}" and name:
        yield live("google_container_analysis_note", {"name": name}, asset, name=name)


@asset_type("cloudkms.googleapis.com/CryptoKey", "google_kms_crypto_key")
def crypto_key(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    path = inventory.words.text(asset.path)
    ring, _, name = path.partition("/cryptoKeys/")
    yield one(
        asset,
        inventory,
        "google_kms_crypto_key",
        {},
        {"name": "", "primary": "", "nextRotationTime": ""},
        (),
        {"name": name, "key_ring": ring},
    )


@asset_type("bigquery.googleapis.com/Dataset", "google_bigquery_dataset", "google_bigquery_dataset_access")
def dataset(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A dataset and its access list."""
    move = {"datasetReference": "", "satisfiesPzs": "", "type": ""}
    yield one(asset, inventory, "google_bigquery_dataset", {"dataset_id": "datasets"}, move, ("tags",))


@asset_type("run.googleapis.com/Service", "google_cloud_run_v2_service", "google_cloud_run_service")
def run_service(asset: Asset, inventory: Inventory) -> Iterator[Live]:
    """A Cloud Run service, in the newer form of the API or in the older one, which is Knative's."""
    if "spec" in asset.data:
        names = {"name": "services", "location": "locations"}
        data = {"metadata": asset.data.get("metadata"), "template": (asset.data.get("spec") or {}).get("template"),
                "traffic": (asset.data.get("spec") or {}).get("traffic")}  # fmt: skip
        yield one(Asset(asset.name, asset.type, data), inventory, "google_cloud_run_service", names)
    else:
        names = {"name": "services", "location": "locations"}
        yield one(asset, inventory, "google_cloud_run_v2_service", names)


# Asset types that hold, send and grant nothing beyond what the assets they belong to say.
HARMLESS = {
    "cloudresourcemanager.googleapis.com/Project": "the project itself: its grants, services and ancestors are read",
    "cloudbilling.googleapis.com/ProjectBillingInfo": "who pays",
    "cloudkms.googleapis.com/CryptoKeyVersion": "a version of a key that is read",
    "cloudkms.googleapis.com/ImportJob": "a way to bring a key in",
    "cloudkms.googleapis.com/EkmConfig": "which outside key manager is the default; connections are assets of their own",
    "secretmanager.googleapis.com/SecretVersion": "a version of a secret that is read",
    "artifactregistry.googleapis.com/DockerImage": "an image of a repository that is read",
    "containerregistry.googleapis.com/Image": "an image; who may read it is what its bucket or repository says",
    "monitoring.googleapis.com/Dashboard": "a drawing of metrics of the project",
    "monitoring.googleapis.com/Snooze": "a pause of an alert",
    "logging.googleapis.com/SavedQuery": "a text somebody saved",
    "logging.googleapis.com/RecentQuery": "a text somebody asked",
    "logging.googleapis.com/Settings": "where new log buckets of the project are made",
    "compute.googleapis.com/InstanceGroup": "a set of machines that are read",
    "compute.googleapis.com/InstanceGroupManager": "makes machines from a template that is read",
    "compute.googleapis.com/Autoscaler": "how many machines there are",
    "compute.googleapis.com/Commitment": "a price",
    "compute.googleapis.com/HealthCheck": "asks whether a backend answers",
    "compute.googleapis.com/HttpHealthCheck": "asks whether a backend answers",
    "compute.googleapis.com/HttpsHealthCheck": "asks whether a backend answers",
    "compute.googleapis.com/License": "a licence of an image",
    "compute.googleapis.com/SslPolicy": "which ciphers a front end takes",
    "cloudquotas.googleapis.com/QuotaPreference": "a limit",
    "essentialcontacts.googleapis.com/Contact": "whom Google writes to about the project",
    "identity.accesscontextmanager.googleapis.com/AccessPolicy": "holds perimeters and levels that are read",
    "accesscontextmanager.googleapis.com/AccessPolicy": "holds perimeters and levels that are read",
    "cloudresourcemanager.googleapis.com/Folder": "what the project hangs in: its grants are read",
    "cloudresourcemanager.googleapis.com/Organization": "what the project hangs in: its grants are read",
}  # fmt: skip
# What the inventory says of the inside of clusters; the cluster itself is asked (--context).
FROM_CLUSTER = ("k8s.io/", "apps.k8s.io/", "batch.k8s.io/", "rbac.authorization.k8s.io/", "networking.k8s.io/", "extensions.k8s.io/",
                "policy.k8s.io/", "storage.k8s.io/", "admissionregistration.k8s.io/", "gateway.networking.k8s.io/")  # fmt: skip
