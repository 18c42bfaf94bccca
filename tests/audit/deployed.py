"""The example company as if it were deployed: what the inventory and the cluster would answer.

Made from the synthesized tree by hand-written inverses, in the words of each REST reference, with what Google adds by
itself: self links, numbers of projects, default sinks and routes, service agents and their grants, nodes. Nothing of
audit/ is used here, so that both sides must agree on the shapes of the APIs.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloister.declarations import Job, load
from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import kinds, objects
from policies.facts.resource import Res
from policies.facts.world import World
from runner.client.cluster.manifests import Pinned, run_manifest
from runner.client.cluster.place import Place
from tests.stacks.trees import ROOT

PROJECT, NUMBER = "acme-ml-prod", "111122223333"
COMPUTE = "https://www.googleapis.com/compute/v1"
Json = dict[str, Any]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def known(value: Any) -> Any:
    """A tree in the API's letters, without what nobody knows before it is deployed. Maps of labels keep their keys."""
    if isinstance(value, Mapping):
        return {
            camel(key): (dict(inner) if key in ("labels", "user_labels", "resource_labels", "label_extractors", "metadata") and isinstance(inner, Mapping) else known(inner))
            for key, inner in value.items() if not isinstance(inner, Unknown)
        }  # fmt: skip
    if isinstance(value, list | tuple):
        return [known(item) for item in value if not isinstance(item, Unknown)]
    return value


def one(values: Json, *names: str) -> Json:
    """Blocks of which there is at most one are objects in the API."""
    for path in names:
        holder: Any = values
        *outer, last = path.split(".")
        for part in outer:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and isinstance(holder.get(last), list):
            holder[last] = holder[last][0] if holder[last] else {}
    return values


def data_of(res: Res, *singles: str) -> Json:
    return one(known(dict(res.values)), *singles)


class Company:
    """The export's assets by content, each a list as the inventory writes it (one a line)."""

    def __init__(self, world: World, organization: str | None = None) -> None:
        self.world = world
        self.organization = organization
        self.resources: list[Json] = []
        self.policies: dict[str, Json] = {}
        self.org: list[Json] = []
        self.access: list[Json] = []
        self._types: dict[str, str] = {}
        for res in world.resources:
            if res.mode == "managed" and res.type.startswith("google_"):
                getattr(self, f"_{res.type.removeprefix('google_')}", self._skip)(res)
        self._rules()
        self._googles()

    # -- what tests use

    def asset(self, name: str) -> Json:
        """The data of an asset, by the end of its name."""
        return next(item["resource"]["data"] for item in self.resources if item["name"].endswith(name))

    def add(self, type_: str, path: str, data: Json, **more: Any) -> None:
        service = type_.partition("/")[0]
        ancestors = [
            f"projects/{NUMBER}",
            *([f"organizations/{self.organization}"] if self.organization else []),
        ]
        self.resources.append(
            {"name": f"//{service}/{path}", "asset_type": type_, "ancestors": ancestors, "update_time": "2026-11-30T08:00:00Z",
             "resource": {"version": "v1", "discovery_name": type_.rpartition("/")[2], "parent": f"//cloudresourcemanager.googleapis.com/projects/{NUMBER}",
                          "data": data}}
        )  # fmt: skip
        self._types[path] = type_

    def remove(self, name: str) -> None:
        before = len(self.resources)
        self.resources = [item for item in self.resources if not item["name"].endswith(name)]
        assert len(self.resources) < before, name

    def grant(self, path: str, type_: str, role: str, *members: str, condition: Json | None = None) -> None:
        service = type_.partition("/")[0]
        policy = self.policies.setdefault(f"//{service}/{path}", {"asset_type": type_, "bindings": []})
        policy["bindings"].append(
            {"role": role, "members": list(members)} | ({"condition": condition} if condition else {})
        )

    def iam(self) -> list[Json]:
        found = []
        for name, policy in self.policies.items():
            body = {"bindings": policy["bindings"], "etag": "BwYX"}
            if "audit_configs" in policy:
                body["audit_configs"] = policy["audit_configs"]
            found.append(
                {
                    "name": name,
                    "asset_type": policy["asset_type"],
                    "iam_policy": body,
                    "ancestors": [f"projects/{NUMBER}"],
                }
            )
        return found

    # -- one inverse per type

    def _skip(self, res: Res) -> None:
        """Acts, promises and drawings, which the inventory does not list."""

    def _compute_network(self, res: Res) -> None:
        name = res.values["name"]
        self.add("compute.googleapis.com/Network", f"projects/{PROJECT}/global/networks/{name}", {
            "kind": "compute#network", "id": "8123", "creationTimestamp": "2026-01-01T00:00:00Z", "name": name,
            "selfLink": f"{COMPUTE}/projects/{PROJECT}/global/networks/{name}", "autoCreateSubnetworks": False, "mtu": 1460,
            "subnetworks": [f"{COMPUTE}/projects/{PROJECT}/regions/europe-west1/subnetworks/{name}-nodes"],
            "routingConfig": {"routingMode": "REGIONAL"}, "enableUlaInternalIpv6": False,
            "networkFirewallPolicyEnforcementOrder": "BEFORE_CLASSIC_FIREWALL",
        })  # fmt: skip

    def _compute_subnetwork(self, res: Res) -> None:
        data = data_of(res, "logConfig")
        region = data.pop("region")
        data["network"] = f"{COMPUTE}/projects/{PROJECT}/global/networks/ml"
        data["region"] = f"{COMPUTE}/projects/{PROJECT}/regions/{region}"
        data["secondaryIpRanges"] = data.pop("secondaryIpRange")
        data["logConfig"]["enable"] = True
        data |= {
            "gatewayAddress": "10.10.0.1",
            "fingerprint": "x",
            "purpose": "PRIVATE",
            "enableFlowLogs": True,
            "kind": "compute#subnetwork",
        }
        self.add(
            "compute.googleapis.com/Subnetwork",
            f"projects/{PROJECT}/regions/{region}/subnetworks/{data['name']}",
            data,
        )

    def _compute_route(self, res: Res) -> None:
        data = known(dict(res.values))
        data["network"] = f"{COMPUTE}/projects/{PROJECT}/global/networks/ml"
        data["nextHopGateway"] = f"{COMPUTE}/projects/{PROJECT}/global/gateways/{data['nextHopGateway']}"
        self.add("compute.googleapis.com/Route", f"projects/{PROJECT}/global/routes/{data['name']}", data)

    def _compute_network_firewall_policy(self, res: Res) -> None:
        name = res.values["name"]
        implied = [
            {"priority": 2147483647 - number, "action": "goto_next", "direction": direction, "match": {key: [everywhere], "layer4Configs": [{"ipProtocol": "all"}]},
             "ruleTupleCount": 2, "kind": "compute#firewallPolicyRule"}
            for number, (direction, key, everywhere) in enumerate(
                [("EGRESS", "destIpRanges", "0.0.0.0/0"), ("INGRESS", "srcIpRanges", "0.0.0.0/0"),
                 ("EGRESS", "destIpRanges", "::/0"), ("INGRESS", "srcIpRanges", "::/0")]
            )
        ]  # fmt: skip
        self.add("compute.googleapis.com/FirewallPolicy", f"projects/{PROJECT}/global/firewallPolicies/{name}", {
            "kind": "compute#firewallPolicy", "id": "77", "name": name, "shortName": name, "description": res.values.get("description"),
            "rules": implied, "associations": [], "ruleTupleCount": 40, "selfLink": f"{COMPUTE}/projects/{PROJECT}/global/firewallPolicies/{name}",
        })  # fmt: skip

    def _rules(self) -> None:
        for res in self.world.of("google_compute_network_firewall_policy_rule"):
            rule = data_of(res, "match")
            for field in ("firewallPolicy", "project"):
                rule.pop(field, None)
            rule |= {"kind": "compute#firewallPolicyRule", "ruleTupleCount": 2}
            self.asset(f"firewallPolicies/{res.values['firewall_policy']}")["rules"].append(rule)
        for res in self.world.of("google_compute_network_firewall_policy_association"):
            policy = self.asset(f"firewallPolicies/{res.values['firewall_policy']}")
            policy["associations"].append(
                {
                    "name": res.values["name"],
                    "attachmentTarget": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml",
                    "firewallPolicyId": "77",
                    "shortName": res.values["firewall_policy"],
                }
            )

    def _dns_managed_zone(self, res: Res) -> None:
        name = res.values["name"]
        data = data_of(res, "privateVisibilityConfig")
        for network in data["privateVisibilityConfig"]["networks"]:
            network |= {
                "kind": "dns#managedZonePrivateVisibilityConfigNetwork",
                "networkUrl": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml",
            }
        data |= {
            "kind": "dns#managedZone",
            "id": "5",
            "creationTime": "2026-01-01T00:00:00Z",
            "nameServers": ["ns-gcp-private.googledomains.com."],
            "cloudLoggingConfig": {"kind": "dns#managedZoneCloudLoggingConfig"},
        }
        path = f"projects/{PROJECT}/managedZones/{name}"
        self.add("dns.googleapis.com/ManagedZone", path, data)
        for type_, text in (
            (
                "SOA",
                "ns-gcp-private.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300",
            ),
            ("NS", "ns-gcp-private.googledomains.com."),
        ):
            self.add(
                "dns.googleapis.com/ResourceRecordSet",
                f"{path}/rrsets/{data['dnsName']}/{type_}",
                {
                    "kind": "dns#resourceRecordSet",
                    "name": data["dnsName"],
                    "type": type_,
                    "ttl": 21600,
                    "rrdatas": [text],
                    "signatureRrdatas": [],
                },
            )

    def _dns_record_set(self, res: Res) -> None:
        data = {key: res.values[key] for key in ("name", "type", "ttl", "rrdatas")} | {
            "kind": "dns#resourceRecordSet",
            "signatureRrdatas": [],
        }
        self.add(
            "dns.googleapis.com/ResourceRecordSet",
            f"projects/{PROJECT}/managedZones/{res.values['managed_zone']}/rrsets/{data['name']}/{data['type']}",
            data,
        )

    def _storage_bucket(self, res: Res) -> None:
        data = data_of(res, "encryption", "softDeletePolicy", "versioning", "ipFilter")
        rules = [one(rule, "action", "condition") for rule in data.pop("lifecycleRule", [])]
        data["lifecycle"] = {"rule": rules}
        data["iamConfiguration"] = {
            "uniformBucketLevelAccess": {
                "enabled": data.pop("uniformBucketLevelAccess"),
                "lockedTime": "2026-04-01T00:00:00Z",
            },
            "publicAccessPrevention": data.pop("publicAccessPrevention"),
        }
        data.pop("forceDestroy", None)
        data.pop("project", None)
        data["softDeletePolicy"] = {
            "retentionDurationSeconds": "604800",
            "effectiveTime": "2026-01-01T00:00:00Z",
        }
        data |= {"kind": "storage#bucket", "id": data["name"], "selfLink": f"https://www.googleapis.com/storage/v1/b/{data['name']}", "projectNumber": NUMBER,
                 "metageneration": "3", "etag": "CAM=", "timeCreated": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z", "locationType": "region"}  # fmt: skip
        self.add("storage.googleapis.com/Bucket", data["name"], data)

    def _service_account(self, res: Res) -> None:
        email = f"{res.values['account_id']}@{PROJECT}.iam.gserviceaccount.com"
        unique = str(100000000000000000000 + len(self.resources))
        self.add("iam.googleapis.com/ServiceAccount", f"projects/{PROJECT}/serviceAccounts/{unique}", {
            "email": email, "name": f"projects/{PROJECT}/serviceAccounts/{email}", "uniqueId": unique, "oauth2ClientId": unique, "projectId": PROJECT,
            "displayName": res.values.get("display_name"), "etag": "MDEwMjE5MjA=",
        })  # fmt: skip
        self._types[f"sa:{email}"] = unique
        self.add("iam.googleapis.com/ServiceAccountKey", f"projects/{PROJECT}/serviceAccounts/{email}/keys/4f5e", {
            "name": f"projects/{PROJECT}/serviceAccounts/{email}/keys/4f5e", "keyType": "SYSTEM_MANAGED", "keyAlgorithm": "KEY_ALG_RSA_2048",
            "validAfterTime": "2026-11-20T00:00:00Z", "validBeforeTime": "2026-12-07T00:00:00Z", "keyOrigin": "GOOGLE_PROVIDED",
        })  # fmt: skip

    def _project_iam_custom_role(self, res: Res) -> None:
        name = f"projects/{PROJECT}/roles/{res.values['role_id']}"
        self.add(
            "iam.googleapis.com/Role",
            name,
            {
                "name": name,
                "title": res.values["title"],
                "includedPermissions": list(res.values["permissions"]),
                "stage": "GA",
                "etag": "BwY=",
            },
        )

    def _project_service(self, res: Res) -> None:
        self.add(
            "serviceusage.googleapis.com/Service",
            f"projects/{NUMBER}/services/{res.values['service']}",
            {"name": res.values["service"], "parent": f"projects/{NUMBER}", "state": "ENABLED"},
        )

    def _kms_key_ring(self, res: Res) -> None:
        name = f"projects/{PROJECT}/locations/{res.values['location']}/keyRings/{res.values['name']}"
        self.add(
            "cloudkms.googleapis.com/KeyRing", name, {"name": name, "createTime": "2026-01-01T00:00:00Z"}
        )

    def _kms_crypto_key(self, res: Res) -> None:
        data = data_of(res, "versionTemplate")
        name = f"projects/{PROJECT}/locations/europe-west1/keyRings/ml/cryptoKeys/{data.pop('name')}"
        data.pop("keyRing")
        data |= {"name": name, "createTime": "2026-01-01T00:00:00Z", "nextRotationTime": "2027-01-01T00:00:00Z", "destroyScheduledDuration": "2592000s",
                 "primary": {"name": f"{name}/cryptoKeyVersions/1", "state": "ENABLED"}}  # fmt: skip
        self.add("cloudkms.googleapis.com/CryptoKey", name, data)
        self.add(
            "cloudkms.googleapis.com/CryptoKeyVersion",
            f"{name}/cryptoKeyVersions/1",
            {"name": f"{name}/cryptoKeyVersions/1", "state": "ENABLED"},
        )

    def _logging_project_bucket_config(self, res: Res) -> None:
        data = data_of(res, "cmekSettings")
        name = f"projects/{PROJECT}/locations/{data.pop('location')}/buckets/{data.pop('bucketId')}"
        data.pop("project", None)
        data |= {"name": name, "lifecycleState": "ACTIVE", "createTime": "2026-01-01T00:00:00Z"}
        self.add("logging.googleapis.com/LogBucket", name, data)
        for view in ("_AllLogs", "_Default"):
            self.add(
                "logging.googleapis.com/LogView",
                f"{name}/views/{view}",
                {"name": f"{name}/views/{view}", "description": view},
            )

    def _logging_log_view(self, res: Res) -> None:
        name = f"{res.values['bucket']}/views/{res.values['name']}"
        self.add(
            "logging.googleapis.com/LogView",
            name,
            {"name": name, "filter": res.values["filter"], "description": res.values["description"]},
        )

    def _logging_project_sink(self, res: Res) -> None:
        name = res.values["name"]
        agent = f"serviceAccount:service-{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
        self.add("logging.googleapis.com/LogSink", f"projects/{PROJECT}/sinks/{name}", {
            "name": name, "destination": res.values["destination"], "filter": res.values["filter"], "writerIdentity": agent, "createTime": "2026-01-01T00:00:00Z",
            "resourceName": f"projects/{PROJECT}/sinks/{name}",
        })  # fmt: skip

    def _logging_metric(self, res: Res) -> None:
        data = data_of(res, "metricDescriptor", "bucketOptions")
        data.pop("project", None)
        data["metricDescriptor"] |= {
            "name": f"projects/{PROJECT}/metricDescriptors/x",
            "type": f"logging.googleapis.com/user/{data['name']}",
        }
        self.add("logging.googleapis.com/LogMetric", f"projects/{PROJECT}/metrics/{data['name']}", data)

    def _logging_project_exclusion(self, res: Res) -> None:
        self._types["exclusion"] = "there"
        self._exclusion = {key: res.values[key] for key in ("name", "description", "filter")}

    def _artifact_registry_repository(self, res: Res) -> None:
        data = data_of(res, "dockerConfig", "vulnerabilityScanningConfig")
        name = f"projects/{PROJECT}/locations/{data.pop('location')}/repositories/{data.pop('repositoryId')}"
        data.pop("project", None)
        policies = data.pop("cleanupPolicies", [])
        data |= {
            "name": name,
            "cleanupPolicies": {policy["id"]: policy for policy in policies},
            "sizeBytes": "1234",
            "createTime": "2026-01-01T00:00:00Z",
            "registryUri": "x",
        }
        self.add("artifactregistry.googleapis.com/Repository", name, data)

    def _binary_authorization_policy(self, res: Res) -> None:
        rule = known(res.values["default_admission_rule"][0])
        rule["requireAttestationsBy"] = [f"projects/{PROJECT}/attestors/published"]
        self.add("binaryauthorization.googleapis.com/Policy", f"projects/{PROJECT}/policy", {
            "name": f"projects/{PROJECT}/policy", "globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": rule, "description": res.values["description"],
            "updateTime": "2026-01-01T00:00:00Z", "etag": "x",
        })  # fmt: skip

    def _binary_authorization_attestor(self, res: Res) -> None:
        name = f"projects/{PROJECT}/attestors/{res.values['name']}"
        self.add("binaryauthorization.googleapis.com/Attestor", name, {
            "name": name, "updateTime": "2026-01-01T00:00:00Z",
            "userOwnedGrafeasNote": {"noteReference": f"projects/{PROJECT}/notes/published", "delegationServiceAccountEmail": f"service-{NUMBER}@gcp-sa-binaryauthorization.iam.gserviceaccount.com",
                                     "publicKeys": [{"id": "//cloudkms.googleapis.com/v1/x", "pkixPublicKey": {"publicKeyPem": "-----BEGIN", "signatureAlgorithm": "ECDSA_P256_SHA256"}}]},
        })  # fmt: skip

    def _monitoring_notification_channel(self, res: Res) -> None:
        name = f"projects/{PROJECT}/notificationChannels/{1000 + len(self.resources)}"
        self.add("monitoring.googleapis.com/NotificationChannel", name, {
            "name": name, "type": res.values["type"], "displayName": res.values["display_name"], "labels": dict(res.values["labels"]), "enabled": True,
            "creationRecord": {"mutateTime": "2026-01-01T00:00:00Z"},
        })  # fmt: skip

    def _monitoring_alert_policy(self, res: Res) -> None:
        data = data_of(res, "alertStrategy", "documentation", "alertStrategy.notificationRateLimit")
        for condition in data["conditions"]:
            one(condition, *condition)
            condition["name"] = f"projects/{PROJECT}/alertPolicies/1/conditions/2"
        for field in ("project", "notificationChannels"):
            data.pop(field, None)
        name = f"projects/{PROJECT}/alertPolicies/{1000 + len(self.resources)}"
        self.add(
            "monitoring.googleapis.com/AlertPolicy",
            name,
            data | {"name": name, "enabled": True, "mutationRecord": {"mutateTime": "x"}},
        )

    def _container_cluster(self, res: Res) -> None:
        data = data_of(res, "addonsConfig", "anonymousAuthenticationConfig", "authenticatorGroupsConfig", "binaryAuthorization", "clusterAutoscaling",
                       "controlPlaneEndpointsConfig", "costManagementConfig", "databaseEncryption", "dnsConfig", "gatewayApiConfig", "ipAllocationPolicy",
                       "loggingConfig", "masterAuth", "monitoringConfig", "nodePoolDefaults", "notificationConfig", "privateClusterConfig", "rbacBindingConfig",
                       "releaseChannel", "serviceExternalIpsConfig", "workloadIdentityConfig")  # fmt: skip
        one(data, *(f"addonsConfig.{name}" for name in data["addonsConfig"]), "controlPlaneEndpointsConfig.dnsEndpointConfig", "controlPlaneEndpointsConfig.ipEndpointsConfig",
            "masterAuth.clientCertificateConfig", "monitoringConfig.managedPrometheus", "nodePoolDefaults.nodeConfigDefaults", "notificationConfig.pubsub",
            "privateClusterConfig.masterGlobalAccessConfig")  # fmt: skip
        for field in (
            "deletionProtection",
            "removeDefaultNodePool",
            "project",
            "maintenancePolicy",
            "networkingMode",
            "initialNodeCount",
        ):
            data.pop(field, None)
        data["networkConfig"] = {
            "network": data.pop("network"), "subnetwork": data.pop("subnetwork"), "datapathProvider": data.pop("datapathProvider"),
            "enableIntraNodeVisibility": data.pop("enableIntranodeVisibility"), "dnsConfig": data.pop("dnsConfig"),
            "serviceExternalIpsConfig": data.pop("serviceExternalIpsConfig"), "gatewayApiConfig": data.pop("gatewayApiConfig"),
            "enableCiliumClusterwideNetworkPolicy": data.pop("enableCiliumClusterwideNetworkPolicy"), "defaultEnablePrivateNodes": True,
            "defaultSnatStatus": {"disabled": False},
        }  # fmt: skip
        data |= {"network": "ml", "subnetwork": "ml-nodes"}
        data["legacyAbac"] = {"enabled": data.pop("enableLegacyAbac")} if data["enableLegacyAbac"] else {}
        data["shieldedNodes"] = {"enabled": data.pop("enableShieldedNodes")}
        data["autoscaling"] = {"autoscalingProfile": data.pop("clusterAutoscaling")["autoscalingProfile"]}
        data["loggingConfig"] = {"componentConfig": data["loggingConfig"]}
        monitoring = data["monitoringConfig"]
        data["monitoringConfig"] = {
            "componentConfig": {"enableComponents": monitoring["enableComponents"]},
            "managedPrometheusConfig": monitoring["managedPrometheus"],
        }
        data["nodePoolDefaults"] = {
            "nodeConfigDefaults": {
                "nodeKubeletConfig": {"insecureKubeletReadonlyPortEnabled": False},
                "loggingConfig": {"variantConfig": {"variant": "DEFAULT"}},
            }
        }
        data["ipAllocationPolicy"] |= {
            "useIpAliases": True,
            "clusterIpv4Cidr": "10.20.0.0/16",
            "servicesIpv4Cidr": "10.24.0.0/20",
            "clusterIpv4CidrBlock": "10.20.0.0/16",
            "servicesIpv4CidrBlock": "10.24.0.0/20",
        }
        data["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["endpoint"] = (
            "gke-1234.europe-west1.gke.goog"
        )
        data["controlPlaneEndpointsConfig"]["ipEndpointsConfig"] = {
            "enabled": False,
            "globalAccess": False,
            "authorizedNetworksConfig": {},
        }
        data["authenticatorGroupsConfig"]["enabled"] = True
        data["databaseEncryption"]["currentState"] = "CURRENT_STATE_ENCRYPTED"
        data["masterAuth"]["clusterCaCertificate"] = "LS0t"
        data |= {"selfLink": f"https://container.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/clusters/ml", "currentMasterVersion": "1.33.5-gke.100",
                 "status": "RUNNING", "createTime": "2026-01-01T00:00:00Z", "zone": "europe-west1", "locations": ["europe-west1-b"], "endpoint": "172.16.0.2",
                 "masterAuthorizedNetworksConfig": {}, "nodeConfig": {"machineType": "n2-standard-8", "serviceAccount": "default"}, "nodePools": [{"name": "cpu"}],
                 "clusterIpv4Cidr": "10.20.0.0/16", "servicesIpv4Cidr": "10.24.0.0/20", "labelFingerprint": "a", "etag": "b", "id": "c", "initialClusterVersion": "1.33.5-gke.100",
                 "autopilot": {}, "securityPostureConfig": {"mode": "BASIC"}, "enterpriseConfig": {"clusterTier": "STANDARD"}}  # fmt: skip
        self.add(
            "container.googleapis.com/Cluster",
            f"projects/{PROJECT}/locations/europe-west1/clusters/{data['name']}",
            data,
        )

    def _container_node_pool(self, res: Res) -> None:
        config = one(
            known(res.values["node_config"][0]),
            "gcfsConfig",
            "kubeletConfig",
            "shieldedInstanceConfig",
            "workloadMetadataConfig",
        )
        config["kubeletConfig"] = {"insecureKubeletReadonlyPortEnabled": False}
        config["accelerators"] = [
            {
                "acceleratorCount": str(item["count"]),
                "acceleratorType": item["type"],
                "gpuDriverInstallationConfig": {"gpuDriverVersion": "DEFAULT"},
            }
            for item in config.pop("guestAccelerator", [])
        ]
        config["taints"] = config.pop("taint", [])
        config |= {
            "effectiveCgroupMode": "EFFECTIVE_CGROUP_MODE_V2",
            "loggingConfig": {"variantConfig": {"variant": "DEFAULT"}},
            "windowsNodeConfig": {},
        }
        name = res.values["name"]
        self.add("container.googleapis.com/NodePool", f"projects/{PROJECT}/locations/europe-west1/clusters/ml/nodePools/{name}", {
            "name": name, "config": config, "autoscaling": {"enabled": True, "totalMaxNodeCount": 20, "locationPolicy": "ANY"}, "initialNodeCount": 1,
            "management": {"autoRepair": True, "autoUpgrade": True}, "networkConfig": {"enablePrivateNodes": True, "podRange": "ml-pods", "podIpv4CidrBlock": "10.20.0.0/16", "podIpv4RangeUtilization": 0.01},
            "upgradeSettings": {"maxSurge": 1, "strategy": "SURGE"}, "maxPodsConstraint": {"maxPodsPerNode": "110"}, "podIpv4CidrSize": 24, "version": "1.33.5-gke.100",
            "status": "RUNNING", "locations": ["europe-west1-b"], "instanceGroupUrls": [f"{COMPUTE}/x"], "selfLink": "https://container.googleapis.com/v1/x", "etag": "d",
        })  # fmt: skip
        self._node(name, config["serviceAccount"])

    def _node(self, pool: str, account: str) -> None:
        name = f"gke-ml-{pool}-1a2b3c4d-x1y2"
        self._disk(name)
        self.add("compute.googleapis.com/Instance", f"projects/{PROJECT}/zones/europe-west1-b/instances/{name}", {
            "kind": "compute#instance", "id": "9", "name": name, "machineType": f"{COMPUTE}/projects/{PROJECT}/zones/europe-west1-b/machineTypes/n2-standard-8",
            "status": "RUNNING", "zone": f"{COMPUTE}/projects/{PROJECT}/zones/europe-west1-b", "canIpForward": True, "cpuPlatform": "Intel",
            "labels": {"goog-gke-node": "", "goog-k8s-cluster-name": "ml", "goog-k8s-node-pool-name": pool},
            "networkInterfaces": [{"kind": "compute#networkInterface", "name": "nic0", "network": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml", "networkIP": "10.10.0.5",
                                   "subnetwork": f"{COMPUTE}/projects/{PROJECT}/regions/europe-west1/subnetworks/ml-nodes", "fingerprint": "x", "stackType": "IPV4_ONLY",
                                   "aliasIpRanges": [{"ipCidrRange": "10.20.1.0/24", "subnetworkRangeName": "ml-pods"}]}],
            "serviceAccounts": [{"email": account, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
            "metadata": {"kind": "compute#metadata", "items": [{"key": "kube-env", "value": "x"}, {"key": "cluster-name", "value": "ml"}]},
            "tags": {"items": ["gke-ml-1a2b3c4d-node"], "fingerprint": "x"}, "disks": [{"boot": True, "source": f"{COMPUTE}/projects/{PROJECT}/zones/europe-west1-b/disks/{name}", "autoDelete": True}],
            "shieldedInstanceConfig": {"enableSecureBoot": True, "enableIntegrityMonitoring": True}, "scheduling": {"preemptible": True, "provisioningModel": "SPOT"},
        })  # fmt: skip

    def _disk(self, name: str) -> None:
        self.add("compute.googleapis.com/Disk", f"projects/{PROJECT}/zones/europe-west1-b/disks/{name}", {
            "kind": "compute#disk", "id": "3", "name": name, "sizeGb": "100", "zone": f"{COMPUTE}/projects/{PROJECT}/zones/europe-west1-b", "status": "READY",
            "sourceImage": "https://www.googleapis.com/compute/v1/projects/gke-node-images/global/images/gke-1335-cos", "sourceImageId": "4",
            "type": f"{COMPUTE}/projects/{PROJECT}/zones/europe-west1-b/diskTypes/pd-balanced", "users": [f"{COMPUTE}/projects/{PROJECT}/zones/europe-west1-b/instances/{name}"],
            "labels": {"goog-gke-node": ""}, "labelFingerprint": "x", "physicalBlockSizeBytes": "4096", "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}],
            "diskEncryptionKey": {"kmsKeyName": f"projects/{PROJECT}/locations/europe-west1/keyRings/ml/cryptoKeys/disks/cryptoKeyVersions/1"}, "enableConfidentialCompute": False,
        })  # fmt: skip

    # -- policies

    def _storage_bucket_iam_binding(self, res: Res) -> None:
        if res.values["members"]:
            self.grant(
                res.values["bucket"],
                "storage.googleapis.com/Bucket",
                res.values["role"],
                *res.values["members"],
            )

    def _project_iam_binding(self, res: Res) -> None:
        self.grant(
            f"projects/{NUMBER}",
            "cloudresourcemanager.googleapis.com/Project",
            res.values["role"],
            *res.values["members"],
        )

    def _project_iam_audit_config(self, res: Res) -> None:
        policy = self.policies.setdefault(
            f"//cloudresourcemanager.googleapis.com/projects/{NUMBER}",
            {"asset_type": "cloudresourcemanager.googleapis.com/Project", "bindings": []},
        )
        logs = [{"log_type": item["log_type"]} for item in res.values["audit_log_config"]]
        policy.setdefault("audit_configs", []).append(
            {"service": res.values["service"], "audit_log_configs": logs}
        )

    def _service_account_iam_binding(self, res: Res) -> None:
        email = str(res.values["service_account_id"]).rpartition("/")[2]
        self.grant(
            f"projects/{PROJECT}/serviceAccounts/{self._types[f'sa:{email}']}",
            "iam.googleapis.com/ServiceAccount",
            res.values["role"],
            *res.values["members"],
        )

    def _kms_crypto_key_iam_binding(self, res: Res) -> None:
        self.grant(
            str(res.values["crypto_key_id"]),
            "cloudkms.googleapis.com/CryptoKey",
            res.values["role"],
            *res.values["members"],
        )

    def _artifact_registry_repository_iam_binding(self, res: Res) -> None:
        name = (
            f"projects/{PROJECT}/locations/{res.values['location']}/repositories/{res.values['repository']}"
        )
        self.grant(
            name, "artifactregistry.googleapis.com/Repository", res.values["role"], *res.values["members"]
        )

    def _logging_log_view_iam_binding(self, res: Res) -> None:
        name = f"projects/{PROJECT}/locations/{res.values['location']}/buckets/{res.values['bucket']}/views/{res.values['name']}"
        self.grant(name, "logging.googleapis.com/LogView", res.values["role"], *res.values["members"])

    # -- an organisation's

    def _org_policy_policy(self, res: Res) -> None:
        spec = known(copy.deepcopy(dict(res.values["spec"][0])))
        for rule in spec.get("rules", []):
            if "values" in rule:
                rule["values"] = rule["values"][0]
            for flag in ("enforce", "allowAll", "denyAll"):
                if flag in rule:
                    rule[flag] = str(rule[flag]).upper() == "TRUE"
        name = res.values["name"]
        self.add(
            "orgpolicy.googleapis.com/Policy",
            name,
            {"name": name, "spec": spec | {"etag": "x", "updateTime": "2026-01-01T00:00:00Z"}},
        )

    def _iam_deny_policy(self, res: Res) -> None:
        rules = [one(rule, "denyRule", "denyRule.denialCondition") for rule in known(res.values["rules"])]
        name = f"policies/{res.values['parent']}/denypolicies/{res.values['name']}"
        self.add(
            "iam.googleapis.com/PolicyV2",
            name,
            {"name": name, "uid": "u", "kind": "DenyPolicy", "rules": rules, "etag": "x"},
        )

    def _access_context_manager_service_perimeter(self, res: Res) -> None:
        data = {
            re.sub(r"(?<=[a-z])([A-Z])", lambda m: "_" + m[1].lower(), key): value
            for key, value in copy.deepcopy(dict(res.values)).items()
        }
        self.access.append(
            {
                "name": f"//cloudresourcemanager.googleapis.com/organizations/{self.organization}",
                "asset_type": "cloudresourcemanager.googleapis.com/Organization",
                "service_perimeter": data,
            }
        )

    # -- what every project has

    def _googles(self) -> None:
        agent = f"serviceAccount:service-{NUMBER}"
        project = (f"projects/{NUMBER}", "cloudresourcemanager.googleapis.com/Project")
        for role, name in (("container.serviceAgent", "container-engine-robot"), ("compute.serviceAgent", "compute-system"),
                           ("artifactregistry.serviceAgent", "gcp-sa-artifactregistry"), ("binaryauthorization.serviceAgent", "gcp-sa-binaryauthorization"),
                           ("containeranalysis.ServiceAgent", "container-analysis"), ("monitoring.notificationServiceAgent", "gcp-sa-monitoring-notification"),
                           ("cloudkms.serviceAgent", "gcp-sa-cloudkms")):  # fmt: skip
            self.grant(*project, f"roles/{role}", f"{agent}@{name}.iam.gserviceaccount.com")
        self.add(
            "cloudresourcemanager.googleapis.com/Project",
            f"projects/{PROJECT}",
            {"projectId": PROJECT, "projectNumber": NUMBER, "lifecycleState": "ACTIVE", "name": "ML"},
        )
        for name, text in (
            ("_Required", 'LOG_ID("cloudaudit.googleapis.com/activity")'),
            ("_Default", 'NOT LOG_ID("cloudaudit.googleapis.com/activity")'),
        ):
            sink = {
                "name": name,
                "destination": f"logging.googleapis.com/projects/{PROJECT}/locations/global/buckets/{name}",
                "filter": text,
                "resourceName": f"projects/{PROJECT}/sinks/{name}",
            }
            if name == "_Default" and "exclusion" in self._types:
                sink["exclusions"] = [self._exclusion]
            self.add("logging.googleapis.com/LogSink", f"projects/{PROJECT}/sinks/{name}", sink)
            bucket = f"projects/{PROJECT}/locations/global/buckets/{name}"
            self.add(
                "logging.googleapis.com/LogBucket",
                bucket,
                {
                    "name": bucket,
                    "retentionDays": 400 if name == "_Required" else 30,
                    "lifecycleState": "ACTIVE",
                    "locked": name == "_Required",
                },
            )
        self.add("compute.googleapis.com/Route", f"projects/{PROJECT}/global/routes/default-route-r-1", {
            "kind": "compute#route", "name": "default-route-r-1", "network": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml", "destRange": "10.10.0.0/20", "priority": 0,
            "nextHopNetwork": f"{COMPUTE}/projects/{PROJECT}/global/networks/ml", "description": "Default local route to the subnetwork 10.10.0.0/20.",
        })  # fmt: skip
        self.add(
            "compute.googleapis.com/Project",
            f"projects/{PROJECT}",
            {
                "kind": "compute#project",
                "name": PROJECT,
                "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": "x"},
                "defaultServiceAccount": f"{NUMBER}-compute@developer.gserviceaccount.com",
                "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
            },
        )


def cluster(world: World) -> Iterator[Json]:
    """The objects of the tree as the API server would list them, and what every cluster has by itself."""
    for item in objects(world, *kinds(world)):
        body = copy.deepcopy(plain(item.body.values))
        body.pop("status", None)
        version = "v1" if not item.group else f"{item.group}/v1"
        body |= {
            "apiVersion": item.raw.get("apiVersion", version) if item.place else version,
            "kind": item.kind,
        }
        body["metadata"] = {**(body.get("metadata") or {})} | {
            "uid": "0b1c",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [],
        }
        yield body
    for namespace in ("default", "kube-system", "kube-public", "kube-node-lease"):
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"kubernetes.io/metadata.name": namespace}},
        }
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": namespace},
        }
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
        }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": "10.24.0.1", "ports": [{"port": 443}], "type": "ClusterIP"},
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:masters"}],
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "anetd", "namespace": "kube-system"},
        "spec": {
            "template": {
                "spec": {
                    "hostNetwork": True,
                    "containers": [
                        {
                            "name": "cilium",
                            "image": "europe-west1-artifactregistry.gcr.io/gke-release/gke-release/cilium:v1",
                            "securityContext": {"privileged": True},
                        }
                    ],
                }
            }
        },
    }
    rbac = "rbac.authorization.k8s.io/v1"
    own = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    for name, rules in (
        ("system:discovery", [{"nonResourceURLs": ["/api", "/api/*", "/version"], "verbs": ["get"]}]),
        (
            "system:basic-user",
            [
                {
                    "apiGroups": ["authorization.k8s.io"],
                    "resources": ["selfsubjectaccessreviews"],
                    "verbs": ["create"],
                }
            ],
        ),
    ):
        yield {
            "apiVersion": rbac,
            "kind": "ClusterRole",
            "metadata": {"name": name, "labels": own},
            "rules": rules,
        }
        yield {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name, "labels": own},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [
                {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"}
            ],
        }
    yield from _run()


def _run() -> Iterator[Json]:
    """A run that a team has submitted, and the pod its Job made."""
    declared = load(ROOT)
    place = Place(declared, declared.teams["fakespot"])
    job = run_manifest(
        Pinned(
            place,
            Job.model_validate(
                {"name": "small", "run": ["true"], "code": "src", "resources": {"cpu": 2, "memory": "4Gi"}}
            ),
            "{}",
        ),
        "20261130-084011-0123abcd",
    )
    job["metadata"] |= {
        "name": job["metadata"].get("name", "small-x1y2z"),
        "namespace": "team-fakespot",
        "uid": "run-1",
    }
    yield job
    template = copy.deepcopy(job["spec"]["template"])
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": "run-1",
        "controller": True,
    }
    metadata = {
        **template.get("metadata", {}),
        "name": "small-x1y2z-0-abcde",
        "namespace": "team-fakespot",
        "uid": "pod-1",
        "ownerReferences": [owner],
    }
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template["spec"] | {"nodeName": "gke-ml-cpu-1a2b3c4d-x1y2"},
        "status": {"phase": "Running"},
    }


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items() if not isinstance(inner, Unknown)}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
