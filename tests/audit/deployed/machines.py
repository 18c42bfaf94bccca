"""The cluster, its nodes, and what GKE and Compute Engine make for them."""

from __future__ import annotations

from policies.facts.resource import Res
from tests.audit.deployed.answers import Answering
from tests.audit.deployed.words import COMPUTE, NUMBER, PROJECT, data_of, known, one


class Machines(Answering):
    """The cluster, its nodes, and what GKE and Compute Engine make for them."""

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

    def _compute_engines(self) -> None:
        """What GKE, Compute Engine and Cloud DNS make by themselves."""
        network = f"{COMPUTE}/projects/{PROJECT}/global/networks/ml"
        for name, more in (
            (
                "all",
                {
                    "direction": "INGRESS",
                    "sourceRanges": ["10.20.0.0/16"],
                    "allowed": [
                        {"IPProtocol": protocol} for protocol in ("tcp", "udp", "icmp", "esp", "ah", "sctp")
                    ],
                },
            ),
            (
                "master",
                {
                    "direction": "INGRESS",
                    "sourceRanges": ["172.16.0.0/28"],
                    "allowed": [{"IPProtocol": "tcp", "ports": ["10250", "443"]}],
                },
            ),
            (
                "vms",
                {
                    "direction": "INGRESS",
                    "sourceRanges": ["10.10.0.0/20"],
                    "allowed": [{"IPProtocol": "icmp"}, {"IPProtocol": "tcp", "ports": ["1-65535"]}],
                },
            ),
            (
                "exkubelet",
                {
                    "direction": "INGRESS",
                    "sourceRanges": ["0.0.0.0/0"],
                    "denied": [{"IPProtocol": "tcp", "ports": ["10255"]}],
                },
            ),
        ):
            self.add("compute.googleapis.com/Firewall", f"projects/{PROJECT}/global/firewalls/gke-ml-1a2b3c4d-{name}", {
                "kind": "compute#firewall", "id": "1", "name": f"gke-ml-1a2b3c4d-{name}", "network": network, "priority": 1000, "disabled": False,
                "targetTags": ["gke-ml-1a2b3c4d-node"], "logConfig": {"enable": False}, "creationTimestamp": "x", **more,
            })  # fmt: skip
        for pool in ("system", "cpu", "l4"):
            self.add("compute.googleapis.com/InstanceTemplate", f"projects/{PROJECT}/regions/europe-west1/instanceTemplates/gke-ml-{pool}-1a2b3c4d", {
                "kind": "compute#instanceTemplate", "name": f"gke-ml-{pool}-1a2b3c4d", "properties": {
                    "machineType": "n2-standard-8", "canIpForward": True, "labels": {"goog-gke-node": ""}, "tags": {"items": ["gke-ml-1a2b3c4d-node"]},
                    "networkInterfaces": [{"name": "nic0", "network": network, "subnetwork": f"{COMPUTE}/projects/{PROJECT}/regions/europe-west1/subnetworks/ml-nodes"}],
                    "disks": [{"boot": True, "autoDelete": True, "type": "PERSISTENT", "initializeParams": {"sourceImage": "projects/gke-node-images/global/images/x"}}],
                    "metadata": {"items": [{"key": "kube-env", "value": "x"}]}, "scheduling": {"provisioningModel": "SPOT"},
                    "serviceAccounts": [{"email": f"node-{pool}@{PROJECT}.iam.gserviceaccount.com", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
                    "shieldedInstanceConfig": {"enableSecureBoot": True},
                },
            })  # fmt: skip
            self.add(
                "compute.googleapis.com/InstanceGroupManager",
                f"projects/{PROJECT}/zones/europe-west1-b/instanceGroupManagers/gke-ml-{pool}",
                {"name": f"gke-ml-{pool}", "targetSize": 1},
            )
        self.add("dns.googleapis.com/ManagedZone", f"projects/{PROJECT}/managedZones/gke-ml-1a2b3c4d-dns", {
            "kind": "dns#managedZone", "name": "gke-ml-1a2b3c4d-dns", "dnsName": "cluster.local.", "visibility": "private", "nameServers": ["ns-gcp-private.googledomains.com."],
            "privateVisibilityConfig": {"kind": "x", "gkeClusters": [{"kind": "x", "gkeClusterName": f"projects/{PROJECT}/locations/europe-west1/clusters/ml"}]},
        })  # fmt: skip
        email = f"{NUMBER}-compute@developer.gserviceaccount.com"
        self.add(
            "iam.googleapis.com/ServiceAccount",
            f"projects/{PROJECT}/serviceAccounts/117",
            {
                "email": email,
                "name": f"projects/{PROJECT}/serviceAccounts/{email}",
                "uniqueId": "117",
                "displayName": "Compute Engine default service account",
            },
        )
        self.add(
            "compute.googleapis.com/InstanceSettings",
            f"projects/{PROJECT}/zones/europe-west1-b/instanceSettings",
            {"kind": "compute#instanceSettings", "zone": f"{COMPUTE}/x", "fingerprint": "x", "metadata": {}},
        )
        self.add(
            "cloudkms.googleapis.com/EkmConfig",
            f"projects/{PROJECT}/locations/europe-west1/ekmConfig",
            {"name": "x"},
        )
