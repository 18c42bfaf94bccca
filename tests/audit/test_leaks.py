"""One change in the project or in the cluster, made by hand past the code: each is found, by its channel and by its name."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.audit.conftest import Answers, Change
from tests.audit.deployed import COMPUTE, NUMBER, PROJECT

pytestmark = pytest.mark.engine
Json = dict[str, Any]
P = f"projects/{PROJECT}"
NETWORK = f"{COMPUTE}/{P}/global/networks/ml"
RUNNER = "serviceAccount:team-fakespot@acme-ml-prod.iam.gserviceaccount.com"
OUTSIDER = "user:mallory@elsewhere.example"


def asset(type_: str, path: str, **data: Any) -> Change:
    def change(answers: Answers) -> None:
        answers.company.add(type_, path, {"name": path.rsplit("/", 1)[-1], **data})

    return change


def field(name: str, path: str, value: Any) -> Change:
    """Set a field of an asset, by a dotted path."""

    def change(answers: Answers) -> None:
        data: Any = answers.company.asset(name)
        *outer, last = path.split(".")
        for part in outer:
            data = data[int(part)] if part.isdigit() else data.setdefault(part, {})
        if isinstance(data, list):
            data[int(last)] = value
        else:
            data[last] = value

    return change


def grant(path: str, type_: str, role: str, *members: str) -> Change:
    return lambda answers: answers.company.grant(path, type_, role, *members)


def gone(name: str) -> Change:
    return lambda answers: answers.company.remove(name)


def manifest(**body: Any) -> Change:
    def change(answers: Answers) -> None:
        assert answers.objects is not None
        answers.objects.append({"apiVersion": "v1", **body})

    return change


def edited(kind: str, name: str, path: str, value: Any, namespace: str = "") -> Change:
    """Set a field of an object of the cluster."""

    def change(answers: Answers) -> None:
        assert answers.objects is not None
        found = [item for item in answers.objects if (item["kind"], item["metadata"]["name"]) == (kind, name)]
        found = [item for item in found if not namespace or item["metadata"].get("namespace") == namespace]
        assert found, (kind, name)
        data: Any = found[0]
        *outer, last = path.split(".")
        for part in outer:
            data = data[int(part)] if part.isdigit() else data.setdefault(part, {})
        data[last] = value

    return change


def deleted(kind: str, name: str = "") -> Change:
    def change(answers: Answers) -> None:
        assert answers.objects is not None
        kept = [
            item
            for item in answers.objects
            if item["kind"] != kind or (name and item["metadata"]["name"] != name)
        ]
        assert len(kept) < len(answers.objects), (kind, name)
        answers.objects[:] = kept

    return change


def rule(**changes: Any) -> Change:
    """A rule more in the network's firewall policy."""

    def change(answers: Answers) -> None:
        whole = {
            "priority": 900,
            "action": "allow",
            "direction": "EGRESS",
            "match": {"destIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "all"}]},
            "disabled": False,
        }
        answers.company.asset("firewallPolicies/ml-firewall")["rules"].append(whole | changes)

    return change


def pod(name: str, namespace: str, image: str, **spec: Any) -> Change:
    return manifest(
        kind="Pod",
        metadata={"name": name, "namespace": namespace},
        spec={"containers": [{"name": "c", "image": image}], **spec},
    )


def binding(kind: str, name: str, role: str, subject: Json, namespace: str = "") -> Change:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return manifest(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind=kind,
        metadata=metadata,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        subjects=[subject],
    )


BUCKET = "storage.googleapis.com/Bucket"
PROJECT_TYPE = "cloudresourcemanager.googleapis.com/Project"
GROUP = {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io"}

LEAKS: dict[str, tuple[Change, str, str]] = {
    # the network
    "a NAT": (asset("compute.googleapis.com/Router", f"{P}/regions/europe-west1/routers/side", network=NETWORK, region=f"{COMPUTE}/{P}/regions/europe-west1", nats=[{"name": "way-out", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES", "natIpAllocateOption": "AUTO_ONLY"}]), "NET-06", "way-out"),
    "a default route": (asset("compute.googleapis.com/Route", f"{P}/global/routes/out", network=NETWORK, destRange="0.0.0.0/0", priority=1000, nextHopGateway=f"{COMPUTE}/{P}/global/gateways/default-internet-gateway"), "NET-07", "out"),
    "an allow above the deny": (rule(), "NET-03", "ml-firewall"),
    "a deny switched off": (field("firewallPolicies/ml-firewall", "rules", []), "NET-02", "ml"),
    "a machine with an external address": (asset("compute.googleapis.com/Instance", f"{P}/zones/europe-west1-b/instances/bastion", machineType="x/e2-small", networkInterfaces=[{"network": NETWORK, "subnetwork": f"{COMPUTE}/{P}/regions/europe-west1/subnetworks/ml-nodes", "accessConfigs": [{"type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.7", "networkTier": "PREMIUM"}]}]), "NET-01", "bastion"),
    "a peering with another project": (field("global/networks/ml", "peerings", [{"name": "friend", "network": f"{COMPUTE}/projects/other/global/networks/theirs", "state": "ACTIVE", "exportCustomRoutes": True}]), "NET-12", "friend"),
    "a VPN tunnel": (asset("compute.googleapis.com/VpnTunnel", f"{P}/regions/europe-west1/vpnTunnels/site", peerIp="203.0.113.9", region=f"{COMPUTE}/{P}/regions/europe-west1", vpnGateway=f"{COMPUTE}/{P}/regions/europe-west1/vpnGateways/gw", ikeVersion=2), "NET-11", "site"),
    "an allow that lets the internet in": (rule(direction="INGRESS", match={"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]}), "NET-14", "ml"),
    "an external load balancer": (asset("compute.googleapis.com/GlobalForwardingRule", f"{P}/global/forwardingRules/front", IPAddress="203.0.113.5", IPProtocol="TCP", loadBalancingScheme="EXTERNAL", portRange="443-443", target=f"{COMPUTE}/{P}/global/targetHttpsProxies/p"), "NET-16", "front"),
    "packets mirrored": (asset("compute.googleapis.com/PacketMirroring", f"{P}/regions/europe-west1/packetMirrorings/tap", network={"url": NETWORK}, collectorIlb={"url": f"{COMPUTE}/projects/other/regions/europe-west1/forwardingRules/c"}, mirroredResources={"subnetworks": [{"url": f"{COMPUTE}/{P}/regions/europe-west1/subnetworks/ml-nodes"}]}), "NET-21", "tap"),
    "a service attachment": (asset("compute.googleapis.com/ServiceAttachment", f"{P}/regions/europe-west1/serviceAttachments/offer", connectionPreference="ACCEPT_AUTOMATIC", targetService=f"{COMPUTE}/{P}/regions/europe-west1/forwardingRules/x"), "NET-15", "offer"),
    # names
    "the private VIP": (field("rrsets/gcr.io./A", "rrdatas", ["199.36.153.8"]), "API-04", "gcr.io"),
    "a zone forwarded outside": (asset("dns.googleapis.com/ManagedZone", f"{P}/managedZones/fwd", dnsName="x.example.", visibility="private", forwardingConfig={"targetNameServers": [{"ipv4Address": "203.0.113.53"}]}, privateVisibilityConfig={"networks": [{"networkUrl": NETWORK}]}), "DNS-03", "fwd"),
    "a public zone": (asset("dns.googleapis.com/ManagedZone", f"{P}/managedZones/public", dnsName="acme.example.", visibility="public"), "DNS-06", "public"),
    "DNS that takes questions from outside": (asset("dns.googleapis.com/Policy", f"{P}/policies/inbound", enableInboundForwarding=True, networks=[{"networkUrl": NETWORK}]), "DNS-07", "inbound"),
    # grants
    "a public bucket": (grant("acme-ml-prod-fakespot-data", BUCKET, "roles/storage.objectViewer", "allUsers"), "GCS-01", "acme-ml-prod-fakespot-data"),
    "a bucket granted to an outsider": (grant("acme-ml-prod-fakespot-results", BUCKET, "roles/storage.objectViewer", OUTSIDER), "GCS-02", "acme-ml-prod-fakespot-results"),
    "an owner of the project": (grant(f"projects/{NUMBER}", PROJECT_TYPE, "roles/owner", OUTSIDER), "IAM-01", PROJECT),
    "an agent of Google's with a role that is no agent's": (grant(f"projects/{NUMBER}", PROJECT_TYPE, "roles/container.admin", f"serviceAccount:service-{NUMBER}@container-engine-robot.iam.gserviceaccount.com"), "K8S-02", "roles/container.admin"),
    "an agent of another project": (grant(f"projects/{NUMBER}", PROJECT_TYPE, "roles/container.serviceAgent", "serviceAccount:service-999999999999@container-engine-robot.iam.gserviceaccount.com"), "IAM-15", "service-999999999999"),
    "a look-alike of an agent": (grant(f"projects/{NUMBER}", PROJECT_TYPE, "roles/container.serviceAgent", f"serviceAccount:service-{NUMBER}@someones-robot.iam.gserviceaccount.com"), "IAM-01", "someones-robot"),
    "the default account an editor": (grant(f"projects/{NUMBER}", PROJECT_TYPE, "roles/editor", f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"), "IAM-04", "compute@developer"),
    "an account lent to a workload of another project": (lambda answers: answers.company.grant(f"{P}/serviceAccounts/{answers.company._types['sa:team-fakespot@acme-ml-prod.iam.gserviceaccount.com']}", "iam.googleapis.com/ServiceAccount", "roles/iam.workloadIdentityUser", "serviceAccount:other.svc.id.goog[x/y]"), "IAM-05", "fakespot"),
    "a key of an account": (asset("iam.googleapis.com/ServiceAccountKey", f"{P}/serviceAccounts/team-fakespot@acme-ml-prod.iam.gserviceaccount.com/keys/9", keyType="USER_MANAGED", keyOrigin="GOOGLE_PROVIDED"), "IAM-08", "fakespot"),
    "a role that grew": (field("roles/cloister_team_fakespot", "includedPermissions", ["container.clusters.connect", "storage.objects.get", "storage.objects.list"]), "TEN-01", "fakespot"),
    "a federation pool": (asset("iam.googleapis.com/WorkloadIdentityPoolProvider", f"{P}/locations/global/workloadIdentityPools/ci/providers/github", oidc={"issuerUri": "https://token.actions.githubusercontent.com"}, attributeMapping={"google.subject": "assertion.sub"}), "IAM-09", "github"),
    "one team reads the other's bucket": (grant("acme-ml-prod-translations-data", BUCKET, "roles/storage.objectViewer", RUNNER), "TEN-02", "acme-ml-prod-translations-data"),
    "a key of ours used by another project": (grant(f"{P}/locations/europe-west1/keyRings/ml/cryptoKeys/storage", "cloudkms.googleapis.com/CryptoKey", "roles/cloudkms.cryptoKeyDecrypter", "serviceAccount:x@other.iam.gserviceaccount.com"), "SEC-03", "storage"),
    "an image repository open to another project": (grant(f"{P}/locations/europe-west1/repositories/runner", "artifactregistry.googleapis.com/Repository", "roles/artifactregistry.writer", "serviceAccount:x@other.iam.gserviceaccount.com"), "REG-01", "runner"),
    "a team's logs read by an outsider": (grant(f"{P}/locations/europe-west1/buckets/team-fakespot/views/team-fakespot", "logging.googleapis.com/LogView", "roles/logging.viewAccessor", OUTSIDER), "LOG-02", "team-fakespot"),
    # data and where it goes
    "public access no longer prevented": (field("acme-ml-prod-fakespot-data", "iamConfiguration.publicAccessPrevention", "inherited"), "GCS-01", "acme-ml-prod-fakespot-data"),
    "access lists in force": (field("acme-ml-prod-fakespot-data", "iamConfiguration.uniformBucketLevelAccess", {"enabled": False}), "GCS-03", "acme-ml-prod-fakespot-data"),
    "a sink to another project": (asset("logging.googleapis.com/LogSink", f"{P}/sinks/away", destination="storage.googleapis.com/somebody-elses-bucket", filter=""), "LOG-01", "away"),
    "a subscription that pushes out": (asset("pubsub.googleapis.com/Subscription", f"{P}/subscriptions/push", topic=f"{P}/topics/t", pushConfig={"pushEndpoint": "https://collector.example/in"}), "MSG-01", "push"),
    "a transfer to another bucket": (asset("storagetransfer.googleapis.com/TransferJob", "transferJobs/123", status="ENABLED", projectId=PROJECT, transferSpec={"gcsDataSource": {"bucketName": "acme-ml-prod-fakespot-data"}, "gcsDataSink": {"bucketName": "somebody-elses"}}), "GCS-07", "somebody-elses"),
    "a dataset shared with everybody": (asset("bigquery.googleapis.com/Dataset", f"{P}/datasets/open", datasetReference={"datasetId": "open", "projectId": PROJECT}, access=[{"role": "READER", "specialGroup": "allAuthenticatedUsers"}], location="EU"), "BQ-01", "open"),
    "a service more": (asset("serviceusage.googleapis.com/Service", f"projects/{NUMBER}/services/sqladmin.googleapis.com", state="ENABLED"), "PRJ-02", "sqladmin"),
    "something nobody has translated": (asset("sqladmin.googleapis.com/Instance", f"{P}/instances/db", settings={}), "SRV-06", "instances/db"),
    "a field nobody reads": (field("acme-ml-prod-fakespot-data", "replicateEverythingTo", "gs://elsewhere"), "TF-06", "replicateEverythingTo"),
    # the cluster
    "an address for the API server": (field("clusters/ml", "controlPlaneEndpointsConfig.ipEndpointsConfig", {"enabled": True, "enablePublicEndpoint": True}), "K8S-01", "ml"),
    "attestation no longer asked for": (field(f"{P}/policy", "defaultAdmissionRule.evaluationMode", "ALWAYS_ALLOW"), "REG-05", ""),
    "nodes with the machine's identity": (field("nodePools/cpu", "config.workloadMetadataConfig", {"mode": "GCE_METADATA"}), "K8S-16", "cpu"),
    "nodes with public addresses": (field("nodePools/cpu", "networkConfig.enablePrivateNodes", False), "NET-01", "cpu"),
    "a pod on the node's network": (pod("peek", "team-fakespot", "europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner:1", hostNetwork=True), "K8S-08", "peek"),
    "a privileged pod of somebody's in the system's namespace": (pod("miner", "kube-system", "docker.io/evil/miner:1", hostPID=True), "K8S-17", "miner"),
    "a foreign image": (pod("x", "team-fakespot", "docker.io/library/python:3"), "K8S-13", "x"),
    "an outsider rules the cluster": (binding("ClusterRoleBinding", "helper", "cluster-admin", {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "mallory@elsewhere.example"}), "K8S-04", "mallory@elsewhere.example"),
    "one more master": (edited("ClusterRoleBinding", "cluster-admin", "subjects", [GROUP | {"name": "system:masters"}, GROUP | {"name": "friends@elsewhere.example"}]), "K8S-04", "friends@elsewhere.example"),
    "everybody may discover more": (binding("ClusterRoleBinding", "system:open", "view", GROUP | {"name": "system:unauthenticated"}), "K8S-05", "unauthenticated"),
    "managed Prometheus that alerts elsewhere": (edited("OperatorConfig", "config", "rules", {"alerting": {"alertmanagers": [{"name": "x", "namespace": "y"}]}}), "K8S-21", "config"),
    "an API answered by somebody's own service": (edited("APIService", "v1beta1.metrics.k8s.io", "spec.service", {"name": "spy", "namespace": "team-fakespot", "port": 443}), "K8S-22", "metrics.k8s.io"),
    "a person called like a component": (binding("ClusterRoleBinding", "helper", "cluster-admin", {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "system:serviceaccount:team-fakespot:runner"}), "TEN-06", "team-fakespot"),
    "a pod where no team is": (pod("stray", "default", "europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner:1"), "K8S-07", "default"),
    "a pod that names a job as its owner": (lambda answers: _owned(answers), "K8S-13", "disguised"),
    "a system binding for every pod": (binding("ClusterRoleBinding", "system:pods", "cluster-admin", GROUP | {"name": "system:serviceaccounts"}), "TEN-06", "every pod's service account"),
    "discovery that gives more": (lambda answers: _widened(answers), "K8S-05", "system:discovery"),
    "a team's default deny gone": (deleted("NetworkPolicy"), "K8S-07", "team-"),
    "a webhook outside": (manifest(apiVersion="admissionregistration.k8s.io/v1", kind="ValidatingWebhookConfiguration", metadata={"name": "spy"}, webhooks=[{"name": "spy.example.com", "clientConfig": {"url": "https://spy.example/x"}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]), "K8S-06", "spy"),
    "the seal no longer bound": (deleted("ValidatingAdmissionPolicyBinding"), "API-01", ""),
    "a load balancer for a team": (manifest(kind="Service", metadata={"name": "front", "namespace": "team-fakespot"}, spec={"type": "LoadBalancer", "ports": [{"port": 80}]}), "K8S-14", "front"),
    "the namespace's label changed": (edited("Namespace", "team-fakespot", "metadata.labels", {"cloister.dev/team": "fakespot"}), "K8S-17", "team-fakespot"),
    "a person reads the other team's secrets": (binding("RoleBinding", "peek", "edit", GROUP | {"name": "fakespot-ml@acme.example"}, "team-translations"), "TEN-06", "translations"),
}  # fmt: skip


def _owned(answers: Answers) -> None:
    """Anybody who creates a pod may write who owns it."""
    assert answers.objects is not None
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train", "namespace": "team-translations", "uid": "j-1"},
           "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "europe-west1-docker.pkg.dev/acme-ml-prod/runner/runner:1"}]}}}}  # fmt: skip
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "train", "uid": "j-1", "controller": True}
    answers.objects.append(job)
    pod("disguised", "team-translations", "docker.io/evil/miner:1")(answers)
    answers.objects[-1]["metadata"]["ownerReferences"] = [owner]


def _widened(answers: Answers) -> None:
    assert answers.objects is not None
    rules = [
        {"nonResourceURLs": ["/api"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]},
    ]
    answers.objects.append(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:discovery"},
            "rules": rules,
        }
    )
    binding(
        "ClusterRoleBinding", "system:discovery", "system:discovery", GROUP | {"name": "system:authenticated"}
    )(answers)


@pytest.mark.parametrize("name", LEAKS)
def test_it_is_found_by_name(answers: Answers, name: str) -> None:
    change, channel, said = LEAKS[name]
    change(answers)
    found = answers.audited().report.findings
    mine = [finding for finding in found if finding.channel == channel]
    assert mine, f"only {sorted({finding.channel for finding in found})}"
    assert any(said in f"{finding.subject} {finding.sentence}" for finding in mine), [
        f.sentence for f in mine
    ]


def test_every_leak_differs_from_the_project_as_it_stands(answers: Answers) -> None:
    """A test that changed nothing would find nothing to find."""
    before = copy.deepcopy((answers.company.resources, answers.company.iam(), answers.objects))
    for change, _, _ in LEAKS.values():
        held = copy.deepcopy((answers.company.resources, answers.company.policies, answers.objects))
        change(answers)
        assert (answers.company.resources, answers.company.iam(), answers.objects) != before
        answers.company.resources, answers.company.policies, answers.objects = held
