"""Addresses of the service accounts Google makes in every project.

Source: cloud.google.com/iam/docs/service-agents, and the documentation of ``google_project_service_identity``.
"""

from __future__ import annotations

# Where the agent's domain is not made of the service's name.
_DOMAINS = {
    "aiplatform": "gcp-sa-aiplatform", "bigquery": "gcp-sa-bigquery",
    "cloudbuild": "gcp-sa-cloudbuild", "cloudfunctions": "gcf-admin-robot", "composer": "cloudcomposer-accounts",
    "compute": "compute-system", "container": "container-engine-robot", "containerregistry": "containerregistry",
    "dataflow": "dataflow-service-producer-prod", "dataproc": "dataproc-accounts", "file": "cloud-filer",
    "iap": "gcp-sa-iap", "ml": "cloud-ml", "run": "serverless-robot-prod", "sqladmin": "gcp-sa-cloud-sql",
    "storage": "gs-project-accounts", "tpu": "cloud-tpu", "cloudkms": "gcp-sa-cloudkms",
}  # fmt: skip


def agent_of(service: object, number: str) -> str | None:
    """The agent of a service (``pubsub.googleapis.com``) in the project of this number."""
    if not isinstance(service, str) or not service.endswith(".googleapis.com"):
        return None
    name = service.removesuffix(".googleapis.com")
    domain = _DOMAINS.get(name, f"gcp-sa-{name}")
    return f"service-{number}@{domain if '.' in domain else domain + '.iam'}.gserviceaccount.com"


def default_account(type_: str, number: str, project: object) -> str | None:
    """The account a data source of this type answers with."""
    return {
        "google_storage_project_service_account": f"service-{number}@gs-project-accounts.iam.gserviceaccount.com",
        "google_storage_transfer_project_service_account": f"project-{number}@storage-transfer-service.iam.gserviceaccount.com",
        "google_bigquery_default_service_account": f"bq-{number}@bigquery-encryption.iam.gserviceaccount.com",
        "google_compute_default_service_account": f"{number}-compute@developer.gserviceaccount.com",
        "google_app_engine_default_service_account": f"{project}@appspot.gserviceaccount.com",
    }.get(type_)
