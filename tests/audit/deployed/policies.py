"""IAM policies by resource, from bindings by role."""

from __future__ import annotations

from policies.facts.resource import Res
from tests.audit.deployed.answers import Answering
from tests.audit.deployed.words import NUMBER, PROJECT


class Policies(Answering):
    """IAM policies by resource, from bindings by role."""

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
