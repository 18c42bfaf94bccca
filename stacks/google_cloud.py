"""Facts of Google Cloud that no declaration holds: fixed addresses, and the names of its service agents."""

from __future__ import annotations

# cloud.google.com/vpc-service-controls/docs/set-up-private-connectivity: restricted.googleapis.com
RESTRICTED_VIP = "199.36.153.4/30"
RESTRICTED_VIP_ADDRESSES = ("199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7")
# Metadata server, and the resolver of Cloud DNS, on every node and in every pod.
METADATA = "169.254.169.254"
METADATA_NAME = "metadata.google.internal."

ANYWHERE_V4 = "0.0.0.0/0"
ANYWHERE_V6 = "::/0"

# Domains under which Google serves the APIs, registries and cluster endpoints that the platform uses.
GOOGLE_DOMAINS = ("googleapis.com", "gcr.io", "pkg.dev", "gke.goog", "pki.goog", "run.app")


def service_agent(service: str, project_number: str) -> str:
    """The IAM member of the project's own service agent, e.g. of `container-engine-robot`.

    Cloud Storage's is the one that does not begin with `gcp-sa-` or stand alone: `gs-project-accounts`.
    """
    return f"serviceAccount:service-{project_number}@{service}.iam.gserviceaccount.com"
