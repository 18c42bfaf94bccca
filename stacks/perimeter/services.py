"""Which services the perimeter restricts, which code inside may call, and what ingress opens of each."""

from __future__ import annotations

from stacks.foundation.apis import needed_apis

# Every service that VPC Service Controls can restrict and that the platform may meet, used or not: a service nobody
# uses today is no way out tomorrow. Source: cloud.google.com/vpc-service-controls/docs/supported-products.
_RESTRICTED = """
aiplatform alloydb analyticshub apigee artifactregistry backupdr batch bigquery bigquerydatapolicy bigquerydatatransfer
bigquerymigration bigtable binaryauthorization cloudasset cloudbuild clouddeploy clouderrorreporting cloudfunctions
cloudkms cloudscheduler cloudsearch cloudtasks cloudtrace composer compute connectgateway connectors
contactcenterinsights container containeranalysis containerregistry datacatalog dataflow dataform datafusion
datalineage datamigration dataplex dataproc datastream dialogflow discoveryengine dlp dns documentai eventarc file
financialservices firestore gkebackup gkehub healthcare iam iamcredentials iaptunnel integrations kubernetesmetadata
language lifesciences logging looker managedidentities managedkafka memcache meshconfig metastore ml monitoring netapp
networkconnectivity networkmanagement networksecurity networkservices notebooks ondemandscanning orgpolicy
parallelstore privateca pubsub pubsublite recaptchaenterprise recommender redis retail run secretmanager
securesourcemanager servicecontrol servicedirectory spanner speakerid speech sqladmin ssh-serialport storage
storageinsights storagetransfer sts texttospeech tpu trafficdirector transcoder translate videointelligence
videostitcher vision vmmigration vpcaccess webrisk workflows workstations
"""
RESTRICTED = tuple(f"{name}.googleapis.com" for name in _RESTRICTED.split())

# What nodes and runners call: images, the cluster, identities, objects, logs, metrics. Nothing else answers inside.
ACCESSIBLE = tuple(
    f"{name}.googleapis.com"
    for name in (
        "artifactregistry",
        "binaryauthorization",
        "compute",
        "container",
        "containeranalysis",
        "iamcredentials",
        "kubernetesmetadata",
        "logging",
        "monitoring",
        "storage",
        "sts",
    )
)

_EVERY_METHOD = ("*",)
# What `people` get of a service they name; storage is for the buckets `code`, which IAM lets them create objects in.
_METHODS = {
    "container": _EVERY_METHOD,
    "kubernetesmetadata": _EVERY_METHOD,
    "storage": ("google.storage.objects.create",),
    "logging": (
        "google.logging.v2.LoggingServiceV2.ListLogEntries",
        "google.logging.v2.LoggingServiceV2.TailLogEntries",
    ),
}


def opened(service: str, with_budgets: bool) -> dict[str, tuple[str, ...]]:
    """The services and methods that a word of `people.services` opens; `deploy` opens all that stacks are made of."""
    if service in _METHODS:
        return {f"{service}.googleapis.com": _METHODS[service]}
    used = (f"{api}.googleapis.com" for api in needed_apis(with_budgets, with_organization=True))
    return {api: _EVERY_METHOD for api in used if api in RESTRICTED}
