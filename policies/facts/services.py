"""Google services (APIs): which of them the snapshot's resources need, and which hold and send no data."""

from __future__ import annotations

from policies.expressions.values import Unknown
from policies.facts.world import World, fact

# Services that administer, watch or protect, and are on wherever a project is run: none stores a team's data or
# carries it to another project. Source: the description of each in the API Library.
HARMLESS = frozenset(
    f"{name}.googleapis.com"
    for name in (
        "accessapproval", "accesscontextmanager", "artifactregistry", "autoscaling", "billingbudgets",
        "binaryauthorization", "certificatemanager", "cloudapis", "cloudasset", "cloudbilling", "clouderrorreporting",
        "cloudkms", "cloudquotas", "cloudresourcemanager", "cloudtrace", "compute", "confidentialcomputing",
        "container", "containeranalysis", "containerfilesystem", "containerscanning", "containersecurity", "dns",
        "essentialcontacts", "gkerecommender", "iam", "iamcredentials", "kubernetesmetadata", "logging", "monitoring",
        "networkmanagement", "opsconfigmonitoring", "orgpolicy", "osconfig", "oslogin", "policyanalyzer",
        "policysimulator", "policytroubleshooter", "privilegedaccessmanager", "recommender", "secretmanager",
        "securitycenter", "servicecontrol", "servicemanagement", "serviceusage", "stackdriver", "storage",
        "storage-api", "storage-component", "sts", "telemetry",
    )
)  # fmt: skip
# Services whose resource types begin with other words.
_WORDS = {
    "aiplatform": ("vertexai",), "analyticshub": ("bigqueryanalyticshub",), "apigateway": ("apigateway",),
    "bigqueryconnection": ("bigqueryconnection",), "bigquerystorage": ("bigquery",), "bigtable": ("bigtable",),
    "bigtableadmin": ("bigtable",), "cloudbuild": ("cloudbuild", "cloudfunctions"), "cloudidentity": ("cloudidentity",),
    "cloudkms": ("kms",), "connectgateway": ("gkehub",), "datamigration": ("databasemigration",),
    "datastore": ("datastore", "firestore"), "eventarc": ("eventarc", "cloudfunctions2"), "file": ("filestore",),
    "gkebackup": ("gkebackup",), "gkeconnect": ("gkehub",), "ids": ("cloudids",), "networkconnectivity":
    ("networkconnectivity",), "notebooks": ("notebooks", "workbench"), "parametermanager": ("parametermanager",),
    "pubsublite": ("pubsublite",), "run": ("cloudrun", "cloudfunctions2"), "sql-component": ("sql",),
    "sqladmin": ("sql",), "storageinsights": ("storageinsights",), "videointelligence": (),
}  # fmt: skip


def words(service: str) -> tuple[str, ...]:
    """How the types of a service begin after ``google_``, without underscores: ``kms`` of ``cloudkms.googleapis.com``."""
    name = service.removesuffix(".googleapis.com")
    return _WORDS.get(name, (name,))


@fact
def _types(world: World) -> tuple[str, ...]:
    """The Google types present, without their underscores."""
    return tuple(
        type_.removeprefix("google_").replace("_", "")
        for type_ in world.types
        if type_.startswith("google_") and not type_.startswith("google_project_service")
    )


def is_needed(world: World, service: str) -> bool:
    """Whether a resource of the snapshot is one of the service's (``pubsub.googleapis.com``)."""
    return any(type_.startswith(word) for type_ in _types(world) for word in words(service))


@fact
def _switched_on(world: World) -> frozenset[str] | None:
    """The services that the snapshot enables, None where one of them is not known."""
    found = [res.get("service") for res in world.of("google_project_service")]
    return None if any(isinstance(name, Unknown) for name in found) else frozenset(map(str, found))


def may_be_on(world: World, service: str) -> bool:
    """Whether a service is enabled by the snapshot, or by a resource of it whose service is not known."""
    on = _switched_on(world)
    return on is None or service in on
