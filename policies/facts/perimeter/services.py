"""Google services that hold or move data, and which of them VPC Service Controls can restrict.

Source: cloud.google.com/vpc-service-controls/docs/supported-products (catalogue API-07).
"""

from __future__ import annotations

_NAMES = (
    "aiplatform alloydb analyticshub apigee artifactregistry backupdr batch bigquery bigquerydatapolicy bigquerydatatransfer "
    "bigquerymigration bigtable binaryauthorization cloudasset cloudbuild cloudfunctions cloudkms cloudscheduler cloudsearch "
    "cloudtasks cloudtrace clouddeploy composer compute connectgateway connectors contactcenterinsights container "
    "containeranalysis containerregistry datacatalog dataflow dataform datafusion datalineage datamigration dataplex dataproc "
    "datastream dialogflow discoveryengine dlp dns documentai eventarc file financialservices firestore gkebackup gkehub "
    "healthcare iam iamcredentials iaptunnel integrations kubernetesmetadata language lifesciences logging looker managedidentities "
    "managedkafka memcache meshconfig metastore ml monitoring netapp networkconnectivity networkmanagement networksecurity "
    "networkservices notebooks ondemandscanning orgpolicy parallelstore privateca pubsub pubsublite recaptchaenterprise "
    "recommender redis retail run secretmanager securesourcemanager servicecontrol servicedirectory spanner speakerid speech "
    "sqladmin ssh-serialport storage storageinsights storagetransfer sts texttospeech tpu trafficdirector transcoder translate "
    "videointelligence videostitcher vision vmmigration vpcaccess webrisk workflows workstations"
)
# What VPC Service Controls can restrict.
SUPPORTED = frozenset(f"{name}.googleapis.com" for name in _NAMES.split())

# What carries no data of its own: control planes that only configure the project, and key checks.
_NO_DATA = (
    "binaryauthorization dns iam networkconnectivity networkmanagement networksecurity networkservices orgpolicy recommender "
    "servicecontrol trafficdirector meshconfig managedidentities sts iamcredentials webrisk recaptchaenterprise"
)
DATA_BEARING = SUPPORTED - frozenset(f"{name}.googleapis.com" for name in _NO_DATA.split())

# Services that hold or move data and that VPC Service Controls cannot restrict.
UNSUPPORTED = frozenset(
    {
        "appengine.googleapis.com", "cloudidentity.googleapis.com", "drive.googleapis.com", "sheets.googleapis.com",
        "gmail.googleapis.com", "firebase.googleapis.com", "firebasestorage.googleapis.com", "fcm.googleapis.com",
        "earthengine.googleapis.com", "sourcerepo.googleapis.com", "deploymentmanager.googleapis.com", "cloudshell.googleapis.com",
        "people.googleapis.com", "calendar-json.googleapis.com", "youtube.googleapis.com", "apikeys.googleapis.com",
    }
)  # fmt: skip

# What API-01 is about: the services by which bytes are handed to somebody else's project.
MOVERS = frozenset(
    f"{name}.googleapis.com" for name in ("storage", "artifactregistry", "pubsub", "bigquery", "logging")
)
