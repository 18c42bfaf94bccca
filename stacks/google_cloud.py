"""Facts of Google Cloud that no declaration holds: fixed addresses, and the names of its service agents."""

from __future__ import annotations

from dataclasses import dataclass

# cloud.google.com/vpc-service-controls/docs/set-up-private-connectivity: restricted.googleapis.com
RESTRICTED_VIP = "199.36.153.4/30"
RESTRICTED_VIP_ADDRESSES = ("199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7")
# The same page's private.googleapis.com: one of its addresses, which serve every API, the perimeter's or not.
PRIVATE_VIP = "199.36.153.8"
# Metadata server, and the resolver of Cloud DNS, on every node and in every pod.
METADATA = "169.254.169.254"
METADATA_NAME = "metadata.google.internal."

ANYWHERE_V4 = "0.0.0.0/0"
ANYWHERE_V6 = "::/0"

# Domains under which Google serves the APIs, registries and cluster endpoints that the platform uses.
GOOGLE_DOMAINS = ("googleapis.com", "gcr.io", "pkg.dev", "gke.goog", "pki.goog", "run.app")


@dataclass(frozen=True)
class ServiceAgent:
    """The account by which a service acts in a project, and the API it comes with.

    `primary` agents are those that Service Usage makes and names on request; the others come with the API's first
    use (cloud.google.com/iam/docs/service-agents).
    """

    api: str
    account: str
    primary: bool

    def email(self, project_number: str) -> str:
        """Its address, which follows from the project's number."""
        return f"service-{project_number}@{self.account}.iam.gserviceaccount.com"

    def member(self, project_number: str) -> str:
        """Its address as an IAM member."""
        return f"serviceAccount:{self.email(project_number)}"


# What each key encrypts, and who uses it. The agents exist before the first deploy: `make bootstrap` makes them.
AGENT_OF_PURPOSE = {
    "storage": ServiceAgent("storage", "gs-project-accounts", primary=False),
    "cluster": ServiceAgent("container", "container-engine-robot", primary=True),
    "disks": ServiceAgent("compute", "compute-system", primary=False),
    "registry": ServiceAgent("artifactregistry", "gcp-sa-artifactregistry", primary=True),
    "logging": ServiceAgent("logging", "gcp-sa-logging", primary=False),
}
