"""Where a thing named by an attribute lies: created in the snapshot, in the own project, or with somebody else.

Most names carry their project and can only be the own project's or another's. Bucket names are global: a bucket that
no resource of the snapshot creates may be anybody's, whatever it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from policies.expressions.values import Unknown
from policies.facts.naming import find, short
from policies.facts.resource import Res
from policies.facts.world import World

Where = Literal["created", "own", "unseen", "foreign", "unknown"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name leads.

    - created: a resource of the snapshot in the own project (``res``)
    - own: the own project's, governed by the project's IAM and network alone
    - unseen: in the own project, but it has readers of its own and nothing in the snapshot creates it
    - foreign: another project's, or a global name that anybody may hold
    - unknown: the name is not known before it is applied

    ``name`` is what it is called and ``why`` the rest of a sentence about it: "which lies in project other".
    """

    where: Where
    name: str
    why: str = ""
    res: Res | None = None

    @property
    def inside(self) -> bool:
        return self.where in ("created", "own")

    @property
    def failing(self) -> Literal["open", "undecided"]:
        """The status of a channel that sends data here, when it is not inside."""
        return "open" if self.where == "foreign" else "undecided"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing. ``types``: the resources that create it; ``collection``: the segment before its name in a full
    name; ``world_wide``: names are not scoped to a project; ``unseen``: what cannot be judged of one in the own
    project that the snapshot does not create (empty: nothing, the project's own controls decide)."""

    noun: str
    types: tuple[str, ...]
    collection: str
    world_wide: bool = False
    unseen: str = "who else reads it"

    @property
    def one(self) -> str:
        """With its article: "an image"."""
        return f"{'an' if self.noun[0] in 'aeioA' else 'a'} {self.noun}"


_FIREWALL = "what its firewall lets out"

KINDS = {
    "bucket": Kind("bucket", ("google_storage_bucket",), "buckets", world_wide=True),
    "topic": Kind("topic", ("google_pubsub_topic",), "topics"),
    "subscription": Kind("subscription", ("google_pubsub_subscription",), "subscriptions"),
    "dataset": Kind("dataset", ("google_bigquery_dataset",), "datasets"),
    "log bucket": Kind("log bucket", ("google_logging_project_bucket_config",), "buckets", unseen=""),
    "key": Kind(
        "key", ("google_kms_crypto_key", "google_kms_crypto_key_version"), "cryptoKeys", unseen=""
    ),
    "key ring": Kind("key ring", ("google_kms_key_ring",), "keyRings", unseen=""),
    "network": Kind("network", ("google_compute_network",), "networks", unseen=_FIREWALL),
    "subnetwork": Kind("subnetwork", ("google_compute_subnetwork",), "subnetworks", unseen=_FIREWALL),
    "connector": Kind("connector", ("google_vpc_access_connector",), "connectors", unseen=_FIREWALL),
    "attachment": Kind("network attachment", ("google_compute_network_attachment",), "networkAttachments",
                       unseen=_FIREWALL),
    "disk": Kind("disk", ("google_compute_disk", "google_compute_region_disk"), "disks"),
    "snapshot": Kind("snapshot", ("google_compute_snapshot", "google_compute_instant_snapshot",
                                  "google_compute_region_instant_snapshot"), "snapshots"),
    "image": Kind("image", ("google_compute_image",), "images"),
    "machine image": Kind("machine image", ("google_compute_machine_image",), "machineImages"),
    "template": Kind("instance template", ("google_compute_instance_template",
                                           "google_compute_region_instance_template"), "instanceTemplates"),
    "vault": Kind("backup vault", ("google_backup_dr_backup_vault", "google_netapp_backup_vault"), "backupVaults",
                  unseen=""),
    "plan": Kind("backup plan", ("google_backup_dr_backup_plan",), "backupPlans", unseen=""),
    "pool": Kind("storage pool", ("google_netapp_storage_pool",), "storagePools", unseen=""),
    "filestore": Kind("Filestore instance", ("google_filestore_instance",), "instances", unseen=""),
    "sql": Kind("Cloud SQL instance", ("google_sql_database_instance",), "instances", unseen=""),
    "alloydb": Kind("AlloyDB cluster", ("google_alloydb_cluster",), "clusters", unseen=""),
    "spanner": Kind("Spanner database", ("google_spanner_database",), "databases"),
    "bigtable": Kind("Bigtable table", ("google_bigtable_table",), "tables"),
    "note": Kind("note", ("google_container_analysis_note",), "notes"),
    "attestor": Kind("attestor", ("google_binary_authorization_attestor",), "attestors", unseen=""),
    "repository": Kind("repository", ("google_artifact_registry_repository",), "repositories"),
    "registry": Kind("registry", (), "", unseen=""),
    "service": Kind("Cloud Run service", ("google_cloud_run_v2_service", "google_cloud_run_service"), "services"),
    "function": Kind("function", ("google_cloudfunctions2_function", "google_cloudfunctions_function"), "functions"),
    "workflow": Kind("workflow", ("google_workflows_workflow",), "workflows"),
    "message bus": Kind("message bus", ("google_eventarc_message_bus",), "messageBuses"),
    "pipeline": Kind("pipeline", ("google_eventarc_pipeline",), "pipelines", unseen=""),
    "channel": Kind("notification channel", ("google_monitoring_notification_channel",), "notificationChannels"),
    "worker pool": Kind("worker pool", ("google_cloudbuild_worker_pool",), "workerPools", unseen=""),
    "secret": Kind("secret", ("google_secret_manager_secret", "google_secret_manager_regional_secret"), "secrets"),
    "project": Kind("project", ("google_project",), "projects", unseen=""),
    "resource": Kind("resource", (), "", unseen=""),
}  # fmt: skip

# Whose project decides for things that do not name one.
_PARENTS = {"google_kms_crypto_key": "key_ring", "google_kms_crypto_key_version": "crypto_key"}

_SERVICE_HOST = re.compile(r"^(?:https?:)?(?://)?[a-z0-9.-]+\.googleapis\.com/|^(?:gs|bq|s3)://")
_API_PATH = re.compile(r"^(?:[a-z]+/)?v\d[a-z0-9]*/")
_FULL = re.compile(r"(?:^|/)projects/([^/]+)(?:/(.*))?$", re.DOTALL)
_REGISTRY = re.compile(r"^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)/([^/]+)(?:/|$)")
_BUCKET = re.compile(
    r"^(?:projects/_/buckets/|storage/v1/b/|b/|buckets/)?([a-z0-9][a-z0-9._-]*)(?:/.*)?$", re.DOTALL
)


def place(world: World, value: Any, kind: str, beside: Res | None = None) -> Place:
    """Where ``value`` leads when it is read as a name, full name, URL form or reference of ``kind`` (a key of ``KINDS``).

    ``beside`` is the resource that names it: things of one name are told apart by its location.
    """
    if isinstance(value, Unknown):
        return _unknown(world, value, kind)
    text = str(value).strip()
    if kind == "bucket":
        return _bucket(world, text)
    if kind == "project":
        return _project(world, text.removeprefix("projects/"), text)
    if kind == "registry":
        return _registry(world, text)
    project, name = _split(text, kind)
    if project is None and beside is not None and world.owns_project(beside.project) is False:
        project = str(beside.project)  # a short name is read in the project of the resource that has it
    if project is not None and not world.owns_project(project):
        return Place(
            "foreign", _called(kind, text), f"which lies in project {project}, not in {world.project}"
        )
    return _created(world, name, kind, text, beside) or _uncreated(world, kind, text)


def _split(text: str, kind: str) -> tuple[str | None, str]:
    """(project or None, name) of a literal."""
    full = _FULL.search(_SERVICE_HOST.sub("", text))
    if full:
        rest = full[2] or ""
        collection = KINDS[kind].collection
        named = re.search(rf"(?:^|/){collection}/([^/]+)", rest) if collection else None
        return full[1], named[1] if named else short(rest)
    if kind == "dataset":
        return _dotted(text)
    # The short form of Compute Engine images, ``project/image`` and ``project/family``.
    head, slash, tail = text.rpartition("/")
    if kind == "image" and slash and head not in ("global/images", "family", "global/images/family"):
        return head.split("/")[0], tail
    return None, short(text)


def _dotted(text: str) -> tuple[str | None, str]:
    """``project.dataset[.table]``, ``project:dataset[.table]``, ``dataset.table``, ``dataset``."""
    name = text.removeprefix("bq://")
    if ":" in name.split(".")[0]:
        project, _, rest = name.partition(":")
        return project, rest.split(".")[0]
    parts = name.split(".")
    # Of two parts the first is the dataset, whose name holds no hyphen, unless it can only be a project.
    if len(parts) == 3 or (
        len(parts) == 2 and ("-" in parts[0] or parts[0].isdigit() or text.startswith("bq://"))
    ):
        return parts[0], parts[1]
    return None, parts[0]


def _bucket(world: World, text: str) -> Place:
    path = (
        _API_PATH.sub("", _SERVICE_HOST.sub("", text))
        if "googleapis.com" in text
        else _SERVICE_HOST.sub("", text)
    )
    found = _BUCKET.match(path)
    name = found[1] if found else path
    for res in filter(None, [find(world, "google_storage_bucket", name)]):
        if world.owns_project(res.project) is False:
            return Place("foreign", f"bucket {name}", f"which lies in project {res.project}", res)
        return Place("created", f"bucket {name}", "", res)
    return Place(
        "foreign", f"bucket {name}",
        "which no resource of the snapshot creates (bucket names are global, anybody may hold this one)",
    )  # fmt: skip


def _project(world: World, project: str, text: str) -> Place:
    if world.owns_project(project):
        return Place("own", f"project {project}")
    return Place("foreign", f"project {text}", f"which is not {world.project}")


def _registry(world: World, image: str) -> Place:
    """An image reference: ``LOCATION-docker.pkg.dev/PROJECT/...``, ``gcr.io/PROJECT/...``, or another registry's."""
    found = _REGISTRY.match(image.removeprefix("https://"))
    if found and world.owns_project(found[1]):
        return Place("own", f"image {image}")
    owner = f"project {found[1]}" if found else "a registry outside Google Cloud's projects"
    return Place("foreign", f"image {image}", f"which lies in {owner}, not in {world.project}")


def _created(world: World, name: str, kind: str, text: str, beside: Res | None) -> Place | None:
    for type_ in KINDS[kind].types:
        res = find(world, type_, name, beside)
        if res is not None:
            return _of(world, res, _called(kind, text))
    return None


def _uncreated(world: World, kind: str, text: str) -> Place:
    if KINDS[kind].unseen:
        return Place(
            "unseen", _called(kind, text),
            f"which nothing in the snapshot creates, so {KINDS[kind].unseen} cannot be seen",
        )  # fmt: skip
    return Place("own", _called(kind, text))


def _of(world: World, res: Res, name: str) -> Place:
    """The place a resource of the snapshot is."""
    parent = _PARENTS.get(res.type)
    if parent and res.get(parent) is not None:
        above = place(world, res.get(parent), "key ring" if parent == "key_ring" else "key", res)
        if not above.inside:
            return replace(above, name=name, res=res)
    owned = world.owns_project(res.project)
    if owned is None:
        return Place("unknown", name, "whose project is not known before it is applied", res)
    if not owned:
        return Place("foreign", name, f"which lies in project {res.project}, not in {world.project}", res)
    return Place("created" if res.mode == "managed" else "own", name, "", res)


def _unknown(world: World, value: Unknown, kind: str) -> Place:
    noun, one = KINDS[kind].noun, KINDS[kind].one
    whole = value.exact or (kind == "bucket" and value.suffix.startswith("/"))
    named = replace(value, prefix="", exact=True, suffix="")
    res = world.referred(named) if whole and not _SERVICE_HOST.sub("", value.prefix) else None
    if res is not None and _fits(res, kind):
        found = _of(world, res, f"{noun} {res.subject}")
        if found.where == "own" and KINDS[kind].world_wide:
            return Place(
                "foreign",
                found.name,
                "which a data source only looks up: no resource of the snapshot creates it",
            )
        return found
    head = _FULL.search(_SERVICE_HOST.sub("", value.prefix))
    if head and head[2] is not None and head[1] != "_":
        if not world.owns_project(head[1]):
            return Place("foreign", one, f"which lies in project {head[1]}, not in {world.project}")
        if not KINDS[kind].unseen:
            return Place("own", f"{one} of the project")
    return Place("unknown", one, f"whose name is not known before it is applied ({value.reason})")


def _fits(res: Res, kind: str) -> bool:
    return not KINDS[kind].types or res.type in KINDS[kind].types


def _called(kind: str, text: str) -> str:
    name = _SERVICE_HOST.sub("", text)
    return name if kind == "resource" else f"{KINDS[kind].noun} {name}"
