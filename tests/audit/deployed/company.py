"""The whole company."""

from __future__ import annotations

from tests.audit.deployed.machines import Machines
from tests.audit.deployed.network import Networks
from tests.audit.deployed.organization import Above
from tests.audit.deployed.policies import Policies
from tests.audit.deployed.services import Services
from tests.audit.deployed.words import COMPUTE, NUMBER, PROJECT


class Company(Networks, Machines, Services, Above, Policies):
    """The example as deployed."""

    def googles(self) -> None:
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
        self._compute_engines()
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
