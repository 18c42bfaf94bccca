"""Buckets, accounts, keys, logs, images: one inverse per type."""

from __future__ import annotations

from policies.facts.resource import Res
from tests.audit.deployed.answers import Answering
from tests.audit.deployed.words import NUMBER, PROJECT, data_of, known, one


class Services(Answering):
    """Buckets, accounts, keys, logs, images: one inverse per type."""

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
