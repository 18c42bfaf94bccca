"""What the cluster's own agents copy elsewhere: logs, metrics, usage, notices and backups (K8S-19, K8S-20)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels.evidence import Control, Evidence, Residual, Step
from policies.channels.k8s.wording import leak
from policies.channels.outward import granted, landed
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.destinations import place
from policies.facts.kubernetes.clusters import Cluster, clusters
from policies.facts.kubernetes.seal.log_limit import log_limit
from policies.facts.mediation import mediation
from policies.facts.world import World

_LOG_LIMIT = (
    "the runner's limit of bytes per run (CLOISTER_LOG_LIMIT), people who read no logs, or a perimeter"
)


@channel("K8S-19")
def agents_ship_to_the_own_project(world: World) -> Iterator[Evidence]:
    """Usage and notices go to places of the snapshot; what workloads print is as far as LOG's channels let it go."""
    for cluster in clusters(world):
        res = cluster.res
        for path, kind, says in (
            ("resource_usage_export_config.bigquery_destination.dataset_id", "dataset", "Cluster {} writes what each namespace uses to"),
            ("notification_config.pubsub.topic", "topic", "Cluster {} sends its notices to"),
        ):  # fmt: skip
            value = res.get(path)
            if value is not None and value != "":
                yield landed(res, path, place(world, value, kind, res), says, kind)
        yield from _printed(world, cluster)


def _printed(world: World, cluster: Cluster) -> Iterator[Evidence]:
    res, name = cluster.res, cluster.subject
    components = res.get("logging_config.enable_components")
    on = (
        not isinstance(components, list | tuple)
        or "WORKLOADS" in components
        or any(isinstance(item, Unknown) for item in components)
    )
    if on and res.get("logging_service", "logging.googleapis.com/kubernetes") != "none":
        most = log_limit(world) if mediation(world).holds else None
        held = "" if most is None else f", at most {most} bytes a run"
        text = f"what pods of cluster {name} print reaches the log buckets of their teams, without any network of theirs{held}"
        yield Residual(text, _LOG_LIMIT)
    else:
        yield Control(res.address, "logging_config.enable_components")
    for path, what in (
        ("monitoring_config.managed_prometheus.enabled", "metrics that pods name"),
        ("monitoring_config.advanced_datapath_observability_config.enable_relay", "flows of pods"),
        ("managed_opentelemetry_config.scope", "traces and metrics that pods send"),
    ):
        value = res.get(path)
        if (
            value is not None
            and value is not False
            and str(value).lower() not in ("false", "none", "scope_unspecified")
        ):
            text = f"{what} of cluster {name} reach the project's own monitoring"
            yield Residual(text, "people who read no metrics, or a perimeter")


@channel("K8S-20")
def backups_stay_in_the_project(world: World) -> Iterator[Evidence]:
    """Backup and restore channels lead to the own project only, and backups hold no secrets and no volumes."""
    for type_, path, says in (
        ("google_gke_backup_backup_channel", "destination_project", "Backup channel {} copies every backup of the cluster, volumes and secrets among them, to"),
        ("google_gke_backup_restore_channel", "destination_project", "Restore channel {} lets backups of the project be restored in"),
    ):  # fmt: skip
        for res in world.of(type_):
            yield landed(res, path, place(world, res.get(path), "project"), says, "project")
    for res in world.of("google_gke_backup_backup_plan"):
        for path, what in (
            ("backup_config.include_secrets", "secrets"),
            ("backup_config.include_volume_data", "volumes"),
        ):
            value = res.get(path, False)
            if isinstance(value, Unknown):
                yield leak(
                    "undecided",
                    res.subject,
                    f"Whether backup plan {res.subject} copies {what} is not known: {value.reason}",
                    address=res.address,
                    attribute=path,
                )
            elif str(value).lower() == "true":
                sentence = f"Backup plan {res.subject} copies the {what} of every namespace out of the cluster; only that no channel leads to another project keeps the copies in"
                yield leak("weakened", res.subject, sentence, (), f"set {path} = false", res.address, path)
        yield from _other_cluster(
            world, res.subject, res.get("cluster"), res.address, "Backup plan {} copies the objects of"
        )
    for res in world.of("google_gke_backup_restore_plan"):
        yield from _other_cluster(
            world,
            res.subject,
            res.get("cluster"),
            res.address,
            "Restore plan {} puts backups of the project into",
        )
    yield from granted(
        world, ("google_gke_backup_backup_plan", "google_gke_backup_restore_plan"), "can copy or restore backups of",
        ("gkebackup.backups.get", "gkebackup.restores.create") if world.of("google_gke_backup_backup_plan") else (),
    )  # fmt: skip
    if not world.of("google_gke_backup_backup_channel"):
        for cluster in clusters(world):
            yield Control(cluster.res.address, "addons_config.gke_backup_agent_config")


def _other_cluster(world: World, name: str, value: object, address: str, says: str) -> Iterator[Evidence]:
    """A plan about a cluster of another project."""
    found = value if isinstance(value, str) else ""
    project = found.partition("projects/")[2].partition("/")[0]
    if project and not world.owns_project(project):
        sentence = f"{says.format(name)} a cluster of project {project}"
        step = Step(name, f"project {project}", "`cluster` names it", address, "cluster")
        yield leak("open", name, sentence, (step,), "name a cluster of the project", address, "cluster")
