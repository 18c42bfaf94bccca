"""What single permissions let their holder do: read data, become somebody else, change a policy or a control.

Source: cloud.google.com/iam/docs/permissions-reference and the privilege-escalation lists of its services.
"""

from __future__ import annotations

from collections.abc import Iterable

# Become a service account, by token, signature, delegation, key or by changing who may: what the holder can do to {}.
BECOME: dict[str, str] = {
    "iam.serviceAccounts.getAccessToken": "can mint access tokens of {}",
    "iam.serviceAccountKeys.create": "can create keys for {}",
    "iam.serviceAccounts.signBlob": "can sign as {}",
    "iam.serviceAccounts.signJwt": "can sign tokens as {}",
    "iam.serviceAccounts.implicitDelegation": "can use the delegation chain of {}",
    "iam.serviceAccounts.getOpenIdToken": "can mint identity tokens of {}",
    "iam.serviceAccounts.setIamPolicy": "can change who may impersonate {}",
    "iam.serviceAccountApiKeyBindings.create": "can bind API keys to {}",
}
ACT_AS = "iam.serviceAccounts.actAs"
SIGN = frozenset({"iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt"})
KEYS = frozenset({"iam.serviceAccountKeys.create", "iam.serviceAccountApiKeyBindings.create"})
HMAC = "storage.hmacKeys.create"

# Start code that runs as a service account its creator may act as.
CREATE = frozenset(
    {
        "compute.instances.create", "compute.instances.setServiceAccount", "compute.instanceTemplates.create",
        "run.services.create", "run.services.update", "run.jobs.create", "run.jobs.update", "run.workerpools.create",
        "cloudfunctions.functions.create", "cloudfunctions.functions.update", "cloudbuild.builds.create",
        "cloudbuild.builds.update", "dataflow.jobs.create", "dataproc.clusters.create", "dataproc.batches.create",
        "dataproc.sessions.create", "composer.environments.create", "notebooks.instances.create",
        "notebooks.runtimes.create", "notebooks.executions.create", "aiplatform.customJobs.create",
        "aiplatform.pipelineJobs.create", "aiplatform.notebookRuntimes.assign", "aiplatform.endpoints.deploy",
        "aiplatform.hyperparameterTuningJobs.create", "batch.jobs.create", "workflows.workflows.create",
        "workflows.workflows.update", "cloudscheduler.jobs.create", "cloudscheduler.jobs.update", "cloudtasks.tasks.create",
        "deploymentmanager.deployments.create", "config.deployments.create", "container.clusters.create",
        "appengine.versions.create", "datafusion.instances.create",
        "workstations.workstations.create", "workstations.workstationConfigs.create", "tpu.nodes.create",
        "datapipelines.pipelines.create", "eventarc.triggers.create", "pubsub.subscriptions.create",
        "lifesciences.workflows.run", "ml.jobs.create",
    }
)  # fmt: skip

# Start pods, which run as any service account of their namespace.
START_PODS = frozenset(
    {
        "container.pods.create", "container.deployments.create", "container.jobs.create", "container.cronJobs.create",
        "container.daemonSets.create", "container.statefulSets.create", "container.replicaSets.create",
        "container.replicationControllers.create",
    }
)  # fmt: skip

# Act as every workload of a cluster: a pod runs as any service account of its namespace, a token is minted for it.
RUN_PODS = START_PODS | {
    "container.pods.exec", "container.serviceAccounts.createToken", "container.clusterRoleBindings.create",
    "container.roleBindings.create", "container.clusterRoles.escalate", "container.clusterRoles.bind",
    "container.secrets.get",
}  # fmt: skip

# Change who may do what: policies, roles, denies, boundaries, perimeters, entitlements, the project's place.
CHANGE_POLICY = frozenset(
    {
        "resourcemanager.projects.setIamPolicy", "resourcemanager.folders.setIamPolicy",
        "resourcemanager.organizations.setIamPolicy", "resourcemanager.projects.update", "resourcemanager.projects.move",
        "resourcemanager.projects.updatePolicyBinding", "resourcemanager.projects.deletePolicyBinding",
        "iam.roles.create", "iam.roles.update", "iam.roles.undelete",
        "iam.denypolicies.create", "iam.denypolicies.update", "iam.denypolicies.delete",
        "iam.principalaccessboundarypolicies.update", "iam.principalaccessboundarypolicies.delete",
        "iam.principalaccessboundarypolicies.unbind",
        "orgpolicy.policy.set", "orgpolicy.policies.create", "orgpolicy.policies.update", "orgpolicy.policies.delete",
        "accesscontextmanager.policies.update", "accesscontextmanager.policies.setIamPolicy",
        "accesscontextmanager.servicePerimeters.create", "accesscontextmanager.servicePerimeters.update",
        "accesscontextmanager.servicePerimeters.delete", "accesscontextmanager.servicePerimeters.commit",
        "accesscontextmanager.servicePerimeters.replaceAll", "accesscontextmanager.accessLevels.create",
        "accesscontextmanager.accessLevels.update", "accesscontextmanager.accessLevels.delete",
        "accesscontextmanager.accessLevels.replaceAll",
        "privilegedaccessmanager.entitlements.create", "privilegedaccessmanager.entitlements.update",
        "privilegedaccessmanager.grants.approve",
    }
)  # fmt: skip

# Bind tags, which switch conditions, denies and firewall targets.
BIND_TAGS = frozenset(
    {
        "resourcemanager.tagValueBindings.create", "resourcemanager.tagValueBindings.delete",
        "resourcemanager.tagHolds.create", "resourcemanager.tagValues.create", "resourcemanager.tagValues.update",
        "resourcemanager.tagValues.setIamPolicy", "resourcemanager.tagKeys.setIamPolicy",
    }
)  # fmt: skip

# Remove the controls that cut other channels.
CHANGE_CONTROL = frozenset(
    {
        "compute.firewalls.create", "compute.firewalls.update", "compute.firewalls.delete",
        "compute.firewallPolicies.update", "compute.firewallPolicies.create", "compute.networks.setFirewallPolicy",
        "compute.networks.updatePolicy", "compute.networks.addPeering",
        "compute.networks.update", "compute.routes.create", "compute.routers.create", "compute.routers.update",
        "compute.subnetworks.update", "compute.vpnTunnels.create", "compute.forwardingRules.create",
        "dns.policies.create", "dns.policies.update", "dns.policies.delete", "dns.responsePolicies.update",
        "dns.responsePolicyRules.create", "dns.managedZones.create", "dns.managedZones.update",
        "dns.managedZones.delete", "dns.resourceRecordSets.create", "dns.resourceRecordSets.update",
        "container.clusters.update", "storage.buckets.update", "storage.buckets.setIpFilter",
        "logging.sinks.create", "logging.sinks.update", "serviceusage.services.enable",
        "storagetransfer.jobs.create", "storagetransfer.jobs.update", "binaryauthorization.policy.update",
        "networkconnectivity.policyBasedRoutes.create", "networkconnectivity.serviceConnectionPolicies.create",
        "compute.serviceAttachments.create", "compute.packetMirrorings.create", "compute.globalForwardingRules.create",
        "compute.interconnectAttachments.create", "compute.interconnectAttachments.update",
    }
)  # fmt: skip

# Bytes of data nodes, read, written or moved.
DATA = frozenset(
    {
        "storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.update",
        "storage.objects.delete", "storage.objects.move", "storage.multipartUploads.create",
        "bigquery.tables.getData", "bigquery.tables.export", "bigquery.tables.updateData", "bigquery.tables.create",
        "bigquery.tables.createSnapshot", "bigquery.tables.replicateData", "bigquery.models.getData",
        "bigquery.models.export", "bigquery.datasets.link", "bigquery.datasets.update",
        "bigquery.rowAccessPolicies.getFilteredData", "bigquery.dataPolicies.getRawData",
        "secretmanager.versions.access", "secretmanager.versions.add",
        "pubsub.subscriptions.consume", "pubsub.topics.attachSubscription", "pubsub.topics.publish",
        "pubsub.snapshots.seek",
        "artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts",
        "artifactregistry.files.download", "artifactregistry.files.upload",
        "logging.logEntries.list", "logging.privateLogEntries.list", "logging.views.access",
        "logging.logEntries.download", "logging.links.create", "logging.buckets.copyLogEntries",
        "compute.disks.use", "compute.disks.useReadOnly", "compute.disks.createSnapshot",
        "compute.snapshots.useReadOnly", "compute.images.useReadOnly", "compute.machineImages.useReadOnly",
        "compute.instantSnapshots.useReadOnly", "cloudkms.cryptoKeyVersions.useToDecrypt",
        "bigtable.tables.readRows", "spanner.databases.read", "spanner.databases.select", "datastore.entities.get",
        "datastore.entities.list", "cloudsql.instances.connect", "cloudsql.instances.login",
        "cloudsql.instances.export", "alloydb.instances.connect", "redis.clusters.connect",
        "file.backups.create", "healthcare.fhirResources.get", "healthcare.dicomStores.dicomWebRead",
        "container.secrets.get", "container.secrets.list", "container.configMaps.get",
    }
)  # fmt: skip

# Bytes that come back to the caller.
READ = frozenset(
    permission
    for permission in DATA
    if permission.rsplit(".", 1)[1]
    not in {"create", "update", "delete", "updateData", "publish", "uploadArtifacts", "upload", "add"}
)

LOGS = frozenset(
    {
        "logging.logEntries.list", "logging.privateLogEntries.list", "logging.views.access", "logging.logEntries.download",
        "monitoring.timeSeries.list", "cloudtrace.traces.list", "cloudtrace.traces.get", "errorreporting.errorEvents.list",
        "container.events.list", "cloudprofiler.profiles.list",
    }
)  # fmt: skip

# What is there, what it is called, and what stands in its metadata.
INVENTORY = frozenset(
    {
        "resourcemanager.projects.getIamPolicy", "cloudasset.assets.searchAllResources",
        "cloudasset.assets.exportResource", "cloudasset.assets.listResource", "compute.instances.list",
        "compute.instances.get", "compute.instances.getGuestAttributes", "compute.instances.getSerialPortOutput",
        "compute.projects.get", "container.pods.list", "container.pods.get", "container.pods.getLogs",
        "container.configMaps.list", "container.deployments.list", "container.jobs.list", "storage.buckets.list",
        "bigquery.jobs.listAll", "bigquery.tables.list", "pubsub.topics.list", "secretmanager.secrets.list",
        "artifactregistry.repositories.list", "iam.serviceAccounts.list",
    }
)  # fmt: skip


def changes_policy(permission: str) -> bool:
    """Whether a permission lets its holder grant: ``setIamPolicy`` of anything. On single objects it takes effect only
    without uniform bucket-level access, which GCS-03 judges."""
    return permission.endswith(".setIamPolicy") and permission != "storage.objects.setIamPolicy"


def policy_changes(permissions: Iterable[str] | None) -> list[str]:
    """The permissions that change policies, roles or boundaries, the gravest first; any for an unknown role."""
    if permissions is None:
        return ["any permission"]
    found = {p for p in permissions if p in CHANGE_POLICY or changes_policy(p)}
    return sorted(found, key=lambda p: (not p.endswith("setIamPolicy"), p not in CHANGE_POLICY, p))


def starting(permissions: Iterable[str]) -> str | None:
    """The permission by which compute is started, the plainest first, None where there is none."""
    return min(
        CREATE.intersection(permissions), key=lambda p: (p != "compute.instances.create", p), default=None
    )
