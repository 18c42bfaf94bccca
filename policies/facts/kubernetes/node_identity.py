"""What nodes are in the eyes of Google: their service accounts, and whether pods can take their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.grants import Grant, grants, normal_member
from policies.facts.kubernetes.clusters import Pool, pools
from policies.facts.principals import standing
from policies.facts.world import World, fact

# Permissions that return or replace bytes of a team's data: what a node must not have.
DATA = (
    "storage.objects.get", "storage.objects.create", "storage.objects.list", "bigquery.tables.getData",
    "bigquery.tables.updateData", "bigquery.jobs.create", "secretmanager.versions.access", "pubsub.topics.publish",
    "pubsub.subscriptions.consume", "spanner.databases.read", "bigtable.tables.readRows", "datastore.entities.get",
    "compute.disks.useReadOnly", "compute.snapshots.useReadOnly", "compute.instances.create",
    "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.actAs",
    "resourcemanager.projects.setIamPolicy", "cloudsql.instances.export", "logging.logEntries.list",
    "container.secrets.get", "container.pods.exec", "artifactregistry.repositories.uploadArtifacts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mode:
    """How pods of a pool see the metadata server. ``hidden``: GKE's own server answers, with pods' identities."""

    hidden: bool | Unknown
    stated: bool
    address: str
    attribute: str


def metadata_mode(pool: Pool) -> Mode:
    """The mode of a pool. GKE's own server needs a cluster with a workload pool; unset, GKE takes it only there."""
    value, address, attribute = pool.first((pool.config, "workload_metadata_config.mode"))
    if isinstance(value, Unknown):
        return Mode(value, True, address, attribute)
    identity = pool.cluster.identity_pool if pool.cluster is not None else None
    if value is None:
        return Mode(identity is not None, False, address, attribute)
    if pool.cluster is not None and identity is None:
        return Mode(False, True, pool.cluster.res.address, "workload_identity_config")
    return Mode(value == "GKE_METADATA", True, address, attribute)


@dataclass(frozen=True, slots=True)
class Account:
    """The service account of a pool's nodes. ``kind``: own, default (the project's default compute account), foreign
    or unknown."""

    kind: Literal["own", "default", "foreign", "unknown"]
    member: str | Unknown
    address: str
    attribute: str


def account(world: World, pool: Pool) -> Account:
    """The account of a pool; absent, the default compute account."""
    value, address, attribute = pool.first((pool.config, "service_account"))
    default = f"serviceAccount:{world.boundary.project_number}-compute@developer.gserviceaccount.com"
    if value is None or value == "default":
        return Account("default", default, address, attribute)
    member: Any = value if isinstance(value, Unknown) else f"serviceAccount:{value}"
    who = standing(world, member)
    name = normal_member(world, member)
    if who.kind == "unknown":
        return Account("unknown", name, address, attribute)
    if name == default:
        return Account("default", name, address, attribute)
    return Account("own" if who.kind in ("own", "declared", "team") else "foreign", name, address, attribute)


@fact
def _accounts(world: World) -> frozenset[str]:
    found = (account(world, pool).member for pool in pools(world))
    return frozenset(member for member in found if isinstance(member, str))


@fact
def data_grants(world: World) -> tuple[Grant, ...]:
    """Grants of data permissions to the accounts of nodes. What lets nodes pull images is none."""
    names = _accounts(world)
    return tuple(
        grant
        for grant in grants(world)
        if isinstance(grant.member, str) and grant.member in names and grant.permits(*DATA)
        and grant.kind != "google_artifact_registry_repository"
    )  # fmt: skip
